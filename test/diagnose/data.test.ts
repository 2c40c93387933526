import { expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type Extremes, lastDoubling, rangeGrowth, sampleScores } from '../../src/diagnose/dataRanges.ts';
import { enoughOf, marginOf } from '../../src/diagnose/dataReference.ts';
import { chanceProminence, classFigures, denseForm, densePeak } from '../../src/diagnose/dataScores.ts';
import { gaussianDivergence, median, robustScores, signTest } from '../../src/diagnose/dataStatistics.ts';
import { bestOf, isAdvised, type Reaction } from '../../src/diagnose/dataVerdict.ts';

test.each([
  [0, 0, 1],
  [1, 0, 1 / 2],
  [5, 0, 1 / 32],
  [3, 1, 5 / 16],
  [2, 2, 11 / 16],
  [0, 4, 1],
])('the sign test of %i better and %i worse is the binomial tail', (better, worse, expected) => {
  expect(signTest(better, worse)).toBeCloseTo(expected, 12);
});

test('a Gaussian has no distance from itself, and as much as the formula says from others', () => {
  expect(gaussianDivergence(0, 1)).toBe(0);
  expect(gaussianDivergence(2, 1)).toBe(2);
  expect(gaussianDivergence(0, Math.E)).toBeCloseTo((Math.E - 2) / 2, 12);
});

test('medians and scores by the median distance are not moved by an outlier', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
  const scores = robustScores([1, 2, 3, 4, 5, 1000], 0);
  expect(scores[5]).toBeGreaterThan(400);
  expect(Math.abs(scores[0] as number)).toBeLessThan(2);
  expect(robustScores([1, 1, 1, 1.01], 0.1)[3]).toBeCloseTo(0.1, 6);
});

test('the lead of the best class does not depend on the scale of the logits, and is that of their probabilities', () => {
  const random = seededRandom(1);
  const logits = Float32Array.from({ length: 50 }, (_, i) => random.normal() + (i === 7 ? 6 : 0));
  const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
  const a = classFigures(logits);
  const b = classFigures(logits.map((x) => 3 * x));
  const c = classFigures(logits.map((x) => Math.exp(x) / total));
  expect(a.best).toBe(7);
  expect(b.prominence).toBeCloseTo(a.prominence, 5);
  expect(c.prominence).toBeCloseTo(a.prominence, 4);
  expect(c.margin).toBeCloseTo(a.margin, 4);
  expect(b.probability).toBeGreaterThan(a.probability);
  expect(a.prominence).toBeGreaterThan(chanceProminence(50));
  expect(classFigures(new Float32Array(5)).prominence).toBe(0);
});

test('scores of a detector are the columns between 0 and 1, without the one that says background', () => {
  const rows = Array.from({ length: 100 }, (_, r) => [12 + r, 0.9, r < 10 ? 0.8 : 0.1]);
  const x = Float32Array.from(rows.flat());
  const form = denseForm(x, [1, 100, 3]);
  expect(form).toEqual({ columns: 3, used: [2] });
  expect(densePeak(x, { columns: 3, used: [2] })).toBeCloseTo(0.8, 6);
  expect(
    denseForm(
      Float32Array.from({ length: 100 }, () => -1),
      [1, 1, 10, 10],
    ),
  ).toBeUndefined();
});

function normals(samples: number, tensors: number, seed: number): Extremes[] {
  const random = seededRandom(seed);
  return Array.from({ length: tensors }, () => {
    const hi = Array.from({ length: samples }, () => 4 + random.normal());
    return { lo: hi.map(() => 0), hi };
  });
}

test('ranges grow with samples up to those of all, and less and less', () => {
  const tensors = normals(20, 30, 3);
  const growth = rangeGrowth(tensors, 20);
  expect(growth.map((p) => p.samples)).toEqual([1, 2, 4, 8, 16, 20]);
  const ranges = growth.map((p) => p.range);
  expect(ranges).toEqual([...ranges].sort((a, b) => a - b));
  expect(ranges.at(-1)).toBe(1);
  expect(rangeGrowth(tensors, 20)).toEqual(growth);
  expect(lastDoubling(normals(4, 30, 4), 4)).toBeGreaterThan(lastDoubling(normals(256, 30, 4), 256));
  expect(lastDoubling(tensors, 1)).toBeNaN();
});

test('a sample with other ranges, and one with more noise, stand out', () => {
  const tensors = normals(20, 30, 5).map(({ hi }) => {
    const other = Array.from(hi);
    other[3] = 30;
    return { lo: other.map(() => 0), hi: other };
  });
  const noise = Array.from({ length: 20 }, (_, s) => (s === 6 ? 1 : 0.01 + s * 1e-4));
  const scores = sampleScores(tensors, noise, 20);
  expect(scores.map((s, i) => [i, Math.abs(s.rangeScore)] as const).filter(([, z]) => z > 3.5)).toHaveLength(1);
  expect(scores[3]?.range).toBeGreaterThan(5);
  expect(scores[6]?.noiseScore).toBeGreaterThan(10);
  expect(scores[6]?.noise).toBeGreaterThan(50);
});

const reactions = (count: number, of: (i: number) => Reaction): Reaction[] =>
  Array.from({ length: count }, (_, i) => of(i));
const far =
  (d: number) =>
  (i: number): Reaction => ({ divergence: d + (i % 3) / 100 });

test('a change is advised where it is better on nearly all samples, by enough, and nothing speaks against it', () => {
  const now = reactions(20, far(2));
  const advised = (changed: Reaction[], isLikeScale = true): boolean => isAdvised({ now, changed, isLikeScale }, 12);
  expect(advised(reactions(20, far(0.2)))).toBe(true);
  expect(advised(reactions(20, far(1.9)))).toBe(false); // by too little
  expect(advised(reactions(20, (i) => far(i % 3 === 0 ? 3 : 0.2)(i)))).toBe(false); // on too few
  expect(advised(now)).toBe(false);
  const labelled = now.map((r, i) => ({ ...r, isRight: i > 2 }));
  const wrong = reactions(20, (i) => ({ ...far(0.2)(i), isRight: false }));
  expect(isAdvised({ now: labelled, changed: wrong, isLikeScale: true }, 12)).toBe(false); // labels contradict
});

test('scores of a detector are compared on inputs of one scale only', () => {
  const now = reactions(30, () => ({ peak: 0.3 }));
  const changed = reactions(30, () => ({ peak: 0.9 }));
  expect(isAdvised({ now, changed, isLikeScale: true }, 12)).toBe(true);
  expect(isAdvised({ now, changed, isLikeScale: false }, 12)).toBe(false);
});

test('of changes that labels do not tell apart the one with the better statistics is best', () => {
  const of = (d: number, right: number): Reaction[] => reactions(20, (i) => ({ ...far(d)(i), isRight: i < right }));
  expect(bestOf([of(1, 18), of(0.5, 17), of(0.1, 3)])).toBe(1);
  expect(bestOf([])).toBe(-1);
});

test('enough is the least cosine down to which all trials hold the accuracy', () => {
  const points = [
    { cosine: 0.9, top1: 0.8 },
    { cosine: 0.999, top1: 0.8 },
    { cosine: 0.95, top1: 0.7 },
    { cosine: 0.99, top1: 0.798 },
  ];
  expect(enoughOf(points, 0.8, 0.005)).toBe(0.99);
  expect(enoughOf(points, 0.9, 0.005)).toBeNull();
  expect(marginOf(0.5, 100)).toBe(0.05);
  expect(marginOf(1, 100)).toBe(0.005);
});
