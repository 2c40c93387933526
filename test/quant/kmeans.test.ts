import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { seededRandom } from '../../src/base/random.ts';
import { type Clustered, centroidValues, kmeans } from '../../src/quant/kmeans.ts';
import { SortedSums } from '../../src/quant/sortedSums.ts';
import { type CentroidStart, initialCentroids } from '../../src/quant/startCentroids.ts';

const STARTS: readonly CentroidStart[] = ['linear', 'density', 'kmeans++'];
const FLOATS = fc.float({ min: -8, max: 8, noNaN: true, noDefaultInfinity: true });
/** Few values often, so that there are ties, gaps and centroids without values. */
const DATA = fc.oneof(
  fc.array(FLOATS, { minLength: 1, maxLength: 300 }),
  fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 300 }),
  fc.array(fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, FLOATS), { minLength: 1, maxLength: 300 }),
);
const CLUSTERS = fc.integer({ min: 2, max: 40 });

function squaredError(x: Float32Array, y: Float32Array): number {
  return x.reduce((sum, value, i) => sum + (value - (y[i] as number)) ** 2, 0);
}

/** The error of every value standing for its nearest of some centroids. */
function errorOf(x: Float32Array, centroids: Float32Array): number {
  const nearest = (value: number): number => Math.min(...Array.from(centroids, (c) => (value - c) ** 2));
  return x.reduce((sum, value) => sum + nearest(value), 0);
}

function normals(count: number): Float32Array {
  const random = seededRandom(3);
  return Float32Array.from({ length: count }, () => random.normal());
}

describe.each(STARTS)('k-means from %s centroids', (start) => {
  it('ends where each value has its nearest centroid, and each centroid is the mean of its values', () => {
    fc.assert(
      fc.property(DATA, CLUSTERS, (numbers, clusters) => {
        const x = Float32Array.from(numbers);
        const { centroids, indices } = kmeans(x, { clusters, start });
        expect([...centroids]).toEqual([...new Set(centroids)].sort((a, b) => a - b));
        for (const [i, value] of x.entries()) {
          const distances = Array.from(centroids, (c) => Math.abs(c - value));
          const nearest = Math.min(...distances);
          expect(distances[indices[i] as number]).toBe(nearest);
          // of two that are as near the lower; between values of unlike size float64 makes ties that are none
          if (x.every(Number.isInteger)) expect(indices[i]).toBe(distances.indexOf(nearest));
        }
        for (const [c, centroid] of centroids.entries()) {
          const own = x.filter((_, i) => indices[i] === c);
          expect(own.length).toBeGreaterThan(0);
          const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
          // sums of up to 300 float32 in float64, in another order: far below half a float32 step of the mean's size
          expect(Math.abs(centroid - mean)).toBeLessThanOrEqual(2 ** -24 * Math.abs(mean) + 300 * 8 * 2 ** -50);
        }
      }),
    );
  });

  it('has as many centroids as were asked for, or one for each distinct value', () => {
    fc.assert(
      fc.property(DATA, CLUSTERS, (numbers, clusters) => {
        const x = Float32Array.from(numbers, (v) => v + 0);
        const distinct = new Set(x).size;
        const found = kmeans(x, { clusters, start });
        expect(found.centroids.length).toBe(Math.min(clusters, distinct));
        if (distinct <= clusters) expect([...centroidValues(found)]).toEqual([...x]);
      }),
    );
  });

  it('errs less than where it started', () => {
    const x = normals(2000);
    const first = initialCentroids(new SortedSums(x.slice().sort()), 16, start, undefined);
    const found = kmeans(x, { clusters: 16, start });
    expect(squaredError(x, centroidValues(found))).toBeLessThan(0.9 * errorOf(x, first));
    expect(found.rounds).toBeGreaterThan(1);
  });

  it('gives the same for the same values in any order', () => {
    const x = normals(500);
    const found = kmeans(x, { clusters: 8, start });
    const reversed = kmeans(x.slice().reverse(), { clusters: 8, start });
    expect(reversed.centroids).toEqual(found.centroids);
    expect([...reversed.indices].reverse()).toEqual([...found.indices]);
  });

  it('clusters nothing, one value, and equal values', () => {
    const of = (...numbers: number[]): Clustered => kmeans(Float32Array.from(numbers), { clusters: 4, start });
    expect(of()).toEqual({ centroids: Float32Array.of(), indices: Uint16Array.of(), rounds: 0 });
    expect(of(3)).toEqual({ centroids: Float32Array.of(3), indices: Uint16Array.of(0), rounds: 0 });
    expect(of(2, 2, 2)).toEqual({ centroids: Float32Array.of(2), indices: Uint16Array.of(0, 0, 0), rounds: 0 });
  });

  it('stops when it is told to', () => {
    expect(() => kmeans(normals(100), { clusters: 4, start, signal: { aborted: true } })).toThrow(Cancelled);
  });
});

describe('the start of k-means', () => {
  const sorted = new SortedSums(Float32Array.of(0, 0, 0, 0, 1, 2, 3, 10));
  it('steps equally over the range, over the values, or jumps far', () => {
    expect([...initialCentroids(sorted, 3, 'linear', undefined)]).toEqual([0, 5, 10]);
    expect([...initialCentroids(sorted, 4, 'density', undefined)]).toEqual([0, 0, 2, 10]);
    const drawn = initialCentroids(sorted, 5, 'kmeans++', undefined);
    expect(
      [...drawn].sort((a, b) => a - b),
      'all five values: a value drawn has no chance again',
    ).toEqual([0, 1, 2, 3, 10]);
  });

  it('draws far values more often: two groups far apart get a centroid each', () => {
    const x = Float32Array.from({ length: 200 }, (_, i) => (i < 190 ? i * 1e-4 : 1000 + i));
    const [low, high] = initialCentroids(new SortedSums(x), 2, 'kmeans++', undefined);
    expect(low).toBeLessThan(1);
    expect(high).toBeGreaterThan(1000);
  });
});

describe('sums of sorted runs', () => {
  it('are those of the elements, across blocks', () => {
    const x = normals(300).sort();
    const sums = new SortedSums(x);
    for (const [from, to] of [
      [0, 0],
      [0, 300],
      [5, 70],
      [63, 64],
      [64, 128],
      [128, 300],
      [299, 300],
    ] as const) {
      const own = x.subarray(from, to);
      const bound = 2 ** -50 * 300 * 9; // roundings of up to 300 sums of squares of at most 9
      expect(Math.abs(sums.sum(from, to) - own.reduce((s, v) => s + v, 0))).toBeLessThanOrEqual(bound);
      const squared = own.reduce((s, v) => s + (v - 0.5) ** 2, 0);
      expect(Math.abs(sums.squaredDistance(from, to, 0.5) - squared)).toBeLessThanOrEqual(4 * bound);
    }
  });
});
