import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { MetricId, SampleChoice } from '../../src/protocol/metrics.ts';
import type { Actions } from '../actions.ts';
import { createChartCard } from '../charts/chartCard.ts';
import { DEPTH_FIGURES, type DepthFigure, depthChart, depthFigureTitle } from '../charts/depth.ts';
import { sourcesChart } from '../charts/sources.ts';
import { h } from '../dom.ts';
import { segments } from '../inspector/segments.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';

/** The figure of a node alone that goes with one of its output; cosine similarity has none. */
const LOCAL: Readonly<Partial<Record<DepthFigure, MetricId>>> = {
  sqnrDb: 'localSqnrDb',
  cumulativeError: 'localError',
};

/** Charts of the whole network: the error along its depth, and which nodes make it. */
export function createChartsPanel(store: Store, actions: Actions): HTMLElement {
  const files = {
    saveTable: (name: string, text: string) => void actions.saveChartTable(name, text),
    savePicture: (name: string, data: string) => void actions.saveChartPicture(name, data),
  };
  let figure: DepthFigure = 'sqnrDb';
  const choice = segments<DepthFigure>(
    t('Figure'),
    DEPTH_FIGURES.map((f) => [f, depthFigureTitle(f)]),
    (id) => {
      figure = id;
      choice.show(id);
      void load();
    },
  );
  choice.show(figure);
  const depth = createChartCard(files, [choice.element]);
  const sources = createChartCard(files);
  const element = h(
    'section',
    { class: 'charts-panel', attrs: { 'aria-label': t('Charts of the network') } },
    depth.element,
    sources.element,
  );

  const columns = new Map<MetricId, Float64Array>();
  let turn = 0;
  let isStale = true;
  const column = async (metric: MetricId): Promise<Float64Array | string | undefined> => {
    const known = columns.get(metric);
    if (known !== undefined) return known;
    const answer = await actions.askColumn(metric);
    if (answer === undefined) return undefined;
    if ('problem' in answer) return answer.problem.message;
    columns.set(metric, answer.ok);
    return answer.ok;
  };
  const load = async () => {
    const { graph, run } = store.state;
    if (element.offsetParent === null || graph === null) {
      isStale = true;
      return;
    }
    isStale = false;
    if (run === null) {
      const hint = t('Quantize with a config first: the charts show the error of each node.');
      depth.show(hint);
      sources.show(hint);
      return;
    }
    const now = ++turn;
    const metric = LOCAL[figure];
    const [cumulative, local, relative, own] = await Promise.all([
      column(figure),
      metric === undefined ? null : column(metric),
      column('cumulativeError'),
      column('localError'),
    ]);
    if (now !== turn) return;
    const problem = [cumulative, local, relative, own].find((c) => typeof c === 'string');
    if (typeof problem === 'string') {
      depth.show(problem);
      sources.show(problem);
      return;
    }
    const of = nodesOf(graph, store, actions);
    if (cumulative instanceof Float64Array)
      depth.show(
        depthChart({
          ...of,
          figure,
          of: sampleText(store.state.sample),
          cumulative,
          local: local instanceof Float64Array ? local : null,
        }),
      );
    if (relative instanceof Float64Array && own instanceof Float64Array)
      sources.show(sourcesChart({ ...of, cumulative: relative, local: own }));
  };
  store.watch(
    (s) => [s.graph, s.run, s.trial, s.sample],
    () => {
      columns.clear();
      void load();
    },
  );
  store.watch(
    (s) => [s.selected],
    () => {
      depth.place();
      sources.place();
    },
  );
  store.watch(
    (s) => [s.bottom, s.tab, s.showTable],
    () => requestAnimationFrame(() => isStale && void load()),
  );
  return element;
}

/** Of which samples figures are. */
function sampleText(sample: SampleChoice): string {
  if (sample === 'worst') return t('worst sample of each');
  return sample === 'mean' ? t('mean of all samples') : t('sample {0}', sample);
}

function nodesOf(graph: GraphTable, store: Store, actions: Actions) {
  return {
    nameOf: (node: number) => graph.handle(node),
    typeOf: (node: number) => graph.opType(node),
    selected: () => (store.state.selected === null ? -1 : graph.nodeIndex(store.state.selected)),
    select: (node: number) => actions.select(graph.nodeId(node), { reveal: true }),
  };
}
