import { invariant } from '../base/diagnostics.ts';
import { cosine, mse, sqnrDb } from '../base/metrics.ts';
import type { QuantizedTensor } from '../base/quantParams.ts';
import { rint } from '../base/round.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import type { TensorReport } from './reportTypes.ts';
import { tensorStats } from './stats.ts';

/** 8-bit codes of an activation, with one scale and zero point. */
export interface CodedActivation {
  readonly codes: Int8Array | Uint8Array;
  readonly quant: QuantInfo;
}

/** The codes behind a dequantized tensor: of an activation, or of a constant (per tensor or channel). */
export type Codes = CodedActivation | QuantizedTensor;

/**
 * Compares a float tensor with its counterpart in the quantized model.
 *
 * @param origin float32, any shape.
 * @param dequant the same shape and order, dequantized.
 * @param quant the codes of `dequant`, same order; without them the clip rate is 0 and the saturation null.
 */
export function compareTensors(
  kernels: KernelSet,
  origin: Float32Array,
  dequant: Float32Array,
  quant?: Codes,
): TensorReport {
  invariant(origin.length === dequant.length, `${origin.length} elements are compared with ${dequant.length}`);
  const sums = { ...kernels.pairSumsF32(origin, dequant), count: origin.length };
  const rates = quant === undefined || origin.length === 0 ? NO_CODES : ratesOf(kernels, origin, quant);
  return {
    origin: tensorStats(kernels, origin),
    dequant: tensorStats(kernels, dequant),
    ...rates,
    cosine: cosine(sums),
    sqnrDb: sqnrDb(sums),
    mse: origin.length === 0 ? 0 : mse(sums),
  };
}

interface Rates {
  readonly clipRate: number;
  readonly saturation: number | null;
}

const NO_CODES: Rates = { clipRate: 0, saturation: null };

function ratesOf(kernels: KernelSet, origin: Float32Array, quant: Codes): Rates {
  if ('params' in quant) return constantRates(origin, quant);
  const { codes } = quant;
  const { scale, zeroPoint } = quant.quant;
  invariant(scale.length === 1, 'an activation has one scale');
  const signed = codes instanceof Int8Array;
  const q = { scale: scale[0] as number, zeroPoint: zeroPoint[0] as number, signed };
  const lo = signed ? -128 : 0;
  return {
    clipRate: kernels.countClippedF32(origin, q) / origin.length,
    saturation: kernels.countSaturated8(codes, lo, lo + 255) / origin.length,
  };
}

/** Counts against qmin and qmax of the scheme, which a symmetric weight narrows to [-127, 127]. */
function constantRates(origin: Float32Array, { codes, params }: QuantizedTensor): Rates {
  const { qmin, qmax } = params.scheme;
  const data = codes.data as ArrayLike<number>; // codes are integers of at most 32 bits
  const { inner, channels, stride } = parameterWalk(codes.dims, params);
  let clipped = 0;
  let saturated = 0;
  for (let start = 0; start < origin.length; start += inner) {
    const c = stride === 0 ? 0 : Math.floor(start / stride) % channels;
    const s = params.scale[c] as number;
    const z = params.zeroPoint[c] as number;
    for (let i = start; i < start + inner; i++) {
      const q = rint(Math.fround((origin[i] as number) / s)) + z;
      if (q < qmin || q > qmax) clipped++;
      const code = data[i];
      if (code === qmin || code === qmax) saturated++;
    }
  }
  return { clipRate: clipped / origin.length, saturation: saturated / origin.length };
}

/** Runs of `inner` elements share a parameter set: number floor(start / stride) % channels. */
function parameterWalk(
  dims: readonly number[],
  { scheme, scale }: QuantizedTensor['params'],
): { inner: number; channels: number; stride: number } {
  const size = dims.reduce((a, b) => a * b, 1);
  const { granularity } = scheme;
  if (granularity.kind === 'perTensor' || scale.length === 1) return { inner: size, channels: 1, stride: 0 };
  invariant(granularity.kind === 'perChannel', 'block-wise parameters have no codes of their own here');
  const inner = dims.slice(granularity.axis + 1).reduce((a, b) => a * b, 1);
  return { inner, channels: scale.length, stride: inner };
}
