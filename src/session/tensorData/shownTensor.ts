import type { NumericArray, NumericDType } from '../../base/dtype.ts';
import type { QuantParams } from '../../base/quantParams.ts';
import { channelsOf } from '../../quant/channels.ts';
import type { CodeArray } from '../tensorPair.ts';

/** A tensor and what stands for it in the quantized model, all in C order of `dims`. */
export interface ShownTensor {
  readonly dtype: NumericDType;
  readonly dims: readonly number[];
  readonly float: NumericArray;
  /** Undefined where nothing stands for it. */
  readonly dequantized: Float32Array | undefined;
  readonly codes: CodeArray | undefined;
  /** Of `codes`. */
  readonly params: QuantParams | undefined;
}

/** Both sides, where there are two; what stands for a tensor stands for float32. */
export function sidesOf({ float, dequantized }: ShownTensor): readonly [Float32Array, Float32Array] | undefined {
  return dequantized !== undefined && float instanceof Float32Array ? [float, dequantized] : undefined;
}

/** The scales of a tensor's codes: element `i` has `scale[channelOf(i)]`. Undefined without codes, or behind a table. */
export interface Scales {
  readonly scale: Float32Array;
  readonly channelOf: (place: number) => number;
}

export function scalesOf({ dims, codes, params }: ShownTensor): Scales | undefined {
  if (codes === undefined || params === undefined || params.table !== undefined) return undefined;
  const { count, inner } = channelsOf(dims, params.scheme.granularity);
  const { scale } = params;
  return { scale, channelOf: count === 1 ? () => 0 : (place) => Math.floor(place / inner) % count };
}

/** Whether float32 holds every element of the type. */
export function fitsFloat32(x: NumericArray): boolean {
  return x instanceof Float32Array || x.BYTES_PER_ELEMENT <= 2;
}

/** How far a number is from the one it stands for: 0 for the same one, NaN and infinities included; Infinity for NaN. */
export function distance(float: number, dequantized: number): number {
  if (Object.is(float, dequantized) || float === dequantized) return 0;
  const d = Math.abs(dequantized - float);
  return Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
}

/** Dequantized minus float; 0 for the same infinity or NaN twice. */
export function difference(float: number, dequantized: number): number {
  return Object.is(float, dequantized) ? 0 : dequantized - float;
}
