import type { NodeFigures } from '../../../src/protocol/views.ts';
import type { Connection } from '../../connection.ts';
import { NodeRows } from '../../query/graphRows.ts';
import type { Store } from '../../store.ts';
import { MetricColumns } from './metricColumns.ts';

/** The nodes of the graph with what is known of them, as tables and queries read it. */
export class NodeSource {
  readonly metrics: MetricColumns;
  /** Null while there is no model. */
  rows: NodeRows | null = null;
  readonly #store: Store;
  readonly #listeners: (() => void)[] = [];
  #figures: ReadonlyMap<number, NodeFigures> = new Map();

  constructor(store: Store, connection: Connection) {
    this.#store = store;
    this.metrics = new MetricColumns({ store, connection, onChange: () => this.#renew() });
  }

  /** Follows the state from now on. */
  start(): void {
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

  #renew(): void {
    const { graph } = this.#store.state;
    const { metrics, figuresOf } = this;
    this.rows = graph === null ? null : new NodeRows({ table: graph, metrics, figuresOf }, this.rows ?? undefined);
    for (const listener of this.#listeners) listener();
  }
}
