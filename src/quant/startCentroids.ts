import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { seededRandom } from '../base/random.ts';
import { type SortedSums, upperBound } from './sortedSums.ts';

/** `linear`: equal steps over the range; `density`: equal shares of the values; `kmeans++`: drawn by squared distance. */
export type CentroidStart = 'linear' | 'density' | 'kmeans++';

const SEED = 1;
const DRAWS_PER_LOOK = 256;

/**
 * Where k-means starts, ascending. Neighbours may be equal; all but the first of them are then without values.
 *
 * @param sums at least one value.
 */
export function initialCentroids(
  sums: SortedSums,
  clusters: number,
  start: CentroidStart,
  signal: AbortSignalLike | undefined,
): Float32Array {
  switch (start) {
    case 'linear':
      return linear(sums.values, clusters);
    case 'density':
      return density(sums.values, clusters);
    case 'kmeans++':
      return farApart(sums, clusters, signal);
  }
}

function linear(sorted: Float32Array, clusters: number): Float32Array {
  const least = sorted[0] as number;
  const range = (sorted.at(-1) as number) - least;
  return Float32Array.from({ length: clusters }, (_, i) => least + (range * i) / (clusters - 1));
}

function density(sorted: Float32Array, clusters: number): Float32Array {
  const share = sorted.length / clusters;
  return Float32Array.from({ length: clusters }, (_, i) => sorted[Math.floor((i + 0.5) * share)] as number);
}

/** A drawn centroid and the run of values that is nearest to it. */
interface Drawn {
  readonly centre: number;
  readonly from: number;
  readonly to: number;
  /** Sum of the squared distances of the run to the centre. */
  readonly cost: number;
}

/**
 * Each next centroid is a value drawn with a chance in proportion to its squared distance from the nearest so far.
 * @source D. Arthur, S. Vassilvitskii, k-means++: The Advantages of Careful Seeding (2007), section 2.2.
 */
function farApart(sums: SortedSums, clusters: number, signal: AbortSignalLike | undefined): Float32Array {
  const random = seededRandom(SEED);
  const { values } = sums;
  const all: Drawn[] = [run(sums, values[random.below(values.length)] as number, 0, values.length)];
  while (all.length < clusters) {
    if (all.length % DRAWS_PER_LOOK === 0) throwIfAborted(signal);
    let rest = random.next() * all.reduce((total, { cost }) => total + cost, 0);
    let at = 0;
    while (at < all.length - 1 && rest >= (all[at] as Drawn).cost) rest -= (all[at++] as Drawn).cost;
    const { centre, from, to } = all[at] as Drawn;
    const drawn = values[rankOfCost(sums, all[at] as Drawn, rest)] as number;
    const isAbove = drawn > centre;
    const [below, above] = isAbove ? [all[at], all[at + 1]] : [all[at - 1], all[at]];
    const first = below === undefined ? from : upperBound(values, (below.centre + drawn) / 2, below.from);
    const end = above === undefined ? to : upperBound(values, (drawn + above.centre) / 2, first);
    const between = [
      ...(below === undefined ? [] : [run(sums, below.centre, below.from, first)]),
      run(sums, drawn, first, end),
      ...(above === undefined ? [] : [run(sums, above.centre, end, above.to)]),
    ];
    all.splice(isAbove || below === undefined ? at : at - 1, between.length - 1, ...between);
  }
  return Float32Array.from(all, ({ centre }) => centre);
}

function run(sums: SortedSums, centre: number, from: number, to: number): Drawn {
  return { centre, from, to, cost: sums.squaredDistance(from, to, centre) };
}

/** The first value of a run whose squared distances, added up from the run's start, exceed `cost`. */
function rankOfCost(sums: SortedSums, { centre, from, to }: Drawn, cost: number): number {
  let lo = from;
  let hi = to - 1;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (sums.squaredDistance(from, middle + 1, centre) > cost) hi = middle;
    else lo = middle + 1;
  }
  return lo;
}
