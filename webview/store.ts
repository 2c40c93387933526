import type { DiagnosisView } from '../src/protocol/diagnosisViews.ts';
import type { GraphTable } from '../src/protocol/graphTable.ts';
import type { RestoredRun } from '../src/protocol/messages.ts';
import type { Diagnostic } from '../src/protocol/rpc.ts';
import type { SearchView } from '../src/protocol/searchViews.ts';
import type { SensitivityView } from '../src/protocol/sensitivityViews.ts';
import type { TensorTable } from '../src/protocol/tensorTable.ts';
import type { TrialTree } from '../src/protocol/trialViews.ts';
import type { NodeDetails, Progress, RunView, TrialView } from '../src/protocol/views.ts';
import type { TensorChart } from './charts/actions.ts';
import type { DiffState } from './diff/state.ts';
import { FIRST_FORMS, type Finding, type FindingForms, type JudgeCommand, NOTHING_FOUND } from './findings/state.ts';
import type { Hierarchy } from './graph/picture.ts';
import type { HeatScale } from './heat/bands.ts';
import type { PaletteId } from './heat/shades.ts';
import type { Heat, HeatMetric, Overlay, Thresholds } from './heat/state.ts';
import { FIRST_VIEWS, type TableViews } from './panels/grid/tableView.ts';
import { FIRST_LOOK, type TensorLook } from './tensor/look.ts';

export type BottomPanel = 'nodes' | 'tensors' | 'charts' | 'data' | 'trials' | 'sensitivity' | 'causes' | 'changes';

