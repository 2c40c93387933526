import { isMetricId, METRICS, type MetricId, metricInfo } from '../../../src/protocol/metrics.ts';
import { Cancelled, diagnosticOf } from '../../../src/protocol/rpc.ts';
import type { Connection } from '../../connection.ts';
import { sensitivityColumn } from '../../findings/sensitivityInfo.ts';
import type { MetricSource } from '../../query/graphRows.ts';
import type { AppState, Store } from '../../store.ts';

export interface MetricColumnsOptions {
  readonly store: Store;
  readonly connection: Connection;
  /** Other figures than before. */
  readonly onChange: () => void;
}

/** The session's code for a sample that is not there. */
export const NO_SUCH_SAMPLE = 'SES426';

const BY_SHORT: ReadonlyMap<string, MetricId> = new Map(METRICS.map((m) => [m.short, m.id]));

/** Figures of all nodes that are asked for when a column or a query first needs them, and again after a run. */
export class MetricColumns implements MetricSource {
  readonly #options: MetricColumnsOptions;
  readonly #columns = new Map<MetricId, Float64Array>();
  readonly #asked = new Set<MetricId>();
  readonly #wanted = new Map<string, ReadonlySet<MetricId>>();
  #turn = 0;
  #of: Pick<AppState, 'graph' | 'sample'> | undefined;

  constructor(options: MetricColumnsOptions) {
    this.#options = options;
  }

  /** Follows the state from now on. */
  start(): void {
    const { store } = this.#options;
    store.watch(
      (s) => [s.graph, s.run, s.trial, s.sample],
      () => this.#restart(),
    );
    store.watch(
      (s) => [s.sensitivity.view, s.run],
      (state) => this.#takeSensitivities(state),
    );
    store.watch(
      (s) => [s.heat],
      (state) => this.#takeTimes(state),
    );
  }

  column(short: string): Float64Array | undefined {
    const id = BY_SHORT.get(short);
    return id && this.#columns.get(id);
  }

  of(id: MetricId): Float64Array | undefined {
    return this.#columns.get(id);
  }

  /** Says which figures a panel shows or asks about. */
  want(panel: string, fields: ReadonlySet<string>): void {
    this.#wanted.set(panel, new Set([...fields].flatMap((field) => BY_SHORT.get(field) ?? [])));
    this.#load();
  }

  #restart(): void {
    this.#turn++;
    this.#asked.clear();
    this.#forget();
    this.#takeSensitivities(this.#options.store.state);
    this.#load();
  }

  /** After another run of the same graph the figures that are asked for anew stay until they come: rows keep their places. */
  #forget(): void {
    const { graph, run, sample } = this.#options.store.state;
    const isSame = run !== null && graph === this.#of?.graph && sample === this.#of.sample;
    this.#of = { graph, sample };
    const wanted = new Set([...this.#wanted.values()].flatMap((ids) => [...ids]));
    for (const id of this.#columns.keys())
      if (!isSame || !wanted.has(id) || metricInfo(id).needs === 'timing') this.#columns.delete(id);
  }

  #load(): void {
    const { graph, run, sample } = this.#options.store.state;
    if (graph === null) return;
    for (const id of new Set([...this.#wanted.values()].flatMap((ids) => [...ids]))) {
      const { needs } = metricInfo(id);
      const isThere = needs === 'model' || (needs === 'run' && run !== null); // times are measured only from the heat map
      if (isThere && !this.#asked.has(id)) void this.#request(id, sample);
    }
  }

  async #request(metric: MetricId, of: AppState['sample']): Promise<void> {
    const turn = this.#turn;
    this.#asked.add(metric);
    const { connection, store, onChange } = this.#options;
    try {
      const { values } = await connection.rpc.request('heat/get', { metric, of });
      if (turn !== this.#turn) return;
      this.#columns.set(metric, values);
      onChange();
    } catch (cause) {
      if (turn !== this.#turn) return;
      if (this.#columns.delete(metric)) onChange();
      if (cause instanceof Cancelled) return;
      const problem = diagnosticOf(cause, 'view', 'heat/get');
      // A run of fewer samples than the one before: the worst is always there.
      if (problem.code === NO_SUCH_SAMPLE) store.update({ sample: 'worst' });
      else store.update({ problems: [...store.state.problems, problem].slice(-50), hideProblems: false });
    }
  }

  /** Times are measured for the heat map alone; once they are there, they are shown. */
  #takeTimes({ heat }: AppState): void {
    for (const shown of [heat?.main, heat?.second]) {
      if (!shown || !isMetricId(shown.metric) || metricInfo(shown.metric).needs !== 'timing') continue;
      if (this.#columns.get(shown.metric) === shown.values) continue;
      this.#columns.set(shown.metric, shown.values);
      this.#options.onChange();
    }
  }

  #takeSensitivities({ graph, run, sensitivity: { view } }: AppState): void {
    if (graph === null) return;
    if (view === null) {
      const values = new Float64Array(graph.nodeCount).fill(Number.NaN);
      for (const { nodeId, sensitivity } of run?.nodes ?? []) put(values, graph.nodeIndex(nodeId), sensitivity);
      this.#columns.set('sensitivity', values);
    } else this.#columns.set('sensitivity', sensitivityColumn(view, graph).values);
    this.#options.onChange();
  }
}

function put(values: Float64Array, index: number, value: number | null): void {
  if (index >= 0 && value !== null) values[index] = value;
}
