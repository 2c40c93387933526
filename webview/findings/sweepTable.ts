import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import type { NodeFigures, RunView } from '../../src/protocol/views.ts';
import { type Actions, whyNoToggle } from '../actions.ts';
import { h } from '../dom.ts';
import { contextOf } from '../graph/describe.ts';
import { bordersKeyOf, shownMetric } from '../heat/state.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { whyNotNow } from './applyButton.ts';
import { createFindingTable, type FindingTable } from './findingTable.ts';
import { lossOf, sensitivityColumn } from './sensitivityInfo.ts';
import { type SweepRows, sweepColumns } from './sweepColumns.ts';

export interface SweepTable extends Pick<FindingTable, 'tools'> {
  readonly element: HTMLElement;
  show(state: AppState): void;
}

/** What a sweep found, worst first, while it goes on and after. S skips the node, Shift+S all down to it. */
export function createSweepTable(store: Store, actions: Actions): SweepTable {
  let rows: SweepRows | null = null;
  const figures = figuresFinder(() => store.state);
  const handleOf = (row: number) => rows?.entries.get(row)?.handle ?? '';
  const skipOne = (row: number) => {
    const own = figures(row);
    const obstacle = whyNoToggle(store.state.run, own) ?? whyNotNow(store.state);
    if (obstacle !== undefined || own === undefined) actions.announce(obstacle ?? '');
    else if (own.skipped) actions.changeConfig({ unskip: [own.handle] });
    else actions.changeConfig({ skip: [own.handle] });
  };
  /** Handles of the rows above and including a place that can be skipped and are not. */
  const firstOnes = (at: number): string[] =>
    Array.from(table.order.subarray(0, at + 1))
      .filter((row) => whyNoToggle(store.state.run, figures(row)) === undefined && figures(row)?.skipped !== true)
      .map(handleOf);
  const skipFirst = (at: number) => {
    const handles = firstOnes(at);
    const obstacle = whyNotNow(store.state);
    if (obstacle !== undefined) actions.announce(obstacle);
    else if (handles.length === 0) actions.announce(t('All of these are skipped already, or cannot be'));
    else actions.changeConfig({ skip: handles });
  };
  const buttons = (row: number, at: number): Node[] => {
    const own = figures(row);
    const obstacle = whyNoToggle(store.state.run, own) ?? whyNotNow(store.state);
    const isSkipped = own?.skipped === true;
    const toggle = rowButton(isSkipped ? t('Quantize') : t('Skip'), {
      title:
        obstacle ?? (isSkipped ? t('Quantize {0} again (S)', handleOf(row)) : t('Leave {0} float (S)', handleOf(row))),
      disabled: obstacle !== undefined,
      onClick: () => skipOne(row),
    });
    if (at === 0) return [toggle];
    const notNow = whyNotNow(store.state);
    const first = rowButton(t('Skip first {0}', at + 1), {
      title: notNow ?? t('Leave all nodes down to this one float (Shift+S)'),
      disabled: notNow !== undefined,
      onClick: () => skipFirst(at),
    });
    return [toggle, first];
  };
  const goTo = (row: number) => {
    const { graph } = store.state;
    if (graph !== null) actions.select(graph.nodeId(row), { reveal: true });
  };
  const table = createFindingTable({
    id: 'sweep',
    label: t('Sensitivity of nodes, worst first'),
    columns: sweepColumns({ rows: () => rows, buttons }),
    actions,
    fileName: () => `${store.state.file.replace(/\.onnx$/i, '')}.sensitivity`,
    look: (row) => {
      const { graph, run, selected } = store.state;
      const own = figures(row);
      const nodeId = graph?.nodeId(row);
      const context = contextOf({
        nodeId,
        handle: graph?.handle(row),
        figures: own ?? null,
        obstacle: whyNoToggle(run, own),
        hasOther: selected !== null && selected !== nodeId,
      });
      return { isCursor: nodeId === selected, isSkipped: own?.skipped ?? false, context };
    },
    onRow: goTo,
    onOpen: () => actions.showDetails(),
    onKey: ({ key, shiftKey }) => {
      const { graph, selected } = store.state;
      if (key.toLowerCase() !== 's' || graph === null || selected === null) return false;
      const row = graph.nodeIndex(selected);
      const at = table.order.indexOf(row);
      if (at < 0) return false;
      if (shiftKey) skipFirst(at);
      else skipOne(row);
      return true;
    },
  });
  const placeCursor = ({ selected, graph }: AppState) => {
    const row = selected === null || graph === null ? -1 : graph.nodeIndex(selected);
    table.grid.setCursor(row < 0 || rows?.entries.has(row) !== true ? null : row);
  };

  let asked = '';
  store.watch((s) => [s.selected, s.graph, s.showTable, s.bottom], placeCursor);
  store.watch(
    (s) => [s.markedSkips, s.run, s.busy, s.restored],
    () => table.grid.refresh(),
  );
  return {
    element: table.grid.element,
    tools: table.tools,
    show: (state) => {
      const { graph, sensitivity } = state;
      rows = graph === null || sensitivity.view === null ? null : rowsOf(sensitivity.view, graph, state);
      const request = JSON.stringify(sensitivity.view?.request ?? null);
      if (request !== asked) {
        asked = request;
        table.showColumn('value', sensitivity.view?.request.mode !== 'local');
        table.refreshColumns();
      }
      table.show(Int32Array.from(rows?.ranks.keys() ?? []), sensitivity.running);
      if (!sensitivity.running) placeCursor(state);
    },
  };
}

function rowsOf(view: SensitivityView, graph: GraphTable, { thresholds, heatScale }: AppState): SweepRows {
  const column = sensitivityColumn(view, graph);
  const shown = shownMetric(column, thresholds[bordersKeyOf(column)], heatScale);
  const entries = new Map(
    view.entries.map((entry) => [graph.nodeIndex(entry.nodeId), entry] as const).filter(([row]) => row >= 0),
  );
  const losses = [...entries.values()].map((entry) => lossOf(entry, view.request) ?? 0);
  const greatestLoss = losses.reduce((a, b) => Math.max(a, b), Number.MIN_VALUE);
  const ranks = new Map([...entries.keys()].map((row, rank) => [row, rank] as const));
  return { view, entries, ranks, greatestLoss, shown };
}

/** Figures of a node of the run by its index. */
function figuresFinder(state: () => AppState): (row: number) => NodeFigures | undefined {
  let of: RunView | null = null;
  let byId: ReadonlyMap<number, NodeFigures> = new Map();
  return (row) => {
    const { run, graph } = state();
    if (run !== of) {
      of = run;
      byId = new Map(run?.nodes.map((f) => [f.nodeId, f]));
    }
    return graph === null ? undefined : byId.get(graph.nodeId(row));
  };
}

function rowButton(
  label: string,
  { title, disabled, onClick }: { readonly title: string; readonly disabled: boolean; readonly onClick: () => void },
): HTMLElement {
  const button = h('button', { class: 'tool', title, tabIndex: -1, attrs: { type: 'button' } }, label);
  button.disabled = disabled;
  button.addEventListener('click', (event) => {
    event.stopPropagation(); // the row would be selected and revealed
    onClick();
  });
  return button;
}
