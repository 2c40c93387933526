import { type Random, seededRandom } from '../base/random.ts';
import { median, robustScores } from './dataStatistics.ts';

/** Extremes of one tensor on each sample. */
export interface Extremes {
  readonly lo: ArrayLike<number>;
  readonly hi: ArrayLike<number>;
}

export interface GrowthPoint {
  readonly samples: number;
  /** Range after so many samples, relative to that of all: mean over tensors and orders, 0..1. */
  readonly range: number;
}

const ORDERS = 32;
const SEED = 20;

/** How ranges grow with 1, 2, 4 ... and all samples, in seeded orders. */
export function rangeGrowth(tensors: readonly Extremes[], samples: number): readonly GrowthPoint[] {
  const counts: number[] = [];
  for (let n = 1; n < samples; n *= 2) counts.push(n);
  return rangesAfter(tensors, samples, [...counts, samples]);
}

/** By how much the ranges of half of the samples fall short of those of all: 0.1 for a tenth; NaN of less than two. */
export function lastDoubling(tensors: readonly Extremes[], samples: number): number {
  const [half] = rangesAfter(tensors, samples, [samples >> 1]);
  return samples < 2 || half === undefined ? Number.NaN : 1 / half.range - 1;
}

/** @param counts ascending, from 1 to `samples`. */
function rangesAfter(tensors: readonly Extremes[], samples: number, counts: readonly number[]): readonly GrowthPoint[] {
  const random = seededRandom(SEED);
  const sums = new Float64Array(counts.length);
  let terms = 0;
  for (let o = 0; o < ORDERS; o++) {
    const order = shuffled(samples, random);
    for (const { lo, hi } of tensors) {
      const all = extentAfter(lo, hi, order, samples);
      if (!(all > 0)) continue;
      terms++;
      let [from, low, high] = [0, 0, 0];
      for (const [k, n] of counts.entries()) {
        for (; from < n; from++) {
          const s = order[from] as number;
          low = Math.min(low, lo[s] as number);
          high = Math.max(high, hi[s] as number);
        }
        sums[k] = (sums[k] as number) + (high - low) / all;
      }
    }
  }
  return counts.map((n, k) => ({ samples: n, range: terms === 0 ? 1 : (sums[k] as number) / terms }));
}

/** Length of the range that also holds 0, of the first `n` samples of an order. */
function extentAfter(lo: ArrayLike<number>, hi: ArrayLike<number>, order: readonly number[], n: number): number {
  let [low, high] = [0, 0];
  for (let i = 0; i < n; i++) {
    low = Math.min(low, lo[order[i] as number] as number);
    high = Math.max(high, hi[order[i] as number] as number);
  }
  return high - low;
}

function shuffled(n: number, random: Random): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** One sample beside the others. */
export interface SampleScore {
  /** Its ranges, relative to the median sample's: geometric mean over the tensors. */
  readonly range: number;
  /** Deviations of that from the median, on a scale of logarithms; negative for narrower ranges. */
  readonly rangeScore: number;
  /** Its noise-to-signal ratio at the output, relative to the median; NaN where it was not measured. */
  readonly noise: number;
  readonly noiseScore: number;
}

/** Deviations that count at least, in octaves: ranges that differ by 3 %, noise that differs by a quarter. */
const LEAST_RANGE = 0.05;
const LEAST_NOISE = 0.3;

/**
 * How far each sample is from the others, by its ranges and its error.
 *
 * @param noise noise-to-signal ratio at the output of each sample, as far as they were measured.
 */
export function sampleScores(tensors: readonly Extremes[], noise: ArrayLike<number>, samples: number): SampleScore[] {
  const all = Array.from({ length: samples }, (_, s) => s);
  const shifts = new Float64Array(samples);
  let used = 0;
  for (const { lo, hi } of tensors) {
    const octaves = all.map((s) => Math.log2(Math.max(hi[s] as number, 0) - Math.min(lo[s] as number, 0)));
    if (!octaves.every(Number.isFinite)) continue;
    used++;
    const middle = median(octaves);
    for (const s of all) shifts[s] = (shifts[s] as number) + (octaves[s] as number) - middle;
  }
  const ranges = all.map((s) => (used === 0 ? 0 : (shifts[s] as number) / used));
  const known = Array.from(noise)
    .slice(0, samples)
    .filter((x) => x > 0 && Number.isFinite(x));
  const errors = known.length === samples ? known.map(Math.log2) : undefined;
  const [rangeScores, noiseScores] = [robustScores(ranges, LEAST_RANGE), errors && robustScores(errors, LEAST_NOISE)];
  const [rangeMiddle, noiseMiddle] = [median(ranges), errors && median(errors)];
  return all.map((s) => ({
    range: 2 ** ((ranges[s] as number) - rangeMiddle),
    rangeScore: rangeScores[s] as number,
    noise: errors === undefined ? Number.NaN : 2 ** ((errors[s] as number) - (noiseMiddle as number)),
    noiseScore: noiseScores?.[s] ?? Number.NaN,
  }));
}

/** Fewer samples show no middle that one could be far from. */
export const LEAST_SAMPLES = 8;
