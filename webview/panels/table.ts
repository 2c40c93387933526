import { type Borders, levelOf, type MetricId } from '../../src/protocol/metrics.ts';
import { type Actions, whyNoToggle } from '../actions.ts';
import { h } from '../dom.ts';
import { toldMetric } from '../findings/sensitivityInfo.ts';
import { contextOf } from '../graph/describe.ts';
import { bordersOf as movedOrOwn } from '../heat/bands.ts';
import { t } from '../l10n.ts';
import { FieldSet, METRIC_FIELDS } from '../query/fields.ts';
import type { Store } from '../store.ts';
import { nodeColumns } from './columns.ts';
import type { NodeSource } from './grid/nodeSource.ts';
import { createTablePanel, type Preset } from './grid/tablePanel.ts';

/** All nodes as a table; its selection is the graph's. */
export function createTable(store: Store, actions: Actions, source: NodeSource): HTMLElement {
  const { metrics, figuresOf } = source;
  const borders = new Map<MetricId, Borders>();
  const told = (id: MetricId) => toldMetric(id, store.state.sensitivity.view);
  const bordersOf = (id: MetricId): Borders => {
    const values = metrics.of(id) ?? new Float64Array();
    const { info, bordersKey } = told(id);
    const known = borders.get(id) ?? movedOrOwn(info, store.state.thresholds[bordersKey], values);
    borders.set(id, known);
    return known;
  };
  const columns = nodeColumns({
    table: () => store.state.graph,
    figuresOf,
    metric: (id) => metrics.of(id),
    groupOf: (node) => source.groups?.pathOf(node) ?? '',
    levelOf: (id, value) => levelOf(told(id).info, bordersOf(id), value),
    format: (id, value) => told(id).info.format(value),
    isPending: (node) => store.state.markedSkips.has(store.state.graph?.nodeId(node) ?? -1),
  });
  const change = h(
    'button',
    {
      class: 'tool',
      title: t('Changes how the chosen rows, or all that are shown, are quantized'),
      attrs: { type: 'button' },
      on: {
        click: () => {
          const chosen = panel.grid.chosen();
          const shown = { title: t('Rows that are shown'), nodes: panel.shown() };
          actions.changeNodes({
            sets: chosen.length > 1 ? [{ title: t('Chosen rows'), nodes: chosen }, shown] : [shown],
          });
        },
      },
    },
    t('Change…'),
  );
  const panel = createTablePanel({
    id: 'nodes',
    label: t('Nodes'),
    store,
    actions,
    columns,
    fields: new FieldSet(METRIC_FIELDS),
    presets: presets(),
    rows: () => source.rows,
    look: (node) => {
      const { graph, run, selected } = store.state;
      const own = figuresOf(node);
      const nodeId = graph?.nodeId(node) ?? -1;
      return {
        isCursor: nodeId === selected,
        isSkipped: own?.skipped ?? false,
        context: contextOf({
          nodeId,
          handle: graph?.handle(node),
          figures: own ?? null,
          obstacle: whyNoToggle(run, own),
          hasOther: selected !== null && selected !== nodeId,
        }),
      };
    },
    onRow: (node) => {
      const { graph } = store.state;
      if (graph !== null) actions.select(graph.nodeId(node), { reveal: true });
    },
    onOpen: () => actions.showDetails(),
    onKey: ({ key }) => {
      const { selected } = store.state;
      if (key === '/') actions.openSearch();
      else if (key.toLowerCase() === 's' && selected !== null) actions.toggleSkip(selected);
      else return false;
      return true;
    },
    onNeeds: (fields) => metrics.want('nodes', fields),
    extra: [change],
  });
  source.chosenRows = () => panel.grid.chosen();
  source.onChange(() => {
    borders.clear();
    panel.reload();
  });
  let { markedSkips } = store.state;
  store.watch(
    (s) => [s.markedSkips],
    ({ markedSkips: now, graph }) => {
      const others = [...now, ...markedSkips].filter((id) => now.has(id) !== markedSkips.has(id));
      markedSkips = now;
      if (others.length > 0) panel.grid.refresh(new Set(others.map((id) => graph?.nodeIndex(id) ?? -1)));
    },
  );
  store.watch(
    (s) => [s.thresholds],
    () => {
      borders.clear();
      panel.grid.refresh();
    },
  );
  store.watch(
    (s) => [s.selected, s.graph, s.showTable, s.bottom],
    ({ selected, graph }) => {
      const node = selected === null || graph === null ? -1 : graph.nodeIndex(selected);
      panel.grid.setCursor(node < 0 ? null : node);
    },
  );
  let { metric } = store.state;
  store.watch(
    (s) => [s.metric],
    (state) => {
      const isOther = state.metric !== metric;
      metric = state.metric;
      const column = columns.find((c) => c.id === metric);
      if (isOther && column !== undefined) {
        actions.changeTable('nodes', { sorts: [{ column: column.id, descending: column.worstIsHigh }] });
      }
    },
  );
  return panel.element;
}

function presets(): Preset[] {
  const worst = (column: string, descending: boolean) => [{ column, descending }];
  return [
    { title: t('All nodes, in the order of the file'), filter: '', sorts: [] },
    { title: t('Worst first: cosine ascending'), filter: 'cos:any', sorts: worst('cosine', false) },
    { title: t('Below cosine 0.99'), filter: 'cos:<0.99', sorts: worst('cosine', false) },
    { title: t('Left in float'), filter: 'form:float', sorts: [] },
    { title: t('Skipped'), filter: 'skipped:yes', sorts: [] },
    { title: t('Clipping more than 1 %'), filter: 'clip:>1%', sorts: worst('clipRate', true) },
    { title: t('Most sensitive first'), filter: 'sens:any', sorts: worst('sensitivity', true) },
    { title: t('Largest constants first'), filter: 'bytes:>0', sorts: worst('bytes', true) },
    { title: t('Most multiply-accumulates first'), filter: 'macs:>0', sorts: worst('macs', true) },
  ];
}
