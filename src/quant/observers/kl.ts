import type { QuantScheme } from '../../base/quantParams.ts';
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

export interface KlOptions {
  readonly kernels: Pick<KernelSet, 'histogramF32'>;
  /** Codes the value will have. */
  readonly scheme: QuantScheme;
  readonly klFlavour: KlFlavour;
}

/**
 * KL: the threshold of least relative entropy over the magnitudes of everything it sees. The first pass finds the largest
 * magnitude m, the second counts in 2048 bins of m / 2048.
 *
 * @source MindSpore Lite, tools/converter/quantizer/data_distribution.cc, commit 2b2887057ebe.
 */
export class KlObserver implements FirstPass {
  readonly #extremes = new MinMaxObserver();
  readonly #options: KlOptions;

  constructor(options: KlOptions) {
    this.#options = options;
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
      return outcomeOf(this.#options.klFlavour, {
        observedSides: () => range,
        reference: () => ({ ...range, zeroPoint: 0 }),
      });
    if (step <= NEGLIGIBLE)
      return { kind: 'extremes', range, why: `values up to ${largest} are too small for KL's ${KL_BINS} bins` };
    return { kind: 'again', pass: new KlHistogram(this.#options, range, step) };
  }
}

class KlHistogram implements SecondPass {
  readonly #options: KlOptions;
  readonly #extremes: Range;
  readonly #bins: UniformBins;
  readonly #counts = new Float64Array(KL_BINS);

  constructor(options: KlOptions, extremes: Range, step: number) {
    this.#options = options;
    this.#extremes = extremes;
    this.#bins = { of: 'magnitudes', origin: 0, step };
  }

  observe(x: Float32Array): void {
    this.#options.kernels.histogramF32(x, this.#bins, this.#counts);
  }

  finish(): Exclude<Outcome, { readonly kind: 'again' }> {
    return outcomeOf(this.#options.klFlavour, {
      observedSides: () => {
        const { qmin, qmax } = this.#options.scheme;
        const histogram = { counts: this.#counts, step: this.#bins.step, extremes: this.#extremes };
        const t = this.#thresholdAt(klThreshold(histogram, qmax - qmin));
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
