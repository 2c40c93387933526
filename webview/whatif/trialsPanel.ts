import type { TrialNode } from '../../src/protocol/trialViews.ts';
import { type Actions, NARROW } from '../actions.ts';
import { createChartCard } from '../charts/chartCard.ts';
import { fill, h } from '../dom.ts';
import { createFindingTable } from '../findings/findingTable.ts';
import { segments } from '../inspector/segments.ts';
import { t } from '../l10n.ts';
import { cellId } from '../panels/grid/gridRow.ts';
import type { AppState, Store } from '../store.ts';
import { createComparison } from './comparison.ts';
import { type FrontX, type FrontY, frontChart } from './frontChart.ts';
import { trialColumns } from './trialColumns.ts';
import { rowsOf, type TrialRow, trialName } from './trialRows.ts';
import { createTrialTools } from './trialTools.ts';

type Side = 'history' | 'front' | 'compare';

/** The history of runs and changes, what they cost and lose, and any two beside each other. */
export function createTrialsPanel(store: Store, actions: Actions): HTMLElement {
  let rows: readonly TrialRow[] = [];
  let chosen: string | null = null;
  let isRenaming = false;
  const trialAt = (row: number): TrialNode | undefined => rows[row]?.trial;
  const chosenTrial = () => rows.find(({ trial }) => trial.id === chosen)?.trial;
  const placeOf = (id: string | null) => rows.findIndex(({ trial }) => trial.id === id);

  const columns = trialColumns(() => rows);
  const table = createFindingTable({
    id: 'trials',
    role: 'treegrid',
    label: t('Trials'),
    columns,
    actions,
    fileName: () => `${store.state.file.replace(/\.onnx$/i, '')}.trials`,
    look: (row) => ({
      isCursor: trialAt(row)?.id === chosen,
      isSkipped: false,
      level: isHistory() ? (rows[row]?.level ?? 1) : 1,
      isCurrent: trialAt(row)?.id === store.state.trials.current,
      context: JSON.stringify({ preventDefaultContextMenuItems: true }),
    }),
    onRow: (row) => choose(trialAt(row)?.id ?? null),
    onOpen: () => tools.restore(),
    onKey: ({ key }) => {
      if (key === 'F2') tools.rename();
      else if (key === 'Delete') tools.remove();
      else if (key.toLowerCase() === 'p') tools.pin();
      else if (key.toLowerCase() === 'c') tools.compare();
      else return false;
      return true;
    },
  });
  /** Sorted otherwise, levels say nothing. */
  const isHistory = () => table.order.every((row, at) => row === at);
  const choose = (id: string | null) => {
    chosen = id;
    tools.show();
  };

  const comparison = createComparison(actions);
  const tools = createTrialTools(store, actions, {
    chosen: chosenTrial,
    all: () => Array.from(table.grid.chosen(), (row) => trialAt(row)).filter((trial) => trial !== undefined),
    rename: (trial) => renameIn(trial),
    compare: (a, b) => {
      showSide('compare');
      comparison.compare(a, b);
    },
  });
  /** A field in the place of the name: Enter takes it, Escape leaves it. */
  const renameIn = (trial: TrialNode) => {
    const column = columns.find(({ id }) => id === 'name');
    const cell = column && document.getElementById(cellId('trials', placeOf(trial.id), column));
    if (!cell || isRenaming) return;
    isRenaming = true;
    const input = h('input', { class: 'rename-input', attrs: { type: 'text', 'aria-label': t('Name of the trial') } });
    input.value = trial.name;
    input.placeholder = trialName(trial);
    const end = (name: string | null) => {
      if (!isRenaming) return;
      isRenaming = false;
      if (name !== null && name !== trial.name) actions.renameTrial(trial.id, name);
      render(store.state);
      table.grid.element.focus();
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') end(input.value.trim());
      else if (event.key === 'Escape') end(null);
      event.stopPropagation();
    });
    for (const type of ['click', 'dblclick'] as const) input.addEventListener(type, (event) => event.stopPropagation());
    input.addEventListener('blur', () => end(input.value.trim()));
    fill(cell, input);
    input.focus();
    input.select();
  };

  let [x, y]: [FrontX, FrontY] = ['bytes', 'error'];
  const across = h('select', { class: 'chart-select', attrs: { 'aria-label': t('Along the x axis') } });
  across.append(
    ...(
      [
        ['bytes', t('Size')],
        ['integerShare', t('Integer share')],
        ['cost', t('Cost')],
      ] as const
    ).map(([id, text]) => h('option', { attrs: { value: id } }, text)),
  );
  across.addEventListener('change', () => {
    x = (['bytes', 'integerShare', 'cost'] as const).find((id) => id === across.value) ?? 'bytes';
    drawFront(store.state);
  });
  const up = segments<FrontY>(
    t('Along the y axis'),
    [
      ['error', t('error')],
      ['top1', t('top-1')],
    ],
    (id) => {
      y = id;
      drawFront(store.state);
    },
  );
  const card = createChartCard(
    {
      saveTable: (name, text) => void actions.saveChartTable(name, text),
      savePicture: (name, data) => void actions.saveChartPicture(name, data),
    },
    [across, up.element],
  );
  const drawFront = ({ trials }: AppState) => {
    up.show(y);
    up.element.hidden = !trials.trials.some(({ top1 }) => top1 !== null);
    card.show(frontChart(trials.trials, { x, y, current: trials.current, choose: activate }));
  };
  /** Of a point of the chart: once chooses it in the history, once more restores it. */
  const activate = (id: string) => {
    if (chosen === id) {
      tools.restore();
      return;
    }
    choose(id);
    table.grid.setCursor(placeOf(id));
    const trial = chosenTrial();
    if (trial !== undefined) actions.announce(t('{0}; once more restores it', trialName(trial)));
  };

  const history = h(
    'div',
    { class: 'trials-history' },
    h('div', { class: 'table-tools' }, ...tools.elements, ...table.tools),
    table.grid.element,
  );
  const sides = segments<Side>(
    t('Beside the history'),
    [
      ['history', t('History')],
      ['front', t('Trade-off')],
      ['compare', t('Compare')],
    ],
    (id) => showSide(id),
  );
  sides.element.classList.add('trials-sides');
  const side = h('div', { class: 'trials-side' }, card.element, comparison.element);
  const element = h('section', { class: 'trials', attrs: { 'aria-label': t('Trials') } }, sides.element, history, side);
  const showSide = (id: Side) => {
    element.dataset.side = id;
    sides.show(id);
    card.element.hidden = id === 'compare';
    comparison.element.hidden = id !== 'compare';
    showBeside();
  };

  const render = (state: AppState) => {
    if (isRenaming) return;
    rows = rowsOf(state.trials);
    if (placeOf(chosen) < 0) chosen = state.trials.current;
    table.show(Int32Array.from(rows.keys()), false);
    table.grid.setCursor(placeOf(chosen) < 0 ? null : placeOf(chosen));
    tools.show();
    clearTimeout(later);
    later = setTimeout(showBeside); // the history first
  };
  let later: ReturnType<typeof setTimeout> | undefined;
  const showBeside = () => {
    if (element.offsetParent === null) return;
    if (element.dataset.side === 'compare') comparison.show(store.state.trials);
    else drawFront(store.state);
  };
  let current: string | null = null;
  store.watch(
    (s) => [s.trials],
    (state) => {
      if (state.trials.current !== current) chosen = state.trials.current;
      current = state.trials.current;
      render(state);
    },
  );
  store.watch((s) => [s.busy, s.changing, s.run], tools.show);
  store.watch(
    (s) => [s.bottom, s.tab, s.showTable],
    ({ bottom }) =>
      bottom === 'trials' &&
      requestAnimationFrame(() => {
        showBeside();
        table.grid.setCursor(null); // puts it in sight, which it cannot be in while nothing is shown
        table.grid.setCursor(placeOf(chosen) < 0 ? null : placeOf(chosen));
      }),
  );
  const narrow = matchMedia(NARROW);
  const arrange = () => {
    if (narrow.matches) showSide('history');
    else if (element.dataset.side !== 'compare') showSide('front');
  };
  narrow.addEventListener('change', arrange);
  arrange();
  return element;
}
