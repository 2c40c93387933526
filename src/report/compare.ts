import { invariant } from '../base/diagnostics.ts';
import { cosine, type MetricSums, mse, sqnrDb } from '../base/metrics.ts';
import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import { rint } from '../base/round.ts';
import { codeRange } from '../kernels/js/qdq.ts';
import type { KernelSet, TensorQuant } from '../kernels/kernelSet.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { codeStats } from './codeStats.ts';
import type { TensorReport } from './reportTypes.ts';
import { tensorStats } from './stats.ts';

/** 8-bit codes of an activation, with one scale and zero point. */
export interface CodedActivation {
  readonly codes: Int8Array | Uint8Array;
  readonly quant: QuantInfo;
}

/** The codes behind a dequantized tensor: of an activation, or of a constant (per tensor or channel). */
export type Codes = CodedActivation | QuantizedTensor;

/** What is known of a pair already; clip rate and saturation are null without codes. */
export interface KnownFigures {
  readonly cosine: number;
  readonly sqnrDb: number;
  readonly mse: number;
  readonly clipRate: number | null;
  readonly saturation: number | null;
}

/**
 * Compares a float tensor with its counterpart in the quantized model.
 *
 * @param origin float32, any shape.
 * @param dequant the same shape and order, dequantized.
 * @param quant the codes of `dequant`, same order; without them the clip rate is 0 and the saturation null.
 * @param known figures of this pair, which then are not taken again.
 */
export function compareTensors(
  kernels: KernelSet,
  origin: Float32Array,
  dequant: Float32Array,
  quant?: Codes,
  known?: KnownFigures,
): TensorReport {
  invariant(origin.length === dequant.length, `${origin.length} elements are compared with ${dequant.length}`);
  const isEmpty = origin.length === 0;
  if (quant !== undefined && !('params' in quant) && !isEmpty) {
    return compareCodes(kernels, { origin, dequant, coded: quant, known });
  }
  const originStats = tensorStats(kernels, origin);
  if (known !== undefined && !isEmpty) {
    return { origin: originStats, dequant: tensorStats(kernels, dequant), ...known, clipRate: known.clipRate ?? 0 };
  }
  const sums = { ...kernels.pairSumsF32(origin, dequant), count: origin.length };
  const rates = quant !== undefined && 'params' in quant && !isEmpty ? constantRates(origin, quant) : NO_CODES;
  return {
    origin: originStats,
    dequant: tensorStats(kernels, dequant),
    ...rates,
    cosine: cosine(sums),
    sqnrDb: sqnrDb(sums),
    mse: isEmpty ? 0 : mse(sums),
  };
}

/**
 * The report with the clip rate and saturation of a tensor that was rounded to the codes of `params` and is held in
 * floats, in any order; both are null for parameters per channel, which an order would have to tell apart.
 */
export function withGridRates(
  report: TensorReport,
  { origin, dequant }: { readonly origin: Float32Array; readonly dequant: Float32Array },
  params: QuantParams,
): TensorReport {
  if (params.scale.length !== 1 || origin.length === 0) return { ...report, clipRate: null, saturation: null };
  const { qmin, qmax } = params.scheme;
  const [scale, zeroPoint] = [params.scale[0] as number, params.zeroPoint[0] as number];
  let clipped = 0;
  let saturated = 0;
  for (let i = 0; i < origin.length; i++) {
    const wish = rint(Math.fround((origin[i] as number) / scale)) + zeroPoint;
    if (wish < qmin || wish > qmax) clipped++;
    const code = rint(Math.fround((dequant[i] as number) / scale)) + zeroPoint;
    if (code === qmin || code === qmax) saturated++;
  }
  return { ...report, clipRate: clipped / origin.length, saturation: saturated / origin.length };
}

interface Rates {
  readonly clipRate: number;
  readonly saturation: number | null;
}

const NO_CODES: Rates = { clipRate: 0, saturation: null };

interface CodedPair {
  readonly origin: Float32Array;
  readonly dequant: Float32Array;
  readonly coded: CodedActivation;
  readonly known: KnownFigures | undefined;
}

/** What the histogram of the codes and the moments of the origin tell is not counted again. */
function compareCodes(kernels: KernelSet, { origin, dequant, coded, known }: CodedPair): TensorReport {
  const { codes, quant } = coded;
  invariant(quant.scale.length === 1, 'an activation has one scale');
  const signed = codes instanceof Int8Array;
  const q = { scale: quant.scale[0] as number, zeroPoint: quant.zeroPoint[0] as number, signed };
  const { stats, sumOfSquares, saturated } = codeStats(kernels.histogram8(codes), q);
  if (known !== undefined) {
    return { origin: tensorStats(kernels, origin), dequant: stats, ...known, clipRate: known.clipRate ?? 0 };
  }
  const { moments, squaredError } = kernels.momentsAndErrorF32(origin, dequant);
  const allFinite = moments.nan + moments.inf === 0;
  const sums = allFinite
    ? sumsOf(moments.sumOfSquares, sumOfSquares, squaredError)
    : kernels.pairSumsF32(origin, dequant);
  const count = origin.length;
  const isInside = allFinite && isInRange(moments.min, q) && isInRange(moments.max, q);
  return {
    origin: tensorStats(kernels, origin, moments),
    dequant: stats,
    clipRate: isInside ? 0 : kernels.countClippedF32(origin, q) / count, // quantizing is monotone
    saturation: saturated / count,
    cosine: Math.min(1, cosine(sums)),
    sqnrDb: sqnrDb(sums),
    mse: mse({ ...sums, count }),
  };
}

/** The sums of a pair: a b = (a^2 + b^2 - (a - b)^2) / 2. Without error both sides are the same, to the last bit. */
function sumsOf(aa: number, bb: number, squaredError: number): Omit<MetricSums, 'count'> {
  if (squaredError === 0) return { dot: aa, aa, bb: aa, squaredError };
  return { dot: (aa + bb - squaredError) / 2, aa, bb, squaredError };
}

function isInRange(x: number, { scale, zeroPoint, signed }: TensorQuant): boolean {
  const { lo, hi } = codeRange(signed);
  const code = rint(Math.fround(x / scale)) + zeroPoint;
  return code >= lo && code <= hi;
}

/** Counts against qmin and qmax of the scheme, which a symmetric weight narrows to [-127, 127]; a table has no ends. */
function constantRates(origin: Float32Array, { codes, params }: QuantizedTensor): Rates {
  if (params.table !== undefined) return NO_CODES;
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
