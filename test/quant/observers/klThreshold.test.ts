import { describe, expect, test } from 'vitest';
import { KL_BINS } from '../../../src/quant/observers/clippedHistogram.ts';
import { leastDivergenceF32 } from '../../../src/quant/observers/klReference.ts';
import { klThreshold, type MagnitudeHistogram } from '../../../src/quant/observers/klThreshold.ts';
import { type Numbers, numbersOf } from '../../suites/numbers.ts';
import { everyDivergence } from './klTranscription.ts';

const SHAPES: Readonly<Record<string, (random: Numbers) => number>> = {
  normal: (r) => Math.abs(r.normal()),
  'with heavy tails': (r) => Math.abs(r.normal()) ** 3,
  even: (r) => r.within(0, 1e6),
  'on few values': (r) => r.within(0, 20),
  bimodal: (r) => Math.abs(r.normal()) + (r.within(0, 1) === 0 ? 0 : 30),
};
/** How many are drawn, and how many elements each one stands for. */
const SIZES = [
  [1, 1],
  [300, 7],
  [20_000, 5000],
  [200_000, 1],
] as const;

function countsOf(random: Numbers, draw: (random: Numbers) => number, [drawn, each]: readonly [number, number]) {
  const values = Array.from({ length: drawn }, () => draw(random));
  const largest = values.reduce((m, v) => Math.max(m, v), 0);
  const counts = new Float64Array(KL_BINS);
  for (const v of values) {
    const bin = Math.min(Math.floor((v / largest) * KL_BINS), KL_BINS - 1);
    counts[bin] = (counts[bin] as number) + each;
  }
  return counts;
}

/** Counted up one by one, as float32 goes. */
function binOf(count: number): number {
  let bin = Math.fround(1e-7);
  for (let i = 0; i < Math.min(count, 4); i++) bin = Math.fround(bin + 1);
  return count <= 4 ? bin : Math.min(count, 2 ** 24);
}

/** Where the least lies; NaN is never the least. */
function leastOf(all: readonly number[]): number {
  let best = 0;
  for (const [k, d] of all.entries()) if (Number.isNaN(all[best]) || d < (all[best] as number)) best = k;
  return best + 128;
}

describe.each(Object.entries(SHAPES))('the reference on data that is %s', (_, draw) => {
  test.each(SIZES)('chooses as the step by step search does, for %i drawn, %i times each', (...size) => {
    const counts = countsOf(numbersOf(size[0] + size[1]), draw, size);
    expect(leastDivergenceF32(counts)).toBe(leastOf(everyDivergence(Float32Array.from(counts, binOf))));
  });
});

test('the reference on nothing, or on one bin, chooses as the step by step search does', () => {
  for (const [bin, count] of [
    [0, 0],
    [127, 1],
    [1000, 2],
    [2047, 3e9],
  ] as const) {
    const counts = new Float64Array(KL_BINS);
    counts[bin] = count;
    expect(leastDivergenceF32(counts)).toBe(leastOf(everyDivergence(Float32Array.from(counts, binOf))));
  }
});

/** D(i) of each i from 128 to 2048, from its definition; NaN where the last bin is empty. */
function everyExactDivergence(counts: Float64Array): number[] {
  const total = counts.reduce((s, c) => s + c, 0);
  return Array.from({ length: KL_BINS - 127 }, (_, k) => {
    const i = k + 128;
    if (counts[i - 1] === 0) return Number.NaN;
    const q = spreadEvenly(counts, i);
    const kept = q.reduce((s, v) => s + v, 0);
    const tail = counts.slice(i).reduce((s, c) => s + c, 0);
    return q.reduce((d, v, j) => {
      const p = ((counts[j] as number) + (j === i - 1 ? tail : 0)) / total;
      return p === 0 ? d : d + p * Math.log(p / (v / kept));
    }, 0);
  });
}

/** The first i bins in 128 groups, each over its filled bins in proportion to what lies inside. */
function spreadEvenly(counts: Float64Array, i: number): Float64Array {
  const width = i / 128;
  const q = new Float64Array(i);
  for (let g = 0; g < 128; g++) {
    const [start, end] = [g * width, (g + 1) * width];
    const bins: { j: number; part: number }[] = [];
    for (let j = Math.floor(start); j < Math.min(i, Math.ceil(end)); j++)
      if (counts[j] !== 0) bins.push({ j, part: Math.min(j + 1, end) - Math.max(j, start) });
    const mass = bins.reduce((s, { j, part }) => s + part * (counts[j] as number), 0);
    const places = bins.reduce((s, { part }) => s + part, 0);
    for (const { j, part } of bins) q[j] = (q[j] as number) + (part * mass) / places;
  }
  return q;
}

