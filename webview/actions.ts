import { GraphTable } from '../src/protocol/graphTable.ts';
import { PROTOCOL_VERSION } from '../src/protocol/messages.ts';
import { Cancelled, type Diagnostic, diagnosticOf } from '../src/protocol/rpc.ts';
import type { NodeFigures, RunView } from '../src/protocol/views.ts';
import { createChartActions } from './charts/actions.ts';
import { type Connection, readView } from './connection.ts';
import { createDiffActions, type DiffView } from './diff/diffActions.ts';
import { createFindingActions } from './findings/actions.ts';
import { NOTHING_FOUND } from './findings/state.ts';
import { type CommandTarget, type GraphCommand, isGraphCommand } from './graph/commands.ts';
import { readPalette } from './graph/palette.ts';
import type { Along } from './graph/paths.ts';
import { createHeatActions } from './heat/actions.ts';
import { hexOf } from './heat/hex.ts';
import { t } from './l10n.ts';
import { createTableActions } from './panels/grid/tableActions.ts';
import { preferred } from './preferences.ts';
import type { BottomPanel, Store } from './store.ts';
import { createTensorActions } from './tensor/actions.ts';
import { createWhatIfActions } from './whatif/actions.ts';
import { NOTHING_PENDING, pendingAfter } from './whatif/pending.ts';
import type { ChangeTarget } from './whatif/scopes.ts';

/** Everything a user can do, and what the host's events do to the state. */
export type Actions = ReturnType<typeof createActions>;

/** Where panels stack and one is shown at a time; the same as in theme.css. */
export const NARROW = '(max-width: 699px)';

/** What needs the drawn graph. */
export interface ViewCommands extends DiffView {
  /** Moves the node to the middle. */
  reveal(nodeId: number): void;
  /** Moves it there unless it can be seen and read where it is. */
  bringIntoSight(nodeId: number): void;
  fit(): void;
  zoomBy(factor: number): void;
  focusGraph(): void;
  /** Carries out a command on a node or group, or on what is selected. */
  runCommand(command: GraphCommand, target?: CommandTarget): void;
  /** Shows what a tensor comes from, or what it goes into. */
  followTensor(valueId: number, along: Along): void;
  focusSearch(): void;
  /** Puts a query into the search. */
  lookFor(query: string): void;
  announce(text: string): void;
  /** Opens the dialog that changes several nodes. */
  changeNodes(target: ChangeTarget): void;
}

