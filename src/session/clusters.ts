import type { AbortSignalLike } from '../base/abort.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import type { ClustersView, Progress } from '../protocol/views.ts';
import { type ClusterChoice, type ClusteredWeight, clusterWeight } from '../quant/clusterWeights.ts';
import { loadConstants, type Prepared } from './prepared.ts';

/** A constant input that a plan quantizes. */
interface PlannedWeight {
  readonly node: NodeId;
  readonly value: ValueId;
}

export interface ClusterParts {
  /** Undefined leaves weights as they are. */
  readonly choice: ClusterChoice | undefined;
  readonly prepared: Pick<Prepared, 'graph'>;
  readonly file: string;
  readonly onProgress: (progress: Progress) => void;
}

type FloatTensor = Tensor<'float32' | 'float16' | 'bfloat16'>;

/** The weights of a run as centroids, each clustered once. */
export class WeightClusters {
  readonly #choice: ClusterChoice | undefined;
  readonly #prepared: Pick<Prepared, 'graph'>;
  readonly #file: string;
  readonly #onProgress: ClusterParts['onProgress'];
  readonly #made = new Map<ValueId, ClusteredWeight & { readonly node: Node | undefined }>();

  constructor({ choice, prepared, file, onProgress }: ClusterParts) {
    this.#choice = choice;
    this.#prepared = prepared;
    this.#file = file;
    this.#onProgress = onProgress;
  }

  /**
   * Loads constants; those of two dimensions or more that are weights have centroids for elements.
   * @throws DiagnosticError QNT201 when one of these holds NaN or infinities; Cancelled
   */
  async load(
    ids: readonly ValueId[],
    weights: readonly PlannedWeight[],
    signal: AbortSignalLike,
  ): Promise<Map<ValueId, Tensor>> {
    const loaded = await loadConstants(this.#prepared.graph, ids);
    if (this.#choice === undefined) return loaded;
    for (const [done, planned] of weights.entries()) {
      const weight = loaded.get(planned.value);
      if (weight === undefined || weight.dims.length < 2 || !isFloat(weight) || this.#made.has(planned.value)) continue;
      const text = this.#nameOf(planned.value);
      this.#onProgress({ stage: 'quantize', done, total: weights.length, text });
      loaded.set(planned.value, this.#cluster(weight, planned, this.#choice, signal).weight);
    }
    return loaded;
  }

  /** A weight as centroids; undefined where weights are left as they are. @throws as {@link load} */
  async of(planned: PlannedWeight, signal: AbortSignalLike): Promise<ClusteredWeight | undefined> {
    const known = this.#made.get(planned.value);
    if (known !== undefined || this.#choice === undefined) return known;
    const weight = (await loadConstants(this.#prepared.graph, [planned.value])).get(planned.value);
    return weight === undefined || !isFloat(weight) ? undefined : this.#cluster(weight, planned, this.#choice, signal);
  }

  /** The clustered ones among a plan's weights; null where weights are left as they are. */
  view(weights: readonly PlannedWeight[]): ClustersView | null {
    if (this.#choice === undefined) return null;
    const values = new Set(weights.map(({ value }) => value));
    return {
      clusters: this.#choice.clusters,
      start: this.#choice.start,
      tensors: [...this.#made].flatMap(([value, { node, centroids, stored, sqnrDb, rounds }]) =>
        values.has(value)
          ? [
              {
                tensor: this.#nameOf(value),
                node: node?.handle ?? '',
                elements: stored.elements,
                centroids: centroids.length,
                bits: stored.bits,
                bytes: stored.codeBytes + stored.parameterBytes,
                gzipBytes: stored.gzipBytes,
                sqnrDb,
                rounds,
              },
            ]
          : [],
      ),
    };
  }

  #cluster(weight: FloatTensor, planned: PlannedWeight, choice: ClusterChoice, signal: AbortSignalLike) {
    const node = this.#prepared.graph.nodes.find((n) => n.id === planned.node);
    const at = {
      file: this.#file,
      tensor: this.#nameOf(planned.value),
      ...(node && { node: node.handle, opType: node.opType }),
    };
    const made = { ...clusterWeight(weight, choice, at, signal), node };
    this.#made.set(planned.value, made);
    return made;
  }

  #nameOf(value: ValueId): string {
    return this.#prepared.graph.values.get(value)?.name ?? '';
  }
}

function isFloat(t: Tensor): t is FloatTensor {
  return t.dtype === 'float32' || t.dtype === 'float16' || t.dtype === 'bfloat16';
}
