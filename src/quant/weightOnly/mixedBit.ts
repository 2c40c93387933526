import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Location } from '../../base/diagnostics.ts';
import { PER_TENSOR, type QuantizedTensor, type QuantScheme } from '../../base/quantParams.ts';
import { tensor } from '../../base/tensor.ts';
import { channelsOf } from '../channels.ts';
import { weightRanges } from '../weightRanges.ts';

const F32 = Math.fround;
const LEAST_DEVIATION = 2.220446049250313e-16; // 2^-52
/** How near to the wanted error, as a share of it, a step must come. */
const TOLERANCE = F32(0.01);
const MOST_HALVINGS = 100;
const LARGEST_INT16 = 32767;

/** Codes of one step for the whole weight, as many bits each as entropy coding needs. */
export const MIXED_SCHEME: QuantScheme = {
  dtype: 'int16',
  mapping: 'symmetric',
  granularity: PER_TENSOR,
  qmin: -LARGEST_INT16 - 1,
  qmax: LARGEST_INT16,
  bits: 0,
};

/** What auto_tune gives weights in the place of `init_scale`. */
export interface TunedStep {
  /** `search`: the step whose relative error it is; `converter_lite`: by {@link stepForScale}, an error never below 1.4 %. */
  readonly rule: 'search' | 'converter_lite';
  readonly initScale: number;
}

/** What a step makes of a weight. */
interface StepError {
  /** Relative L2 error after correction. */
  readonly error: number;
  readonly variance: number;
  readonly mean: number;
}

export interface StepSearch {
  /** Wanted ratio of error to weight, in L2 norm: in (0, 1). */
  readonly target: number;
  /** Finds the smallest element as converter_lite does: only where it is not a new largest one. */
  readonly asReference: boolean;
  readonly signal?: AbortSignalLike;
}

/**
 * The step whose relative error is the target, within one per cent of it: from the range times the target, doubled and
 * halved to a bracket, then bisected.
 *
 * @param weight finite float32.
 * @returns undefined when the bisection does not end.
 * @source MindSpore Lite, mixed-bit weight quantization (reference behaviour): steps are float32, sums float64.
 */
export function searchStep(weight: Float32Array, { target, asReference, signal }: StepSearch): number | undefined {
  const wanted = F32(target);
  const { lo, hi } = asReference ? referenceRange(weight) : exactRange(weight);
  if (hi < lo + 1e-5 || !Number.isFinite(lo)) return F32(Math.abs(hi) + 1e-5);
  const errorOf = (step: number): number => {
    throwIfAborted(signal);
    return errorOfStep(weight, step).error;
  };
  let step = F32(F32(hi - lo) * wanted);
  let right = F32(step * 2);
  while (errorOf(right) < wanted) right = F32(right * 2);
  let left = F32(step / 2);
  while (errorOf(left) > wanted) left = F32(left / 2);
  for (let halvings = 0; ; halvings++) {
    const error = errorOf(step);
    if (Math.abs(error - wanted) / wanted < TOLERANCE) return step;
    if (halvings > MOST_HALVINGS) return error < wanted ? step : undefined;
    if (error > wanted) right = step;
    else left = step;
    step = F32(F32(left + right) / 2);
  }
}

/**
 * The step that auto_tune tries for a target t: (t + 0.01 sqrt(24 / N)) times the norm of the weight, all in float32.
 * @source MindSpore Lite (reference behaviour).
 */
export function stepForScale(weight: Float32Array, target: number): number {
  let squares = 0;
  for (const w of weight) squares = F32(squares + F32(w * w));
  const slack = F32(TOLERANCE * F32(Math.sqrt(F32(24 / weight.length))));
  return F32(F32(F32(target) + slack) / F32(Math.sqrt(F32(1 / squares))));
}

/**
 * Quantizes a weight by one step: codes floor(w / step + 0.5), zero point 0, mean and deviation restored.
 *
 * @returns undefined when codes exceed 16 bits.
 */
export function quantizeByStep(
  weight: Float32Array,
  dims: readonly number[],
  step: number,
): QuantizedTensor | undefined {
  const codes = new Int16Array(weight.length);
  for (let i = 0; i < weight.length; i++) {
    const code = codeOf(weight[i] as number, step);
    if (!(Math.abs(code) <= LARGEST_INT16)) return undefined;
    codes[i] = code;
  }
  const { variance, mean } = errorOfStep(weight, step);
  return {
    codes: tensor('int16', dims, codes),
    params: {
      scheme: MIXED_SCHEME,
      scale: Float32Array.of(step),
      zeroPoint: new Int32Array(1),
      correction: { variance: Float32Array.of(variance), mean: Float32Array.of(mean), applied: true },
    },
  };
}

/** Half up: floor of the float32 quotient and a half. */
function codeOf(w: number, step: number): number {
  return Math.floor(F32(F32(w / step) + 0.5));
}

function errorOfStep(weight: Float32Array, step: number): StepError {
  const { variance, mean } = momentsOfStep(weight, step);
  let norm = 0;
  let distance = 0;
  for (let i = 0; i < weight.length; i++) {
    const w = weight[i] as number;
    const made = variance * (step * codeOf(w, step)) + mean;
    norm += w * w;
    distance += (w - made) * (w - made);
  }
  const counted = norm < 1e-10 ? 0 : 1;
  return { error: (1e-10 + counted * Math.sqrt(distance / norm)) / (counted + 1e-7), variance, mean };
}

function momentsOfStep(weight: Float32Array, step: number): { variance: number; mean: number } {
  const n = weight.length;
  let rawSum = 0;
  let madeSum = 0;
  for (let i = 0; i < n; i++) {
    const w = weight[i] as number;
    rawSum += w;
    madeSum += F32(step * codeOf(w, step));
  }
  const raw = rawSum / n;
  const made = madeSum / n;
  let rawSquares = 0;
  let madeSquares = 0;
  for (let i = 0; i < n; i++) {
    const w = weight[i] as number;
    rawSquares += (w - raw) ** 2;
    madeSquares += (F32(step * codeOf(w, step)) - made) ** 2;
  }
  const deviation = Math.sqrt(madeSquares / n);
  const variance = F32(deviation < LEAST_DEVIATION ? 1 : Math.sqrt(rawSquares / n) / deviation);
  return { variance, mean: F32(raw - made * variance) };
}

/** Whether converter_lite would search from another range than that of the weight. */
export function hasUnseenSmallest(weight: Float32Array): boolean {
  return referenceRange(weight).lo !== exactRange(weight).lo;
}

function exactRange(weight: Float32Array): { lo: number; hi: number } {
  const [range] = weightRanges(weight, channelsOf([weight.length], PER_TENSOR), NOWHERE);
  return range ?? { lo: 0, hi: 0 };
}

/** The weight was seen to be finite before. */
const NOWHERE: Location = { file: '' };

/** An element that is a new largest one is not looked at as a smallest: a rising weight has no smallest at all. */
function referenceRange(weight: Float32Array): { lo: number; hi: number } {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const w of weight) {
    if (w > hi) hi = w;
    else if (w < lo) lo = w;
  }
  return { lo, hi };
}
