import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Diagnostic, Location } from '../../base/diagnostics.ts';
import { type Granularity, PER_TENSOR, type QuantizedTensor } from '../../base/quantParams.ts';
import type { Tensor } from '../../base/tensor.ts';
import { channelsOf } from '../channels.ts';
import { dequantize } from '../dequantize.ts';
import type { StoredWeight } from '../encode/stored.ts';
import { weightRanges } from '../weightRanges.ts';
import { noStep, unseenSmallest } from './errors.ts';
import { quantizeFixedBit } from './fixedBit.ts';
import { type InputProducts, quantizeGptq } from './gptq.ts';
import { hasUnseenSmallest, quantizeByStep, searchStep, stepForScale, type TunedStep } from './mixedBit.ts';
import { storeWeight } from './store.ts';
import type { WeightOptions } from './weightOptions.ts';

/** Of a weight that cannot be coded by a step. */
const LEAST_BITS_INSTEAD = 8;
const MOST_BITS = 16;

/** A weight in codes, and what it takes to store it. */
export interface CodedWeight {
  readonly quantized: QuantizedTensor;
  readonly stored: StoredWeight;
  readonly diagnostics: readonly Diagnostic[];
}

/** How one weight is coded. */
export interface CodeRequest {
  /** 1 to 16; 0: by a step. */
  readonly bits: number;
  readonly granularity: Granularity;
  readonly options: WeightOptions;
  /** Of a step in the place of `options.initScale`, while auto_tune looks for it and ever after. */
  readonly tuned?: TunedStep | undefined;
  /** Of the inputs of the matrix product whose weight this is, with parameters per output. */
  readonly products?: InputProducts | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** Codes a weight of two or more dimensions. @throws QNT201 when it holds NaN or infinities. */
export function codeWeight(weight: Tensor, request: CodeRequest, at: Location): CodedWeight {
  const data = weight.data as Float32Array; // float32, float16 and bfloat16 are held in it
  if (request.bits > 0) return fixedBits(data, weight.dims, request, at);
  weightRanges(data, channelsOf(weight.dims, PER_TENSOR), at); // refuses what is not finite
  const { options } = request;
  const step = stepOf(data, request);
  const quantized = step === undefined ? undefined : quantizeByStep(data, weight.dims, step);
  const stored = quantized && storeWeight(quantized, options);
  const isSmaller = stored !== undefined && stored.codeBytes <= 2 * data.length;
  if (quantized !== undefined && isSmaller) return { quantized, stored, diagnostics: notesOfSearch(data, request, at) };
  const bits = bitsInstead(data, weight.dims, request, at);
  const fixed = fixedBits(data, weight.dims, { ...request, bits }, at);
  const why =
    step === undefined
      ? `no step has the relative error ${initScaleOf(request)}`
      : quantized === undefined || stored === undefined
        ? 'the step is too small for 16-bit codes'
        : 'entropy-coded it takes more than 16 bits per element';
  return { ...fixed, diagnostics: [...fixed.diagnostics, noStep(at, why, bits)] };
}

function initScaleOf({ tuned, options }: CodeRequest): number {
  return tuned?.initScale ?? options.initScale;
}

function stepOf(data: Float32Array, request: CodeRequest): number | undefined {
  const { options, tuned, signal } = request;
  const target = initScaleOf(request);
  if (tuned?.rule === 'converter_lite') return stepForScale(data, target);
  return searchStep(data, { target, asReference: options.strict, ...(signal && { signal }) });
}

/** The fewest bits from 8 on that are as exact as the step would be; 8 where converter_lite is followed. */
function bitsInstead(data: Float32Array, dims: readonly number[], request: CodeRequest, at: Location): number {
  if (request.options.strict) return LEAST_BITS_INSTEAD;
  for (let bits = LEAST_BITS_INSTEAD; bits < MOST_BITS; bits++) {
    throwIfAborted(request.signal);
    const quantized = quantizeFixed(data, dims, { ...request, bits }, at);
    if (relativeError(data, dequantize(quantized)) <= initScaleOf(request)) return bits;
  }
  return MOST_BITS;
}

/** In L2 norm. */
function relativeError(data: Float32Array, made: Float32Array): number {
  let norm = 0;
  let distance = 0;
  for (let i = 0; i < data.length; i++) {
    const w = data[i] as number;
    norm += w * w;
    distance += (w - (made[i] as number)) ** 2;
  }
  return distance === 0 ? 0 : Math.sqrt(distance / norm);
}

/** Where the search starts from another range than converter_lite's. */
function notesOfSearch(data: Float32Array, { options, tuned }: CodeRequest, at: Location): Diagnostic[] {
  return tuned?.rule !== 'converter_lite' && !options.strict && hasUnseenSmallest(data) ? [unseenSmallest(at)] : [];
}

function fixedBits(data: Float32Array, dims: readonly number[], request: CodeRequest, at: Location): CodedWeight {
  const quantized = quantizeFixed(data, dims, request, at);
  const stored = storeWeight(quantized, request.options);
  if (stored === undefined) throw new Error('invariant: fixed bits are never too many symbols'); // at most 128 of them
  return { quantized, stored, diagnostics: [] };
}

function quantizeFixed(
  data: Float32Array,
  dims: readonly number[],
  request: CodeRequest,
  at: Location,
): QuantizedTensor {
  const { bits, granularity, options, products, signal } = request;
  const sets = channelsOf(dims, granularity).count;
  const isUsed = sets > 1 || !options.strict || (options.onTheFly && bits < 8);
  const correction = options.correction ? (isUsed ? 'applied' : 'stored') : 'none';
  const isMatrix = products !== undefined && granularity.kind === 'perChannel';
  return isMatrix
    ? quantizeGptq(data, dims, { bits, axis: granularity.axis === 0 ? 0 : 1, products, signal }, at)
    : quantizeFixedBit(data, dims, { bits, granularity, mapping: 'asymmetric', correction }, at);
}
