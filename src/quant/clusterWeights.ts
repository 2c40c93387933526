import type { AbortSignalLike } from '../base/abort.ts';
import type { Location } from '../base/diagnostics.ts';
import { metricSums, sqnrDb } from '../base/metrics.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { nonFiniteWeight } from './errors.ts';
import { centroidValues, kmeans } from './kmeans.ts';
import type { CentroidStart } from './startCentroids.ts';

/** How weights are replaced by centroids. */
export interface ClusterChoice {
  /** 2 to 65536, of each weight. */
  readonly clusters: number;
  readonly start: CentroidStart;
}

/** A weight all of whose elements are centroids. */
export interface ClusteredWeight {
  /** The centroid of each element. */
  readonly weight: Tensor<'float32'>;
  /** Ascending. */
  readonly centroids: Float32Array;
  readonly indices: Uint16Array;
  /** Of an index. */
  readonly bits: number;
  /** Packed indices and float32 centroids. */
  readonly byteLength: number;
  readonly rounds: number;
  /** Of the centroids against the elements. */
  readonly sqnrDb: number;
}

/** Clusters one weight. @throws QNT201 when it holds NaN or infinities. */
export function clusterWeight(
  { dims, data }: Tensor<'float32' | 'float16' | 'bfloat16'>,
  { clusters, start }: ClusterChoice,
  at: Location,
  signal: AbortSignalLike,
): ClusteredWeight {
  throwIfNotFinite(data, at);
  const found = kmeans(data, { clusters, start, signal });
  const values = centroidValues(found);
  const bits = indexBits(found.centroids.length);
  return {
    ...found,
    weight: tensor('float32', dims, values),
    bits,
    byteLength: Math.ceil((data.length * bits) / 8) + found.centroids.byteLength,
    sqnrDb: sqnrDb(metricSums(data, values)),
  };
}

/** Bits that tell so many centroids apart; none for one. */
function indexBits(centroids: number): number {
  return centroids < 2 ? 0 : 32 - Math.clz32(centroids - 1);
}

function throwIfNotFinite(data: Float32Array, at: Location): void {
  let nan = 0;
  let inf = 0;
  for (const x of data) {
    if (x - x === 0) continue;
    if (Number.isNaN(x)) nan++;
    else inf++;
  }
  if (nan + inf > 0) throw nonFiniteWeight(at, nan, inf);
}
