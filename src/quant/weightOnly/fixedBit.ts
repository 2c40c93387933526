import type { Location } from '../../base/diagnostics.ts';
import type { Granularity, QuantizedTensor, QuantParams, QuantScheme } from '../../base/quantParams.ts';
import { clamp, roundHalfAway } from '../../base/round.ts';
import { type Tensor, tensor } from '../../base/tensor.ts';
import { type Channels, channelsOf, forRuns } from '../channels.ts';
import { collectParams, mindsporeParams } from '../qparams.ts';
import { weightRanges } from '../weightRanges.ts';
import { momentCorrection } from './correction.ts';

/** Below it a scale is none: all codes are 0. */
const LEAST_SCALE = 1e-38;

export interface FixedBitOptions {
  /** 1 to 16. */
  readonly bits: number;
  readonly granularity: Granularity;
  /** Asymmetric codes use the full range; symmetric ones leave out the lowest. */
  readonly mapping: 'asymmetric' | 'symmetric';
  /** Whether mean and deviation are restored; `stored`: the figures are there, but nothing is done with them. */
  readonly correction: 'applied' | 'stored' | 'none';
}

/** Codes of so many bits, held in int8, or int16 above 8: -2^(b-1) to 2^(b-1) - 1; one bit has -1 and 0. */
export function fixedBitScheme({ bits, granularity, mapping }: Omit<FixedBitOptions, 'correction'>): QuantScheme {
  const half = 2 ** (bits - 1);
  const qmin = mapping === 'symmetric' ? 1 - half : -half;
  return { dtype: bits <= 8 ? 'int8' : 'int16', mapping, granularity, qmin, qmax: half - 1, bits };
}

/**
 * Quantizes a weight to a fixed number of bits: range, scale and zero point as MindSpore Lite, the zero point added
 * before rounding, half away from zero, in float64.
 *
 * @param weight finite float32 in C order, with its dims.
 * @throws QNT201 when it holds NaN or infinities.
 * @source MindSpore Lite, fixed-bit weight quantization, commit 2b2887057ebe (reference behaviour).
 */
export function quantizeFixedBit(
  weight: Float32Array,
  dims: readonly number[],
  options: FixedBitOptions,
  at: Location,
): QuantizedTensor {
  const scheme = fixedBitScheme(options);
  const channels = channelsOf(dims, options.granularity);
  const pairs = weightRanges(weight, channels, at).map((range) => mindsporeParams(range, scheme));
  const plain = collectParams(scheme, pairs);
  const codes = codesOf(weight, channels, plain);
  const held = heldCodes(scheme, dims, codes);
  if (options.correction === 'none') return { codes: held, params: plain };
  const moments = correctionOf(weight, codes, channels, plain);
  return { codes: held, params: { ...plain, correction: { ...moments, applied: options.correction === 'applied' } } };
}

function correctionOf(weight: Float32Array, codes: Int16Array, channels: Channels, params: QuantParams) {
  const { scale, zeroPoint } = params;
  const value = (c: number, i: number): number =>
    Math.fround(((codes[i] as number) - (zeroPoint[c] as number)) * (scale[c] as number));
  return momentCorrection(weight, value, channels);
}

/** Codes in the type of their scheme. */
export function heldCodes({ dtype }: QuantScheme, dims: readonly number[], codes: Int16Array): Tensor {
  return dtype === 'int8' ? tensor('int8', dims, Int8Array.from(codes)) : tensor('int16', dims, codes);
}

function codesOf(weight: Float32Array, channels: Channels, { scheme, scale, zeroPoint }: QuantParams): Int16Array {
  const { qmin, qmax } = scheme;
  const codes = new Int16Array(weight.length);
  forRuns(weight.length, channels, (c, from, to) => {
    const s = scale[c] as number;
    const z = zeroPoint[c] as number;
    if (s <= LEAST_SCALE) return;
    for (let i = from; i < to; i++) codes[i] = clamp(roundHalfAway((weight[i] as number) / s + z), qmin, qmax);
  });
  return codes;
}