export interface Camera {
  /** Point of the graph in the middle of the view. */
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** What survives a reload: how one looked, never what was computed. */
export interface PersistedView {
  readonly selected: number | null;
  /** The tensor (value id) that charts and the tensor viewer show. */
  readonly selectedTensor: number | null;
  /** What colours the cards; their right edges, where a second metric is chosen. */
  readonly metric: HeatMetric | null;
  readonly secondMetric: HeatMetric | null;
  /** Borders of bands that were moved. */
  readonly thresholds: Thresholds;
  readonly heatScale: HeatScale;
  readonly heatPalette: PaletteId;
  /** Whether the legend shows what the colours are chosen by. */
  readonly heatSettings: boolean;
  /** The evaluation sample that figures are of: the worst or the mean of all, or one by its index. */
  readonly sample: 'worst' | 'mean' | number;
  readonly tensorLook: TensorLook;
  /** Keys of the groups that are open; null: those that are at first. */
  readonly openGroups: readonly string[] | null;
  /** Keys of the sections of the inspector that are closed. */
  readonly closedSections: readonly string[];
  /** The chart of a tensor that the inspector shows. */
  readonly tensorChart: TensorChart;
  readonly tables: TableViews;
  readonly showDetails: boolean;
  readonly showTable: boolean;
  /** Where panels stack: whether the details or the panel below is shown. */
  readonly tab: 'details' | 'table';
  /** The panel below the graph. */
  readonly bottom: BottomPanel;
  readonly detailsWidth: number;
  readonly tableHeight: number;
  /** `auto`: open where there is room for it. */
  readonly legend: 'auto' | 'open' | 'closed';
  readonly camera: Camera | null;
  /** Whether the whole graph is shown in small. */
  readonly minimap: boolean;
  /** Camera and selection belong to this file. */
  readonly file: string;
}

/** Everything shown; replaced, never changed. */
export interface AppState extends PersistedView {
  /** The other half of a diff editor, when this view is one. */
  readonly diff: DiffState | null;
  readonly graph: GraphTable | null;
  /** Its groups, once it is drawn. */
  readonly hierarchy: Hierarchy | null;
  readonly run: RunView | null;
  readonly trial: TrialView | null;
  /** Where the figures on display are those of a kept run, not measured since the model was opened. */
  readonly restored: RestoredRun | null;
  readonly busy: boolean;
  /** Whether that has lasted long enough to be shown. */
  readonly isLong: boolean;
  /** What is in work when no progress has come yet. */
  readonly busyText: string;
  /** Figures of all tensors, while they are of the run that is shown. */
  readonly tensorTable: TensorTable | null;
  /** Whether these are being measured. */
  readonly listing: boolean;
  readonly progress: Progress | null;
  /** What is measured on demand, besides runs. */
  readonly measuring: Progress | null;
  readonly heat: Heat | null;
  /** The only band that is coloured; null: all are. */
  readonly heatBand: number | null;
  /** Values that were loaded from files. */
  readonly overlays: readonly Overlay[];
  /** How far a measurement for the colours is; null when there is none. */
  readonly timing: Progress | null;
  readonly details: NodeDetails | null;
  /** What sweeps, searches and diagnoses have found. */
  readonly sensitivity: Finding<SensitivityView>;
  readonly search: Finding<SearchView>;
  readonly diagnosis: Finding<DiagnosisView>;
  /** How far a diagnosis is; null while none goes on. */
  readonly diagnosing: Progress | null;
  /** What they are asked for next. */
  readonly forms: FindingForms;
  /** Which of the two is shown in the panel of sensitivity. */
  readonly findingsTab: 'sweep' | 'search';
  /** The command that can judge outputs; null where none is set. */
  readonly judgeCommand: JudgeCommand | null;
  /** Failed requests and stopped runs; those of graph and run are shown besides. */
  readonly problems: readonly Diagnostic[];
  readonly hideProblems: boolean;
  /** Nodes whose toggle has been asked for and not answered yet. */
  readonly pendingSkips: ReadonlySet<number>;
  /** Those of them that have waited long enough to be shown so. */
  readonly markedSkips: ReadonlySet<number>;
  /** Words of `node_overrides` that have been asked for and not answered yet, by the node's handle. */
  readonly pendingWords: ReadonlyMap<string, string>;
  /** The change that has been asked for and not answered yet, in words. */
  readonly changing: string | null;
  readonly trials: TrialTree;
  readonly searchOpen: boolean;
}

export const INITIAL: AppState = {
  diff: null,
  graph: null,
  hierarchy: null,
  run: null,
  trial: null,
  restored: null,
  busy: false,
  isLong: false,
  busyText: '',
  tensorTable: null,
  listing: false,
  progress: null,
  measuring: null,
  heat: null,
  heatBand: null,
  overlays: [],
  timing: null,
  details: null,
  sensitivity: NOTHING_FOUND,
  search: NOTHING_FOUND,
  diagnosis: NOTHING_FOUND,
  diagnosing: null,
  forms: FIRST_FORMS,
  findingsTab: 'sweep',
  judgeCommand: null,
  problems: [],
  hideProblems: false,
  pendingSkips: new Set(),
  markedSkips: new Set(),
  pendingWords: new Map(),
  changing: null,
  trials: { trials: [], current: null },
  searchOpen: false,
  selected: null,
  selectedTensor: null,
  metric: 'cosine',
  secondMetric: null,
  thresholds: {},
  heatScale: 'bands',
  heatPalette: 'theme',
  heatSettings: false,
  sample: 'worst',
  tensorLook: FIRST_LOOK,
  openGroups: null,
  closedSections: [],
  tensorChart: 'boxes',
  tables: FIRST_VIEWS,
  showDetails: true,
  showTable: true,
  tab: 'details',
  bottom: 'nodes',
  detailsWidth: 380,
  tableHeight: 240,
  legend: 'auto',
  camera: null,
  minimap: true,
  file: '',
};

/** Names of {@link PersistedView}. */
export const PERSISTED = [
  'selected',
  'selectedTensor',
  'metric',
  'secondMetric',
  'thresholds',
  'heatScale',
  'heatPalette',
  'heatSettings',
  'sample',
  'tensorLook',
  'openGroups',
  'closedSections',
  'tensorChart',
  'tables',
  'showDetails',
  'showTable',
  'tab',
  'bottom',
  'detailsWidth',
  'tableHeight',
  'legend',
  'camera',
  'minimap',
  'file',
] as const satisfies readonly (keyof PersistedView)[];

/** After which a paint is no longer waited for. */
const MOST_PAINT_MS = 100;

interface Watcher {
  readonly select: (state: AppState) => readonly unknown[];
  readonly run: (state: AppState) => void;
  last: readonly unknown[];
}

/** How long watchers are told in one go: with a large model each has much to do, and the view shall not block. */
const SLICE_MS = 12;

/**
 * Holds the state and tells watchers, once per turn, when what they selected has changed; where that takes long, the rest
 * of them a moment later. Where watchers that come first have something to show, the others wait until it is painted.
 */
export class Store {
  private current: AppState;
  private scheduled = false;
  private readonly first: Watcher[] = [];
  private readonly watchers: Watcher[] = [];
  private isPainting = false;

  constructor(initial: AppState) {
    this.current = initial;
  }

  get state(): AppState {
    return this.current;
  }

  update(change: Partial<AppState>): void {
    this.current = { ...this.current, ...change };
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** Runs `run` now and whenever an element of `select(state)` is another one. */
  watch(select: Watcher['select'], run: Watcher['run'], order?: 'first'): void {
    (order === 'first' ? this.first : this.watchers).push({ select, run, last: select(this.current) });
    run(this.current);
  }

  private flush(): void {
    const began = performance.now();
    if (this.first.filter((watcher) => this.tell(watcher)).length > 0 && !this.isPainting) {
      this.isPainting = true;
      afterPaint(() => {
        this.isPainting = false;
        this.flush();
      });
    }
    if (this.isPainting) return;
    for (const watcher of this.watchers) {
      if (performance.now() - began > SLICE_MS) {
        setTimeout(() => this.flush());
        return;
      }
      this.tell(watcher);
    }
  }

  /** @returns whether there was something to tell. */
  private tell(watcher: Watcher): boolean {
    const next = watcher.select(this.current);
    if (next.every((value, i) => Object.is(value, watcher.last[i]))) return false;
    watcher.last = next;
    watcher.run(this.current);
    return true;
  }
}

/** A view that is hidden paints nothing: then after a moment. */
function afterPaint(run: () => void): void {
  let isDone = false;
  const once = () => {
    if (!isDone) run();
    isDone = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, MOST_PAINT_MS);
}