/** What clipping after i bins and rounding to `levels` steps costs values in the middle of their bins, for i from 128. */
function everySquaredError({ counts, step, extremes }: MagnitudeHistogram, levels: number): number[] {
  return Array.from({ length: KL_BINS - 127 }, (_, k) => {
    const t = (k + 128.5) * step;
    const scale = (Math.min(extremes.hi, t) - Math.max(extremes.lo, -t)) / levels;
    return counts.reduce((error, c, j) => {
      const beyond = (j + 0.5) * step - t;
      return error + c * (beyond >= 0 ? beyond ** 2 : scale ** 2 / 12);
    }, 0);
  });
}

function histogramOf(counts: Float64Array, extremes = { lo: 0, hi: KL_BINS }): MagnitudeHistogram {
  return { counts, step: 1, extremes };
}

describe.each(Object.entries(SHAPES))('the threshold of data that is %s', (_, draw) => {
  test.each(SIZES)(
    'has the least relative entropy of those that cost less than clipping nothing, for %i drawn, %i times each',
    (...size) => {
      const counts = countsOf(numbersOf(size[0] * 3 + size[1]), draw, size);
      const entropies = everyExactDivergence(counts);
      for (const extremes of [
        { lo: 0, hi: KL_BINS },
        { lo: -KL_BINS, hi: 700 },
      ]) {
        const histogram = histogramOf(counts, extremes);
        const errors = everySquaredError(histogram, 255);
        const most = errors.at(-1) as number;
        const found = klThreshold(histogram, 255) - 128;
        const affordable = entropies.filter((_, k) => (errors[k] as number) <= most * (1 - 1e-9));
        // sums of 2048 terms of total magnitude below ln 2048, in another order: 2048 * 7.6 * 2^-53 on either side
        const tolerance = 2 * 2048 * 7.6 * 2 ** -52;
        for (const d of affordable) if (!Number.isNaN(d)) expect(entropies[found]).toBeLessThanOrEqual(d + tolerance);
        expect(errors[found]).toBeLessThanOrEqual(most * (1 + 1e-9));
      }
    },
  );
});

test('the threshold clips nothing of one value, of few, of even data, and next to nothing of a frequent value, all of which the reference clips', () => {
  const one = new Float64Array(KL_BINS);
  one[KL_BINS - 1] = 50;
  const even = new Float64Array(KL_BINS).fill(1000);
  const few = new Float64Array(KL_BINS).map((_, j) => (j % 13 === 7 || j === KL_BINS - 1 ? 1000 : 0));
  const frequent = even.slice();
  frequent[137] = 5_000_000;
  const all = [one, even, few, frequent];
  const [ofFrequent, ...others] = all.map((counts) => klThreshold(histogramOf(counts), 255)).reverse();
  expect(others).toEqual([KL_BINS, KL_BINS, KL_BINS]);
  expect(ofFrequent).toBeGreaterThan(0.99 * KL_BINS);
  for (const counts of all) expect(leastDivergenceF32(counts)).toBeLessThan(KL_BINS);
  expect([leastDivergenceF32(one), leastDivergenceF32(frequent)]).toEqual([128, 138]);
});

test('the threshold clips outliers, but fewer the more codes there are', () => {
  const random = numbersOf(4);
  const counts = countsOf(random, (r) => Math.abs(r.normal()), [100_000, 1]);
  const outliers = new Float64Array(KL_BINS);
  for (const [j, c] of counts.entries()) outliers[j >> 3] = (outliers[j >> 3] as number) + 100 * c;
  outliers[KL_BINS - 1] = 3;
  expect(klThreshold(histogramOf(outliers), 255)).toBeLessThan(300);
  expect(klThreshold(histogramOf(outliers), 65535)).toBe(KL_BINS);
});

test('the threshold of nothing clips nothing', () => {
  expect(klThreshold(histogramOf(new Float64Array(KL_BINS)), 255)).toBe(KL_BINS);
});

test('the threshold does not depend on how often all of the data is repeated', () => {
  const counts = countsOf(numbersOf(4), (r) => Math.abs(r.normal()) ** 3, [20_000, 1]);
  const once = klThreshold(histogramOf(counts), 255);
  for (const times of [2, 1024, 2 ** 20])
    expect(klThreshold(histogramOf(counts.map((c) => c * times)), 255)).toBe(once);
});
