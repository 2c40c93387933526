import { type Actions, createActions, NARROW, type ViewCommands } from './actions.ts';
import type { Connection } from './connection.ts';
import { createChangesPanel } from './diff/changesPanel.ts';
import { h } from './dom.ts';
import { createCausesPanel } from './findings/causesPanel.ts';
import { createSensitivityPanel } from './findings/sensitivityPanel.ts';
import { createGraphControls } from './graph/controls.ts';
import { createGraphView } from './graph/graphView.ts';
import { t } from './l10n.ts';
import { createBanner } from './panels/banner.ts';
import { createChartsPanel } from './panels/charts.ts';
import { NodeSource } from './panels/grid/nodeSource.ts';
import { createLegend } from './panels/legend.ts';
import { createNodePanel } from './panels/node.ts';
import { createRestoredNotice } from './panels/restored.ts';
import { createSearch } from './panels/search.ts';
import { createSplitter } from './panels/splitter.ts';
import { createSummary } from './panels/summary.ts';
import { createTable } from './panels/table.ts';
import { createTensorTable } from './panels/tensorTable.ts';
import { createToolbar } from './panels/toolbar.ts';
import type { BottomPanel, Store } from './store.ts';
import { createTensorViewer } from './tensor/panel.ts';
import { tabs } from './ui.ts';
import { createChangeDialog } from './whatif/changeDialog.ts';
import { followLasting } from './whatif/lasting.ts';
import { withSelection } from './whatif/scopes.ts';
import { createTrialsPanel } from './whatif/trialsPanel.ts';

/** A panel below the graph; one is shown at a time. */
interface BottomEntry {
  readonly id: BottomPanel;
  readonly title: string;
  /** Makes it when it is first shown. */
  readonly create: () => HTMLElement;
}

/** Builds the whole view into `root`. */
export function mountApp(root: HTMLElement, store: Store, connection: Connection): Actions {
  const live = h('div', { class: 'sr-only', role: 'status', attrs: { 'aria-live': 'polite' } });
  let commands: ViewCommands | undefined;
  const actions = createActions(store, connection, () => {
    if (commands === undefined) throw new Error('a command came before the view was built');
    return commands;
  });
  const graph = createGraphView(store, () => actions, root.dataset.graphWorker ?? '');
  const nodes = new NodeSource(store, connection);
  followLasting(store);
  nodes.start(); // before the panels, so that they read what is new
  const search = createSearch(store, actions, nodes, graph.showFound);
  const changes = createChangeDialog(store, actions);
  commands = {
    ...graph,
    changeNodes: (target) => changes.open(withSelection(target, graph.selectedGroup(), nodes.chosen())),
    focusSearch: search.focus,
    lookFor: search.lookFor,
    announce: (text) => {
      live.textContent = text;
    },
  };

  graph.element.append(
    search.element,
    createLegend(store, actions, graph.element),
    createGraphControls(store, actions),
  );
  const panels: readonly BottomEntry[] = [
    { id: 'nodes', title: t('Nodes'), create: () => createTable(store, actions, nodes) },
    { id: 'tensors', title: t('Tensors'), create: () => createTensorTable(store, actions, nodes) },
    { id: 'charts', title: t('Charts'), create: () => createChartsPanel(store, actions) },
    { id: 'data', title: t('Elements'), create: () => createTensorViewer(store, actions) },
    { id: 'trials', title: t('Trials'), create: () => createTrialsPanel(store, actions) },
    { id: 'sensitivity', title: t('Sensitivity'), create: () => createSensitivityPanel(store, actions) },
    { id: 'causes', title: t('Causes'), create: () => createCausesPanel(store, actions) },
    { id: 'changes', title: t('Differences'), create: () => createChangesPanel(store, actions) },
  ];
  const strip = tabs<'details' | BottomPanel>(
    t('Panels'),
    [['details', t('Details')], ...panels.map(({ id, title }) => [id, title] as const)],
    actions.setTab,
  );
  strip.element.classList.add('tab-strip');
  const details = createNodePanel(store, actions);
  const bottom = h('div', { class: 'bottom' });
  const made = new Map<BottomPanel, HTMLElement>();
  const showBelow = (below: BottomPanel) => {
    if (!made.has(below)) {
      const element = panels.find(({ id }) => id === below)?.create();
      if (element !== undefined) {
        made.set(below, element);
        bottom.append(element);
      }
    }
    for (const [id, element] of made) element.hidden = id !== below;
  };
  const columns = createSplitter(t('Width of the details'), 'vertical', {
    size: () => store.state.detailsWidth,
    limits: () => [240, Math.max(240, root.clientWidth - 320)],
    resize: (detailsWidth) => actions.resize({ detailsWidth }),
  });
  const rows = createSplitter(t('Height of the panel below'), 'horizontal', {
    size: () => store.state.tableHeight,
    limits: () => [90, Math.max(90, root.clientHeight - 320)],
    resize: (tableHeight) => actions.resize({ tableHeight }),
  });
  const main = h('main', { class: 'main' }, graph.element, columns, details, rows, strip.element, bottom);
  root.replaceChildren(
    h('header', {}, createToolbar(store, actions)),
    createBanner(store, actions),
    createRestoredNotice(store, actions),
    createSummary(store, actions),
    main,
    changes.element,
    live,
  );
  root.classList.add('app');

  store.watch(
    (s) => [s.showDetails, s.showTable, s.tab, s.bottom, s.detailsWidth, s.tableHeight, s.diff === null],
    (s) => {
      main.classList.toggle('no-details', !s.showDetails);
      main.classList.toggle('no-table', !s.showTable);
      main.dataset.tab = s.tab;
      main.style.setProperty('--details-width', `${s.detailsWidth}px`);
      main.style.setProperty('--table-height', `${s.tableHeight}px`);
      root.classList.toggle('comparing', s.diff !== null);
      const below = s.bottom === 'changes' && s.diff === null ? 'nodes' : s.bottom;
      showBelow(below);
      strip.show(s.tab === 'details' && matchMedia(NARROW).matches ? 'details' : below);
    },
  );
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f') {
      event.preventDefault();
      // VS Code passes on what bubbles to the window, where the key is bound once more.
      event.stopPropagation();
      actions.openSearch();
    }
  });
  return actions;
}
