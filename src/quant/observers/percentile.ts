import { floatOfKey } from '../../base/floatKeys.ts';
import type { KernelSet, KeyDigit, Moments } from '../../kernels/kernelSet.ts';
import type { Range } from '../qparams.ts';
import { MinMaxObserver } from './minMax.ts';
import type { FirstPass, Outcome, SecondPass } from './observer.ts';
import { binOfRank } from './ranks.ts';

/** Bits of a key that a pass tells apart: sign, exponent and 5 bits of the fraction, then 14 more. */
const BITS = 14;
/** What both passes leave open. */
const OPEN_BITS = 32 - 2 * BITS;

type Kernels = Pick<KernelSet, 'histogramKeysF32'>;

/**
 * PERCENTILE: of all n finite values over all samples in ascending order, those at ranks k and n - 1 - k, where
 * k = floor(n (1 - percentile / 100) / 2): of what may be left out, at most one half is cut on each side.
 *
 * Values are told apart to 19 bits of their fraction, and each end is rounded outwards: it is off by less than 2^-19 of
 * itself, and the range never holds less than the share asked for. Memory is that of three histograms of 2^14 bins.
 */
export class PercentileObserver implements FirstPass {
  readonly #extremes = new MinMaxObserver();
  readonly #kernels: Kernels;
  readonly #percentile: number;
  readonly #counts = new Float64Array(2 ** BITS);
  #values = 0;

  /** @param percentile in (50, 100). */
  constructor(kernels: Kernels, percentile: number) {
    this.#kernels = kernels;
    this.#percentile = percentile;
  }

  observe(x: Float32Array, moments: Moments): void {
    this.#extremes.observe(x, moments);
    this.#values += moments.count - moments.nan - moments.inf;
    this.#kernels.histogramKeysF32(x, { shift: 32 - BITS, bits: BITS, prefix: 0 }, this.#counts);
  }

  finish(): Outcome {
    const { range } = this.#extremes;
    const cut = Math.floor((this.#values * (1 - this.#percentile / 100)) / 2);
    if (range === undefined || cut === 0) return { kind: 'range', range };
    const ends = [cut, this.#values - 1 - cut].map((rank): End => {
      const { bin, before } = binOfRank(this.#counts, rank);
      return { prefix: bin, rank: rank - before };
    });
    return { kind: 'again', pass: new PercentileEnds(this.#kernels, range, ends as [End, End]) }; // two ranks, two ends
  }
}

/** Which first digit an end has, and its rank among the values that have it. */
interface End {
  readonly prefix: number;
  readonly rank: number;
}

class PercentileEnds implements SecondPass {
  readonly #kernels: Kernels;
  readonly #extremes: Range;
  readonly #ends: readonly [End, End];
  /** By first digit. */
  readonly #counts: ReadonlyMap<number, Float64Array>;

  constructor(kernels: Kernels, extremes: Range, ends: readonly [End, End]) {
    this.#kernels = kernels;
    this.#extremes = extremes;
    this.#ends = ends;
    this.#counts = new Map(ends.map(({ prefix }) => [prefix, new Float64Array(2 ** BITS)]));
  }

  observe(x: Float32Array): void {
    for (const [prefix, counts] of this.#counts) {
      const digit: KeyDigit = { shift: OPEN_BITS, bits: BITS, prefix };
      this.#kernels.histogramKeysF32(x, digit, counts);
    }
  }

  finish(): Exclude<Outcome, { readonly kind: 'again' }> {
    const [low, high] = this.#ends.map(({ prefix, rank }) => {
      const { bin } = binOfRank(this.#counts.get(prefix) as Float64Array, rank); // made of the same ends
      return (prefix * 2 ** BITS + bin) * 2 ** OPEN_BITS;
    }) as [number, number];
    const lo = Math.max(floatOfKey(low), this.#extremes.lo);
    const hi = Math.min(floatOfKey(high + 2 ** OPEN_BITS - 1), this.#extremes.hi);
    if (hi - lo > 0 || this.#extremes.lo === this.#extremes.hi) return { kind: 'range', range: { lo, hi } };
    const why = `all values within the percentile are ${lo}`;
    return { kind: 'extremes', range: this.#extremes, why };
  }
}
