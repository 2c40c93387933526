import { type KernelSet, type Moments, NEGLIGIBLE, type UniformBins } from '../../kernels/kernelSet.ts';
import type { Range } from '../qparams.ts';
import { KL_BINS } from './clippedHistogram.ts';
import { leastDivergenceF32 } from './klReference.ts';
import { klThreshold } from './klThreshold.ts';
import { MinMaxObserver } from './minMax.ts';
import type { FirstPass, Outcome, SecondPass } from './observer.ts';

/**
 * Which threshold T is taken, and what it becomes. `observedSides`: that of {@link klThreshold}, for [max(lo, -T),
 * min(hi, T)] of the extremes lo and hi, so that a rectified value has all codes. `reference`: that of
 * {@link leastDivergenceF32}, for [-T, T] with zero point 0, whatever was seen.
 */
export type KlFlavour = 'observedSides' | 'reference';

/**
 * KL: the threshold of least relative entropy over the magnitudes of everything it sees. The first pass finds the largest
 * magnitude m, the second counts in 2048 bins of m / 2048.
 *
 * @source MindSpore Lite, tools/converter/quantizer/data_distribution.cc, commit 2b2887057ebe.
 */
export class KlObserver implements FirstPass {
  readonly #extremes = new MinMaxObserver();
  readonly #kernels: Pick<KernelSet, 'histogramF32'>;
  readonly #flavour: KlFlavour;

  constructor(kernels: Pick<KernelSet, 'histogramF32'>, flavour: KlFlavour) {
    this.#kernels = kernels;
    this.#flavour = flavour;
  }

  observe(x: Float32Array, moments: Moments): void {
    this.#extremes.observe(x, moments);
  }

  finish(): Outcome {
    const { range } = this.#extremes;
    if (range === undefined) return { kind: 'range', range };
    const largest = Math.max(Math.abs(range.lo), Math.abs(range.hi));
    const step = Math.fround(largest / KL_BINS);
    if (largest === 0)
      return outcomeOf(this.#flavour, { observedSides: () => range, reference: () => ({ ...range, zeroPoint: 0 }) });
    if (step <= NEGLIGIBLE)
      return { kind: 'extremes', range, why: `values up to ${largest} are too small for KL's ${KL_BINS} bins` };
    return { kind: 'again', pass: new KlHistogram(this.#kernels, range, step, this.#flavour) };
  }
}

class KlHistogram implements SecondPass {
  readonly #kernels: Pick<KernelSet, 'histogramF32'>;
  readonly #extremes: Range;
  readonly #bins: UniformBins;
  readonly #flavour: KlFlavour;
  readonly #counts = new Float64Array(KL_BINS);

  constructor(kernels: Pick<KernelSet, 'histogramF32'>, extremes: Range, step: number, flavour: KlFlavour) {
    this.#kernels = kernels;
    this.#extremes = extremes;
    this.#bins = { of: 'magnitudes', origin: 0, step };
    this.#flavour = flavour;
  }

  observe(x: Float32Array): void {
    this.#kernels.histogramF32(x, this.#bins, this.#counts);
  }

  finish(): Exclude<Outcome, { readonly kind: 'again' }> {
    return outcomeOf(this.#flavour, {
      observedSides: () => {
        const t = this.#thresholdAt(klThreshold(this.#counts));
        const { lo, hi } = this.#extremes;
        return { lo: Math.max(Math.min(lo, 0), -t), hi: Math.min(Math.max(hi, 0), t) };
      },
      reference: () => {
        const t = this.#thresholdAt(leastDivergenceF32(this.#counts));
        return { lo: -t, hi: t, zeroPoint: 0 };
      },
    });
  }

  #thresholdAt(bins: number): number {
    return Math.fround((bins + 0.5) * this.#bins.step);
  }
}

type Ranges = Readonly<Record<KlFlavour, () => Range>>;

function outcomeOf(flavour: KlFlavour, ranges: Ranges): Exclude<Outcome, { readonly kind: 'again' }> {
  const other = flavour === 'reference' ? 'observedSides' : 'reference';
  return { kind: 'range', range: ranges[flavour](), counterpart: ranges[other] };
}
