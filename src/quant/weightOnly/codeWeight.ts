import type { AbortSignalLike } from '../../base/abort.ts';
import type { Diagnostic, Location } from '../../base/diagnostics.ts';
import { type Granularity, PER_TENSOR, type QuantizedTensor } from '../../base/quantParams.ts';
import type { Tensor } from '../../base/tensor.ts';
import { channelsOf } from '../channels.ts';
import type { StoredWeight } from '../encode/stored.ts';
import { noStep, unseenSmallest } from './errors.ts';
import { quantizeFixedBit, rangesOf } from './fixedBit.ts';
import { type InputProducts, quantizeGptq } from './gptq.ts';
import { hasUnseenSmallest, quantizeByStep, searchStep, stepForScale } from './mixedBit.ts';
import { storeWeight } from './store.ts';
import type { WeightOptions } from './weightOptions.ts';

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
  /** Relative error by auto_tune's rule instead of a search. */
  readonly tunedScale?: number | undefined;
  /** Of the inputs of the matrix product whose weight this is, with parameters per output. */
  readonly products?: InputProducts | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** Codes a weight of two or more dimensions. @throws QNT201 when it holds NaN or infinities. */
export function codeWeight(weight: Tensor, request: CodeRequest, at: Location): CodedWeight {
  const data = weight.data as Float32Array; // float32, float16 and bfloat16 are held in it
  if (request.bits > 0) return fixedBits(data, weight.dims, request, at);
  rangesOf(data, channelsOf(weight.dims, PER_TENSOR), at); // refuses what is not finite
  const { options, tunedScale, signal } = request;
  const step =
    tunedScale === undefined
      ? searchStep(data, { target: options.initScale, asReference: options.strict, ...(signal && { signal }) })
      : stepForScale(data, tunedScale);
  const quantized = step === undefined ? undefined : quantizeByStep(data, weight.dims, step);
  const stored = quantized && storeWeight(quantized, options);
  const isSmaller = stored !== undefined && stored.codeBytes <= 2 * data.length;
  if (quantized !== undefined && isSmaller) return { quantized, stored, diagnostics: notesOfSearch(data, request, at) };
  const fixed = fixedBits(data, weight.dims, { ...request, bits: 8 }, at);
  const why =
    step === undefined
      ? `no step has the relative error ${options.initScale}`
      : quantized === undefined || stored === undefined
        ? 'the step is too small for 16-bit codes'
        : 'entropy-coded it takes more than 16 bits per element';
  return { ...fixed, diagnostics: [...fixed.diagnostics, noStep(at, why)] };
}

/** Where the search starts from another range than converter_lite's. */
function notesOfSearch(data: Float32Array, { options, tunedScale }: CodeRequest, at: Location): Diagnostic[] {
  return tunedScale === undefined && !options.strict && hasUnseenSmallest(data) ? [unseenSmallest(at)] : [];
}

function fixedBits(data: Float32Array, dims: readonly number[], request: CodeRequest, at: Location): CodedWeight {
  const { bits, granularity, options, products, signal } = request;
  const sets = channelsOf(dims, granularity).count;
  const isUsed = sets > 1 || !options.strict || (options.onTheFly && bits < 8);
  const correction = options.correction ? (isUsed ? 'applied' : 'stored') : 'none';
  const isMatrix = products !== undefined && granularity.kind === 'perChannel';
  const quantized = isMatrix
    ? quantizeGptq(data, dims, { bits, axis: granularity.axis === 0 ? 0 : 1, products, signal }, at)
    : quantizeFixedBit(data, dims, { bits, granularity, mapping: 'asymmetric', correction }, at);
  const stored = storeWeight(quantized, options);
  if (stored === undefined) throw new Error('invariant: fixed bits are never too many symbols'); // at most 128 of them
  return { quantized, stored, diagnostics: [] };
}
