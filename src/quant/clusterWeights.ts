import type { AbortSignalLike } from '../base/abort.ts';
import type { Location } from '../base/diagnostics.ts';
import { metricSums, sqnrDb } from '../base/metrics.ts';
import { PER_TENSOR, type QuantizedTensor, type QuantScheme } from '../base/quantParams.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { packPlain } from './encode/packing.ts';
import { type StoredWeight, storedWeight } from './encode/stored.ts';
import { nonFiniteWeight } from './errors.ts';
import { type Clustered, centroidValues, kmeans } from './kmeans.ts';
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
  /** Indices, less the half of what their bits can count, and the table of what they stand for. */
  readonly quantized: QuantizedTensor;
  /** Packed indices, and float32 centroids. */
  readonly stored: StoredWeight;
  readonly rounds: number;
  /** Of the centroids against the elements. */
  readonly sqnrDb: number;
}

type FloatTensor = Tensor<'float32' | 'float16' | 'bfloat16'>;

/** Clusters one weight. @throws QNT201 when it holds NaN or infinities. */
export function clusterWeight(
  { dims, data }: FloatTensor,
  { clusters, start }: ClusterChoice,
  at: Location,
  signal: AbortSignalLike,
): ClusteredWeight {
  throwIfNotFinite(data, at);
  const found = kmeans(data, { clusters, start, signal });
  const values = centroidValues(found);
  return {
    weight: tensor('float32', dims, values),
    centroids: found.centroids,
    ...codesOf(found, dims),
    rounds: found.rounds,
    sqnrDb: sqnrDb(metricSums(data, values)),
  };
}

/** The codes of so many clusters: indices less the half of what their bits can count. */
export function clusterScheme(clusters: number): QuantScheme {
  const bits = bitsFor(clusters);
  const half = 2 ** (bits - 1);
  const held = bits <= 8 ? 'int8' : 'int16';
  return { dtype: held, mapping: 'asymmetric', granularity: PER_TENSOR, qmin: -half, qmax: half - 1, bits };
}

/** Bytes that a weight takes at most as indices and centroids. */
export function mostClusteredBytes(elements: number, clusters: number): number {
  const centroids = Math.min(elements, clusters);
  return Math.ceil((elements * bitsFor(centroids)) / 8) + 4 * centroids;
}

function codesOf(
  { centroids, indices }: Clustered,
  dims: readonly number[],
): Pick<ClusteredWeight, 'quantized' | 'stored'> {
  const scheme = clusterScheme(centroids.length);
  const bits = bitsFor(centroids.length);
  const held = scheme.dtype === 'int8' ? new Int8Array(indices.length) : new Int16Array(indices.length);
  for (let i = 0; i < indices.length; i++) held[i] = (indices[i] as number) + scheme.qmin;
  const codes = held instanceof Int8Array ? tensor('int8', dims, held) : tensor('int16', dims, held);
  const params = { scheme, scale: Float32Array.of(1), zeroPoint: Int32Array.of(0), table: centroids };
  const packed = packPlain({ codes: held, bits, zeroAt: () => 0 });
  const table = new Uint8Array(centroids.buffer, centroids.byteOffset, centroids.byteLength);
  const stored = storedWeight({ encoding: 'clusters', bits, elements: indices.length }, packed, table);
  return { quantized: { codes, params }, stored };
}

/** Bits that tell so many centroids apart, at least 1. */
function bitsFor(centroids: number): number {
  return centroids < 2 ? 1 : 32 - Math.clz32(centroids - 1);
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
