import { floatOfKey, keyOfFloat } from '../../base/floatKeys.ts';
import type { KernelSet, Moments } from '../../kernels/kernelSet.ts';
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
    const low = this.#endAt(cut);
    const high = this.#endAt(this.#values - 1 - cut);
    return { kind: 'again', pass: new PercentileEnds(this.#kernels, range, { low, high }) };
  }

  #endAt(rank: number): End {
    const { bin, before } = binOfRank(this.#counts, rank);
    return { prefix: bin, rank: rank - before };
  }
}

/** Which first digit an end has, and its rank among the values that have it. */
interface End {
  readonly prefix: number;
  readonly rank: number;
}

/** The first digit of 0 and of positive numbers below 2^-131, which are taken for 0: what is rectified is full of them. */
const ZERO = keyOfFloat(0) >>> (32 - BITS);

class PercentileEnds implements SecondPass {
  readonly #kernels: Kernels;
  readonly #extremes: Range;
  readonly #ends: { readonly low: End; readonly high: End };
  /** By first digit. */
  readonly #counts = new Map<number, Float64Array>();

  constructor(kernels: Kernels, extremes: Range, ends: { readonly low: End; readonly high: End }) {
    this.#kernels = kernels;
    this.#extremes = extremes;
    this.#ends = ends;
    for (const { prefix } of [ends.low, ends.high])
      if (prefix !== ZERO) this.#counts.set(prefix, new Float64Array(2 ** BITS));
  }

  observe(x: Float32Array): void {
    for (const [prefix, counts] of this.#counts)
      this.#kernels.histogramKeysF32(x, { shift: OPEN_BITS, bits: BITS, prefix }, counts);
  }

  finish(): Exclude<Outcome, { readonly kind: 'again' }> {
    const { low, high } = this.#ends;
    const lo = Math.max(this.#boundsOf(low).lo, this.#extremes.lo);
    const hi = Math.min(this.#boundsOf(high).hi, this.#extremes.hi);
    if (lo !== 0 || hi !== 0 || this.#extremes.lo === this.#extremes.hi) return { kind: 'range', range: { lo, hi } };
    return { kind: 'extremes', range: this.#extremes, why: 'all values within the percentile are 0' };
  }

  /** Between which floats an end lies. */
  #boundsOf({ prefix, rank }: End): Range {
    const counts = this.#counts.get(prefix);
    if (counts === undefined) return { lo: 0, hi: 0 };
    const digits = prefix * 2 ** BITS + binOfRank(counts, rank).bin;
    return { lo: floatOfKey(digits * 2 ** OPEN_BITS), hi: floatOfKey((digits + 1) * 2 ** OPEN_BITS - 1) };
  }
}
