import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { clamp } from '../base/round.ts';
import { SortedSums, upperBound } from './sortedSums.ts';
import { type CentroidStart, initialCentroids } from './startCentroids.ts';

export interface KmeansOptions {
  /** 2 to 65536. */
  readonly clusters: number;
  readonly start: CentroidStart;
  readonly signal?: AbortSignalLike;
}

/** Numbers as indices into a table. */
export interface Clustered {
  /** Ascending; fewer than asked for where there are fewer distinct values. */
  readonly centroids: Float32Array;
  /** Per element, of its nearest centroid; of two the lower. */
  readonly indices: Uint16Array;
  /** How often centroids moved. */
  readonly rounds: number;
}

/** Of many values some move for ever; what that gains by then is nothing. */
const MOST_ROUNDS = 300;
const ELEMENTS_PER_LOOK = 65536;

/**
 * k-means in one dimension, until no centroid moves or for 300 rounds: each value goes to its nearest centroid, each
 * centroid to the mean of its values, rounded to float32. Clusters of sorted values are runs, so that a round needs their
 * ends alone. A centroid without values moves to one that lies farthest from its own.
 *
 * @param x finite float32, any length.
 * @source S. P. Lloyd, Least squares quantization in PCM (1982), method I.
 */
export function kmeans(x: Float32Array, { clusters, start, signal }: KmeansOptions): Clustered {
  const sums = new SortedSums(x.slice().sort());
  const exact = distinctValues(sums.values, clusters);
  if (exact !== undefined) return { centroids: exact, indices: nearest(x, exact, signal), rounds: 0 };
  let centroids = initialCentroids(sums, clusters, start, signal);
  let rounds = 0;
  while (rounds < MOST_ROUNDS) {
    throwIfAborted(signal);
    const moved = move(sums, centroids);
    if (moved.every((c, i) => c === centroids[i])) break;
    centroids = moved;
    rounds++;
  }
  return { centroids, indices: nearest(x, centroids, signal), rounds };
}

/** What the indices stand for. */
export function centroidValues({ centroids, indices }: Clustered): Float32Array {
  return Float32Array.from(indices, (i) => centroids[i] as number);
}

/** The distinct values of a sorted list, unless there are more than `most`. */
function distinctValues(sorted: Float32Array, most: number): Float32Array | undefined {
  const found: number[] = [];
  for (const value of sorted) {
    if (found.length > 0 && value === found.at(-1)) continue;
    if (found.length === most) return undefined;
    found.push(value + 0); // never -0
  }
  return Float32Array.from(found);
}

/** One round. @returns the new centroids, ascending. */
function move(sums: SortedSums, centroids: Float32Array): Float32Array {
  const moved = new Float32Array(centroids.length);
  const ends = clusterEnds(sums.values, centroids);
  const empty: number[] = [];
  let from = 0;
  for (const [i, to] of ends.entries()) {
    if (to === from) empty.push(i);
    else moved[i] = mean(sums, from, to);
    from = to;
  }
  if (empty.length === 0) return moved;
  const far = farthestValues(sums.values, ends, moved, empty.length);
  for (const [i, at] of empty.entries()) moved[at] = far[i] ?? (centroids[at] as number);
  return moved.sort();
}

/** Of a run, inside it whatever float64 makes of sums that cancel; never -0. */
function mean(sums: SortedSums, from: number, to: number): number {
  const raw = sums.sum(from, to) / (to - from);
  return Math.fround(clamp(raw, sums.values[from] as number, sums.values[to - 1] as number)) + 0;
}

/** Where in the sorted values each centroid's run ends. */
function clusterEnds(sorted: Float32Array, centroids: Float32Array): Int32Array {
  const ends = new Int32Array(centroids.length).fill(sorted.length);
  let from = 0;
  for (const [i, border] of borders(centroids).entries()) {
    from = upperBound(sorted, border, from);
    ends[i] = from;
  }
  return ends;
}

/** Values at the ends of runs, the farthest from their centroids first. */
function farthestValues(sorted: Float32Array, ends: Int32Array, means: Float32Array, count: number): number[] {
  const far = new Map<number, number>();
  let from = 0;
  for (const [i, to] of ends.entries()) {
    for (const value of to === from ? [] : [sorted[from] as number, sorted[to - 1] as number]) {
      const distance = Math.abs(value - (means[i] as number));
      if (distance > 0) far.set(value, distance);
    }
    from = to;
  }
  const byDistance = [...far].sort(([, a], [, b]) => b - a);
  return byDistance.slice(0, count).map(([value]) => value);
}

/** Halfway between neighbours; a value on a border belongs to the lower of them. */
function borders(centroids: Float32Array): Float64Array {
  const between = new Float64Array(Math.max(0, centroids.length - 1));
  for (let i = 0; i < between.length; i++) {
    between[i] = ((centroids[i] as number) + (centroids[i + 1] as number)) / 2;
  }
  return between;
}

function nearest(x: Float32Array, centroids: Float32Array, signal: AbortSignalLike | undefined): Uint16Array {
  const between = borders(centroids);
  const indices = new Uint16Array(x.length);
  for (let i = 0; i < x.length; i++) {
    if (i % ELEMENTS_PER_LOOK === 0) throwIfAborted(signal);
    const value = x[i] as number;
    let lo = 0;
    let hi = between.length;
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if ((between[middle] as number) < value) lo = middle + 1;
      else hi = middle;
    }
    indices[i] = lo;
  }
  return indices;
}
