import type { NodeFigures } from '../../../src/protocol/views.ts';
import type { Connection } from '../../connection.ts';
import { NodeRows } from '../../query/graphRows.ts';
import { NodeGroups } from '../../query/nodeGroups.ts';
import type { Store } from '../../store.ts';
import { MetricColumns } from './metricColumns.ts';

/** The nodes of the graph with what is known of them, as tables and queries read it. */
export class NodeSource {
  readonly metrics: MetricColumns;
  /** Null while there is no model. */
  rows: NodeRows | null = null;
  groups: NodeGroups | null = null;
  /** Rows that are chosen in the table of nodes. */
  chosenRows: () => Int32Array = () => new Int32Array(0);
  readonly #store: Store;
  readonly #listeners: (() => void)[] = [];
  #figures: ReadonlyMap<number, NodeFigures> = new Map();

  constructor(store: Store, connection: Connection) {
    this.#store = store;
    this.metrics = new MetricColumns({ store, connection, onChange: () => this.#renew() });
  }

  /** Follows the state from now on. */
  start(): void {
    this.#store.watch(
      (s) => [s.graph, s.hierarchy],
      ({ graph, hierarchy }) => {
        this.groups = graph && new NodeGroups(graph, hierarchy);
        this.#renew();
      },
    );
    this.metrics.start();
    this.#store.watch(
      (s) => [s.graph, s.run, s.trial],
      ({ graph, run }) => {
        this.#figures = new Map(run?.nodes.map((f) => [graph?.nodeIndex(f.nodeId) ?? -1, f]));
        this.#renew();
      },
    );
  }

  /** Calls `listener` whenever rows or figures are others than before. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** How a node ran, by its index; undefined before a run. */
  readonly figuresOf = (node: number): NodeFigures | undefined => this.#figures.get(node);

  /** What is chosen in the table of nodes. */
  chosen(): { readonly nodes: Int32Array; readonly has: (nodeId: number) => boolean } {
    const nodes = this.chosenRows();
    const { graph } = this.#store.state;
    return { nodes, has: (nodeId) => graph !== null && nodes.includes(graph.nodeIndex(nodeId)) };
  }

  #renew(): void {
    const { graph } = this.#store.state;
    const { metrics, figuresOf, groups } = this;
    const parts = graph && groups && { table: graph, metrics, figuresOf, groups };
    this.rows = parts && new NodeRows(parts, this.rows ?? undefined);
    for (const listener of this.#listeners) listener();
  }
}
