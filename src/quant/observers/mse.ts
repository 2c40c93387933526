import type { QuantScheme } from '../../base/quantParams.ts';
import { clamp, rint } from '../../base/round.ts';
import { type KernelSet, type Moments, NEGLIGIBLE, type UniformBins } from '../../kernels/kernelSet.ts';
import { onnxruntimeParams, type Range } from '../qparams.ts';
import { MinMaxObserver } from './minMax.ts';
import type { FirstPass, Outcome, SecondPass } from './observer.ts';

const BINS = 2048;
/** Ends are tried at multiples of this share of the extremes. */
const STEPS = 128;

type Kernels = Pick<KernelSet, 'histogramF32'>;

/**
 * MSE: the range whose codes have the least mean squared error, rounding and clipping together, over everything it sees.
 * The first pass finds the extremes, the second counts in 2048 equal bins between them; see {@link leastErrorRange}.
 */
export class MseObserver implements FirstPass {
  readonly #extremes = new MinMaxObserver();
  readonly #kernels: Kernels;
  readonly #scheme: QuantScheme;

  constructor(kernels: Kernels, scheme: QuantScheme) {
    this.#kernels = kernels;
    this.#scheme = scheme;
  }

  observe(x: Float32Array, moments: Moments): void {
    this.#extremes.observe(x, moments);
  }

  finish(): Outcome {
    const { range } = this.#extremes;
    if (range === undefined || range.lo === range.hi) return { kind: 'range', range };
    const step = Math.fround((range.hi - range.lo) / BINS);
    if (step <= NEGLIGIBLE)
      return { kind: 'extremes', range, why: `values from ${range.lo} to ${range.hi} are too close for ${BINS} bins` };
    return { kind: 'again', pass: new MseHistogram(this.#kernels, this.#scheme, range, step) };
  }
}

class MseHistogram implements SecondPass {
  readonly #kernels: Kernels;
  readonly #scheme: QuantScheme;
  readonly #extremes: Range;
  readonly #bins: UniformBins;
  readonly #counts = new Float64Array(BINS);

  constructor(kernels: Kernels, scheme: QuantScheme, extremes: Range, step: number) {
    this.#kernels = kernels;
    this.#scheme = scheme;
    this.#extremes = extremes;
    this.#bins = { of: 'values', origin: extremes.lo, step };
  }

  observe(x: Float32Array): void {
    this.#kernels.histogramF32(x, this.#bins, this.#counts);
  }

  finish(): { readonly kind: 'range'; readonly range: Range } {
    const { origin, step } = this.#bins;
    const histogram: ValueHistogram = { origin, step, counts: this.#counts };
    return { kind: 'range', range: leastErrorRange(histogram, this.#extremes, this.#scheme) };
  }
}

/** Bin b holds values from origin + b step to one step further. */
export interface ValueHistogram {
  readonly origin: number;
  readonly step: number;
  readonly counts: Float64Array;
}

/**
 * The range inside the extremes (widened to hold 0) with the least squared error. Each end is tried at 128 equal shares of
 * its extreme, the upper one first, then the lower one, in turns until neither moves: a range that no change of one end
 * improves. Ranges of symmetric schemes have one end. On ties the wider range is taken.
 */
export function leastErrorRange(histogram: ValueHistogram, extremes: Range, scheme: QuantScheme): Range {
  let best: Range = { lo: Math.min(extremes.lo, 0), hi: Math.max(extremes.hi, 0) };
  if (scheme.mapping === 'symmetric') {
    const most = Math.max(-best.lo, best.hi);
    return leastOf(
      histogram,
      scheme,
      shares(most, (hi) => ({ lo: -hi, hi })),
    );
  }
  const whole = best;
  for (let previous: Range | undefined; previous !== best; ) {
    previous = best;
    const { lo } = best;
    const upper = leastOf(histogram, scheme, whole.hi > 0 ? shares(whole.hi, (hi) => ({ lo, hi })) : [best]);
    const lower = leastOf(
      histogram,
      scheme,
      whole.lo < 0 ? shares(whole.lo, (end) => ({ lo: end, hi: upper.hi })) : [upper],
    );
    if (lower.lo !== best.lo || lower.hi !== best.hi) best = lower;
  }
  return best;
}

/** From the whole end to 1/128 of it. */
function shares(end: number, rangeOf: (end: number) => Range): Range[] {
  return Array.from({ length: STEPS }, (_, k) => rangeOf(Math.fround((end * (STEPS - k)) / STEPS)));
}

function leastOf(histogram: ValueHistogram, scheme: QuantScheme, ranges: readonly Range[]): Range {
  let [best, least] = [ranges[0] as Range, Number.POSITIVE_INFINITY]; // there is always one
  for (const range of ranges) {
    const error = squaredError(histogram, range, scheme);
    if (error < least) [best, least] = [range, error];
  }
  return best;
}

/**
 * Sum of squared differences between the values and what their codes stand for, values being spread evenly over their
 * bins. With scale s, code k of x counted from the zero point and e = x - k s, the error up to x integrates to
 * k s^3 / 12 + e^3 / 3, inside the range of codes and beyond it.
 */
export function squaredError({ origin, step, counts }: ValueHistogram, range: Range, scheme: QuantScheme): number {
  const { scale, zeroPoint } = onnxruntimeParams(range, scheme);
  const [least, most] = [scheme.qmin - zeroPoint, scheme.qmax - zeroPoint];
  const cell = scale ** 3 / 12;
  let error = 0;
  let before = 0;
  for (let bin = -1; bin < counts.length; bin++) {
    const x = origin + (bin + 1) * step;
    const k = clamp(rint(x / scale), least, most);
    const e = x - k * scale;
    const upTo = k * cell + (e * e * e) / 3;
    if (bin >= 0) error += (counts[bin] as number) * (upTo - before);
    before = upTo;
  }
  return error / step;
}