export function createActions(store: Store, connection: Connection, view: () => ViewCommands) {
  const { rpc } = connection;
  const fail = (method: string) => (cause: unknown) => {
    if (!(cause instanceof Cancelled)) report([diagnosticOf(cause, 'view', method)]);
  };
  const report = (problems: readonly Diagnostic[]) => {
    if (problems.length === 0) return;
    store.update({ problems: [...store.state.problems, ...problems].slice(-50), hideProblems: false });
    view().announce(problems.map((p) => p.message).join('. '));
  };

  const heat = createHeatActions(store, connection, {
    announce: (text) => view().announce(text),
    report,
    colours: () => hexOf(readPalette(document.body).shades.map((shade) => shade.fill)),
  });

  const findings = createFindingActions(store, connection, {
    announce: (text) => view().announce(text),
    fail,
    colour: heat.colourBySensitivity,
  });
  const whatIf = createWhatIfActions(store, connection, { announce: (text) => view().announce(text), fail });
  const charts = createChartActions(store, connection, { announce: (text) => view().announce(text), report });

  let detailsAsked = 0;
  const loadDetails = async () => {
    const { selected, graph } = store.state;
    const asked = ++detailsAsked;
    if (selected === null || graph === null || graph.nodeIndex(selected) < 0) {
      store.update({ details: null });
      return;
    }
    try {
      const details = await rpc.request('node/details', { nodeId: selected });
      if (asked === detailsAsked) store.update({ details });
    } catch (cause) {
      if (asked === detailsAsked) store.update({ details: null });
      fail('node/details')(cause);
    }
  };

  /** Handles of the nodes that the trial in progress answers for. */
  let tried: ReadonlySet<string> = new Set();

  const adoptRun = (run: RunView | null, pending = NOTHING_PENDING) => {
    tried = new Set();
    store.update({ run, busy: false, busyText: '', progress: null, ...pending });
    void heat.loadHeat();
    void loadDetails();
  };

  rpc.on('graph/changed', ({ graph }) => {
    const table = new GraphTable(graph);
    const { selected } = store.state;
    const known = selected !== null && table.nodeIndex(selected) >= 0;
    store.update({ sensitivity: NOTHING_FOUND, search: NOTHING_FOUND, diagnosis: NOTHING_FOUND });
    store.update({ graph: table, file: table.file, ...(known ? {} : { selected: null, details: null }) });
    void loadDetails();
  });
  rpc.on('run/progress', (progress) => {
    if (findings.takeProgress(progress)) return;
    if (progress.stage === 'measure') {
      store.update({ measuring: progress.done < progress.total ? progress : null });
    } else if (progress.stage === 'time') store.update({ timing: progress });
    else store.update({ busy: true, progress });
  });
  rpc.on('run/finished', ({ run }) => {
    store.update({ trial: null, restored: null, problems: [], hideProblems: false });
    adoptRun(run);
    view().announce(t('Quantized. {0}', describeOutputs(run)));
  });
  rpc.on('run/restored', ({ run, restored }) => {
    store.update({ trial: null, restored, problems: [], hideProblems: false });
    adoptRun(run);
    view().announce(t('Figures of {0}. {1}', restored.name, describeOutputs(run)));
  });
  rpc.on('trial/started', ({ handles }) => {
    tried = new Set([...tried, ...handles]);
    const named = new Set(handles);
    const figures = (store.state.trial?.run ?? store.state.run)?.nodes ?? [];
    const ids = figures.filter((f) => named.has(f.handle)).map((f) => f.nodeId);
    const pendingSkips = new Set([...store.state.pendingSkips, ...ids]);
    store.update({ busy: true, progress: null, busyText: t('Trying {0}', handles.join(', ')), pendingSkips });
  });
  rpc.on('trial/finished', ({ trial }) => {
    store.update({ trial });
    adoptRun(trial.run, pendingAfter(tried, store.state));
    view().announce(t('Tried. {0}', describeOutputs(trial.run)));
  });
  rpc.on('run/stopped', ({ diagnostics }) => {
    tried = new Set();
    store.update({ busy: false, busyText: '', progress: null, ...NOTHING_PENDING });
    if (diagnostics.length === 0) view().announce(t('Cancelled'));
    report(diagnostics);
  });
  rpc.on('preferences/changed', (preferences) => {
    const { heatScale, ...rest } = preferred(preferences);
    store.update(rest);
    findings.adoptJudgeCommand(preferences);
    if (heatScale !== undefined) actions.setScale(heatScale);
    if (rest.metric !== undefined) actions.setMetric(rest.metric);
  });
  rpc.on('view/command', ({ command, nodeId, group }) => {
    if (command === 'search') actions.openSearch();
    else if (command === 'findSimilar') actions.findSimilar(nodeId ?? store.state.selected);
    else if (command === 'fit') view().fit();
    else if (command === 'zoomIn') view().zoomBy(1.25);
    else if (command === 'zoomOut') view().zoomBy(1 / 1.25);
    else if (command === 'table') actions.togglePanel('table');
    else if (command === 'changeNodes') view().changeNodes({ nodeId, group });
    else if (isGraphCommand(command)) view().runCommand(command, { nodeId, group });
    else if (command === 'reveal' || command === 'inspect') {
      const target = nodeId ?? store.state.selected;
      if (target !== null) actions.select(target, { reveal: true });
      if (command === 'inspect') actions.showDetails();
    }
  });

  const adoptSelection = (nodeId: number | null) => {
    store.update({ selected: nodeId, details: null });
    void loadDetails();
  };
  const { startDiff, ...diffActions } = createDiffActions({
    store,
    connection,
    view,
    select: adoptSelection,
    failed: fail,
  });

  const actions = {
    ...heat,
    ...findings,
    ...whatIf,
    ...charts,
    ...diffActions,

    /** Says hello and fills the view. */
    async start(): Promise<void> {
      try {
        const first = await rpc.request('view/ready', { protocol: PROTOCOL_VERSION });
        const { run, trial, busy, restored, trials } = first;
        const graph = new GraphTable(first.graph);
        if (store.state.file === '') store.update({ ...preferred(first.preferences), ...readView(first.view) });
        const sameFile = store.state.file === graph.file;
        store.update({
          graph,
          trial,
          trials,
          restored,
          file: graph.file,
          ...(sameFile ? {} : { selected: null, selectedTensor: null, camera: null, openGroups: null }),
        });
        findings.adoptJudgeCommand(first.preferences);
        findings.adoptFindings(first);
        adoptRun(trial?.run ?? run);
        store.update({ busy });
        startDiff(first.compare);
      } catch (cause) {
        fail('view/ready')(cause);
      }
    },

    select(nodeId: number | null, options: { readonly reveal?: boolean } = {}): void {
      if (nodeId !== store.state.selected) {
        adoptSelection(nodeId);
        rpc.request('selection/changed', { nodeId }).catch(fail('selection/changed'));
      }
      if (nodeId !== null && options.reveal) view().bringIntoSight(nodeId);
    },

    /** Puts the node into `skip_quant_node` or takes it out; says why when it cannot. */
    toggleSkip(nodeId: number): void {
      const { run, pendingSkips, busy, trial } = store.state;
      const figures = run?.nodes.find((f) => f.nodeId === nodeId);
      if (pendingSkips.has(nodeId)) return;
      const obstacle = whyNoToggle(run, figures);
      if (obstacle !== undefined || figures === undefined) {
        view().announce(obstacle ?? '');
        return;
      }
      if (busy && trial === null && pendingSkips.size === 0) {
        view().announce(t('Wait for the run to end, or cancel it'));
        return;
      }
      store.update({ pendingSkips: new Set(pendingSkips).add(nodeId) });
      const skip = !figures.skipped;
      view().announce(skip ? t('Skipping {0}', figures.handle) : t('Quantizing {0}', figures.handle));
      rpc.request('node/skip', { nodeIds: [nodeId], skip }).catch((cause: unknown) => {
        const left = new Set(store.state.pendingSkips);
        left.delete(nodeId);
        store.update({ pendingSkips: left });
        fail('node/skip')(cause);
      });
    },

    quantize: () => void rpc.request('run/quantize', undefined).catch(fail('run/quantize')),
    runAgain: () => void rpc.request('run/again', undefined).catch(fail('run/again')),
    cancel: () => void rpc.request('run/cancel', undefined).catch(fail('run/cancel')),
    undo: () => void rpc.request('edit/undo', undefined).catch(fail('edit/undo')),
    redo: () => void rpc.request('edit/redo', undefined).catch(fail('edit/redo')),
    openConfig: () => void rpc.request('open/config', undefined).catch(fail('open/config')),
    openReport: () => void rpc.request('open/report', undefined).catch(fail('open/report')),
    reveal: (nodeId: number) => view().reveal(nodeId),
    fit: () => view().fit(),
    zoomBy: (factor: number) => view().zoomBy(factor),
    focusGraph: () => view().focusGraph(),
    runInGraph: (command: GraphCommand, target?: CommandTarget) => view().runCommand(command, target),
    followTensor: (valueId: number, along: Along) => view().followTensor(valueId, along),
    toggleMinimap: () => store.update({ minimap: !store.state.minimap }),
    /** @param shows what the picture shows, announced once it is saved. */
    savePicture(name: string, data: Uint8Array, shows: string): void {
      rpc
        .request('picture/save', { name, data })
        .then(({ saved }) => saved && view().announce(shows), fail('picture/save'));
    },

    togglePanel(panel: 'details' | 'table'): void {
      const { showDetails, showTable, tab } = store.state;
      if (matchMedia(NARROW).matches) {
        const open = !(tab === panel && (showDetails || showTable));
        store.update({ showDetails: open, showTable: open, tab: panel });
      } else if (panel === 'details')
        store.update({ showDetails: !showDetails, tab: showDetails ? 'table' : 'details' });
      else store.update({ showTable: !showTable, tab: showTable ? 'details' : 'table' });
    },
    showDetails: () => store.update({ showDetails: true, tab: 'details' }),
    /** Shows the details, or a panel below the graph. */
    setTab: (tab: 'details' | BottomPanel) =>
      store.update(tab === 'details' ? { tab, showDetails: true } : { tab: 'table', bottom: tab, showTable: true }),
    /** Chooses the tensor that charts and the tensor viewer show. */
    selectTensor: (selectedTensor: number | null) => store.update({ selectedTensor }),
    setOpenGroups(openGroups: readonly string[] | null): void {
      store.update({ openGroups });
      actions.shareGroups(openGroups);
    },
    resize: (size: { readonly detailsWidth?: number; readonly tableHeight?: number }) => store.update(size),
    openSearch(): void {
      store.update({ searchOpen: true });
      queueMicrotask(() => view().focusSearch());
    },
    /** Searches for the operator of a node. */
    findSimilar(nodeId: number | null): void {
      const { graph } = store.state;
      const node = nodeId === null ? undefined : graph?.nodeOf(nodeId);
      if (node === undefined) view().announce(t('Select a node first'));
      else {
        actions.openSearch();
        view().lookFor(`op:${node.opType}`);
      }
    },
    closeSearch(): void {
      store.update({ searchOpen: false });
      view().focusGraph();
    },
    dismissProblems: () => store.update({ problems: [], hideProblems: true }),
    warn: (problem: Diagnostic) => report([problem]),
    ...createTensorActions(store, rpc, fail),
    ...createTableActions(store, connection, { announce: (text) => view().announce(text), report }),
    announce: (text: string) => view().announce(text),
    changeNodes: (target: ChangeTarget) => view().changeNodes(target),
  };
  return actions;
}

/** Why a node cannot be put into the skip list, or `undefined` when it can. */
export function whyNoToggle(run: RunView | null, figures: NodeFigures | undefined): string | undefined {
  if (run === null) return t('Quantize with a config first; then nodes can be skipped');
  if (figures === undefined) return t('This node has no figures in the last run');
  if (!figures.canSkip) return t('{0} cannot be switched: {1}', figures.handle, figures.why);
  return undefined;
}

function describeOutputs(run: RunView): string {
  return run.outputs.map((o) => t('{0}: cosine similarity {1}', o.name, o.cosine.toFixed(5))).join(', ');
}
