import type { AbortSignalLike } from '../base/abort.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import type { ClustersView } from '../protocol/views.ts';
import { type ClusterChoice, type ClusteredWeight, clusterWeight } from '../quant/clusterWeights.ts';
import { loadConstants, type Prepared } from './prepared.ts';

/** A constant input that a plan quantizes. */
interface PlannedWeight {
  readonly node: NodeId;
  readonly value: ValueId;
}

/** The weights of a run as centroids, each clustered once. */
export class WeightClusters {
  readonly #choice: ClusterChoice | undefined;
  readonly #prepared: Pick<Prepared, 'graph'>;
  readonly #file: string;
  readonly #made = new Map<ValueId, ClusteredWeight & { readonly node: Node }>();

  /** @param choice undefined leaves weights as they are. */
  constructor(choice: ClusterChoice | undefined, prepared: Pick<Prepared, 'graph'>, file: string) {
    this.#choice = choice;
    this.#prepared = prepared;
    this.#file = file;
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
    const nodes = new Map(this.#prepared.graph.nodes.map((n) => [n.id, n]));
    for (const { node: id, value } of weights) {
      const weight = loaded.get(value);
      const node = nodes.get(id);
      if (weight === undefined || node === undefined || !isWeight(weight) || this.#made.has(value)) continue;
      const at = { file: this.#file, node: node.handle, opType: node.opType, tensor: this.#nameOf(value) };
      const made = clusterWeight(weight, this.#choice, at, signal);
      this.#made.set(value, { ...made, node });
      loaded.set(value, made.weight);
    }
    return loaded;
  }

  /** The clustered ones among a plan's weights; null where weights are left as they are. */
  view(weights: readonly PlannedWeight[]): ClustersView | null {
    if (this.#choice === undefined) return null;
    const values = new Set(weights.map(({ value }) => value));
    return {
      clusters: this.#choice.clusters,
      start: this.#choice.start,
      tensors: [...this.#made].flatMap(([value, made]) => {
        if (!values.has(value)) return [];
        const { node, indices, centroids, bits, byteLength, sqnrDb, rounds } = made;
        return [
          {
            tensor: this.#nameOf(value),
            node: node.handle,
            elements: indices.length,
            centroids: centroids.length,
            bits,
            bytes: byteLength,
            sqnrDb,
            rounds,
          },
        ];
      }),
    };
  }

  #nameOf(value: ValueId): string {
    return this.#prepared.graph.values.get(value)?.name ?? '';
  }
}

function isWeight(t: Tensor): t is Tensor<'float32' | 'float16' | 'bfloat16'> {
  return t.dims.length >= 2 && (t.dtype === 'float32' || t.dtype === 'float16' || t.dtype === 'bfloat16');
}
