import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { ConfigChange } from './changes.ts';
import type { ChartRequests } from './chartViews.ts';
import type { CompareStart, SharedPlace } from './compareViews.ts';
import type { DiagnosisRequest, DiagnosisView } from './diagnosisViews.ts';
import type { MetricColumn, MetricRequest } from './metrics.ts';
import type { ModelFacts } from './modelFacts.ts';
import type { SearchRequest, SearchView } from './searchViews.ts';
import type { SensitivityEntry, SensitivityRequest, SensitivityView } from './sensitivityViews.ts';
import type { TensorListRequests } from './tensorTable.ts';
import type { TensorFile, TensorRequests } from './tensorViews.ts';
import type { TrialComparison, TrialTree } from './trialViews.ts';
import type { NodeDetails, Progress, RunView, TrialView } from './views.ts';

/** Raised when either side of a message changes; compared in the first message. */
export const PROTOCOL_VERSION = 3;

/** What the webview asks of the host. */
export interface HostRequests extends ChartRequests, TensorRequests, TensorListRequests {
  /** First message: announces the webview and gets everything it needs to draw. */
  'view/ready': { params: { protocol: number }; result: ViewState };
  'node/details': { params: { nodeId: number }; result: NodeDetails };
  /** One metric of all nodes; times are measured when they are first asked for. */
  'heat/get': { params: MetricRequest; result: MetricColumn };
  /** Puts nodes into `skip_quant_node` of the last run's config, or takes them out; the trial arrives as an event. */
  'node/skip': { params: { nodeIds: readonly number[]; skip: boolean }; result: void };
  /** Opens the "Quantize with config…" pick. */
  'run/quantize': { params: void; result: void };
  /** Runs the config of the figures on display once more. */
  'run/again': { params: void; result: void };
  'run/cancel': { params: void; result: void };
  /**
   * Applies a change to the config of the last run, undoable by its label; the trial arrives as an event. One that needs a
   * run asks first, unless `runs`. `madeFor` is the text that the change was measured for, where that is another one.
   */
  'config/change': { params: { change: ConfigChange; label: string; runs?: boolean; madeFor?: string }; result: void };
  /** Writes the config as it was at a trial, undoable; its figures follow as those of any change. */
  'trials/restore': { params: { id: string }; result: void };
  'trials/rename': { params: { id: string; name: string }; result: void };
  'trials/pin': { params: { id: string; pinned: boolean }; result: void };
  /** Trials made from deleted ones move up to what those were made from. */
  'trials/delete': { params: { ids: readonly string[] }; result: void };
  'trials/compare': { params: { a: string; b: string }; result: TrialComparison };
  /** What these start goes on after the reply; `resume` takes over what a cancelled sweep has measured. */
  'sensitivity/start': { params: { request: SensitivityRequest; resume: boolean }; result: void };
  'sensitivity/cancel': { params: void; result: void };
  'search/start': { params: SearchRequest; result: void };
  'search/cancel': { params: void; result: void };
  'diagnosis/start': { params: DiagnosisRequest; result: void };
  'diagnosis/cancel': { params: void; result: void };
  'edit/undo': { params: void; result: void };
  'edit/redo': { params: void; result: void };
  /** Opens the config of the last run at `skip_quant_node`, or the report folder. */
  'open/config': { params: void; result: void };
  'open/report': { params: void; result: void };
  /** Asks where to, and writes elements there; `suggestedName` is without extension. */
  'tensor/save': { params: TensorFile & { suggestedName: string }; result: { saved: boolean } };
  /** Asks where to, and writes the picture there; the extension of `name` says of what kind it is. */
  'picture/save': { params: { name: string; data: Uint8Array }; result: { saved: boolean } };
  /** Asks where to, and writes the text there; `name` with its extension is suggested. */
  'table/save': { params: { name: string; text: string }; result: { saved: boolean } };
  /** Asks where to, and writes values of nodes there; `name` with its extension is suggested. */
  'overlay/save': { params: { name: string; text: string }; result: { saved: boolean } };
  /** Asks for a file of values of nodes; null when none was chosen. */
  'overlay/open': { params: void; result: { name: string; text: string } | null };
  /** Opens the file of an evaluation sample, by its index, or of a calibration sample, by its name. */
  'sample/open': { params: { sample: number | string }; result: void };
  /** How the view looks now, to be kept for this model; as JSON. */
  'view/save': { params: { view: unknown }; result: void };
  /** Selection for context menus and key bindings contributed by the extension. */
  /** For the other half of a diff editor. */
  'compare/move': { params: SharedPlace; result: void };
  'compare/groups': { params: { open: readonly string[] | null }; result: void };
  'selection/changed': { params: { nodeId: number | null }; result: void };
}

/** What the host tells the webview. */
export interface HostEvents {
  /** This view is one half of a diff editor, with that on the other side; again when the other side has new figures. */
  'compare/started': CompareStart;
  'compare/ended': Record<never, never>;
  /** The other side has moved, selected a node of its graph, or opened groups. */
  'compare/moved': SharedPlace;
  'compare/selected': { nodeId: number | null };
  'compare/groups': { open: readonly string[] | null };
  /** A {@link GraphTable.buffer}. */
  'graph/changed': { graph: ArrayBuffer };
  'run/progress': Progress;
  'run/finished': { run: RunView };
  /** Figures of an earlier run are on display. */
  'run/restored': { run: RunView; restored: RestoredRun };
  'trial/started': { handles: readonly string[] };
  'trial/finished': { trial: TrialView };
  /** Cancelled when `diagnostics` is empty. */
  'run/stopped': { diagnostics: readonly Diagnostic[] };
  'trials/changed': { tree: TrialTree };
  /** Null where nothing was measured under the model and the config as they are; as far as it came while running. */
  'sensitivity/changed': { view: SensitivityView | null; running: boolean };
  'search/changed': { view: SearchView | null; running: boolean };
  'diagnosis/changed': { view: DiagnosisView | null; running: boolean };
  /** The settings of the view have changed. */
  'preferences/changed': Preferences;
  /** A command of VS Code's: menus, palette, keys. */
  'view/command': { command: ViewCommand; nodeId?: number; group?: string };
}

export interface ViewState {
  /** Where the view is one half of a diff editor. */
  readonly compare: CompareStart | null;
  readonly protocol: number;
  /** A {@link GraphTable.buffer}. */
  readonly graph: ArrayBuffer;
  readonly run: RunView | null;
  readonly trial: TrialView | null;
  readonly busy: boolean;
  /** Where `run` is a kept run, not measured since the model was opened. */
  readonly restored: RestoredRun | null;
  readonly trials: TrialTree;
  /** What was measured under the model and config on display, also in an earlier session; null where nothing was. */
  readonly sensitivity: SensitivityView | null;
  readonly search: SearchView | null;
  readonly diagnosis: DiagnosisView | null;
  /** What `view/save` kept of this model's last view; null for none. */
  readonly view: unknown;
  /** How the view looks where nothing was kept. */
  readonly preferences: Preferences;
}

/** Settings of the view, as they stand in the editor's settings. */
export interface Preferences {
  /** A metric that colours the graph, or `none`. */
  readonly metric: string;
  readonly palette: string;
  /** `bands` or `gradient`. */
  readonly scale: string;
  readonly minimap: boolean;
  /** The user's command that can judge outputs; absent or null where none is set. */
  readonly judgeCommand?: { readonly command: string; readonly better: 'higher' | 'lower' } | null;
}

/** A run whose figures are known from before: what needs the engine needs the run again. */
export interface RestoredRun {
  readonly name: string;
  /** When it ended, in milliseconds since 1970. */
  readonly timeMs: number;
}

/** What the view carries out for menus, palette and keys; of the node or group that is given, else of the selected one. */
export type ViewCommand =
  | 'search'
  | 'fit'
  | 'zoomIn'
  | 'zoomOut'
  | 'zoomToSelection'
  | 'table'
  | 'reveal'
  | 'inspect'
  | 'upstream'
  | 'downstream'
  | 'pathFrom'
  | 'pathTo'
  | 'clearPath'
  | 'collapse'
  | 'expand'
  | 'collapseAll'
  | 'expandAll'
  | 'exportSvg'
  | 'exportPng'
  | 'copyStatistics'
  | 'minimap'
  | 'findSimilar'
  | 'changeNodes';

/** What the host asks of the worker. Paths are absolute; the worker reads files itself. */
export interface WorkerRequests extends ChartRequests, TensorRequests, TensorListRequests {
  /** Answers a {@link GraphTable.buffer}. */
  'model/open': {
    /** `files`: what lies on no disk, by path, the model included. */
    params: { protocol: number; path: string; files?: Readonly<Record<string, Uint8Array>> };
    result: ArrayBuffer;
  };
  /** External data files of the model that were not among `files`, relative to it. */
  'model/missing': { params: void; result: readonly string[] };
  /** Calibrates, quantizes, evaluates; writes the reports the config names (or into `reportFolder`). */
  'quant/run': { params: QuantizeParams; result: RunView };
  /** Evaluates again under an edited config, re-using what did not change; writes nothing. */
  'quant/trial': { params: QuantizeParams; result: TrialView };
  /** Writes the quantized model of the last run or trial, in its config's format; says what there is to say of it. */
  'model/export': { params: { path: string }; result: readonly Diagnostic[] };
  /** Lets go of the last run; the model stays open. */
  'run/forget': { params: void; result: void };
  'node/details': { params: { nodeId: number }; result: NodeDetails };
  'heat/get': { params: MetricRequest; result: MetricColumn };
  'tensor/write': { params: TensorFile & { path: string }; result: void };
  /** The files of an evaluation sample, by its index, or of a calibration sample, by its name; one per input. */
  'sample/paths': { params: { sample: number | string }; result: readonly string[] };
  /** Fills `sensitivity` node by node; as far as it came arrives as events. `known` is of an earlier, cancelled sweep. */
  'sensitivity/run': {
    params: { request: SensitivityRequest; known: readonly SensitivityEntry[] };
    result: SensitivityView;
  };
  /** The best so far arrives as events. */
  'search/run': { params: SearchRequest; result: SearchView };
  'diagnosis/run': { params: DiagnosisRequest; result: DiagnosisView };
  /** All diagnostics of a config for the open model, without running anything. */
  'config/check': { params: { configText: string; configPath: string }; result: readonly Diagnostic[] };
  /** What a config for the open model may name. */
  'config/facts': { params: void; result: ModelFacts };
  /** A config filled in for the open model from a template. */
  'config/template': {
    params: { quantType: 'FULL_QUANT' | 'WEIGHT_QUANT' | 'DYNAMIC_QUANT' | 'MIXED_BIT' };
    result: { configText: string };
  };
}

export interface QuantizeParams {
  /** Text as in the editor, saved or not. */
  readonly configText: string;
  /** Where it lives: relative paths resolve against its folder. */
  readonly configPath: string;
  /** Evaluation samples for figures; the config's `evaluate_size` when absent. */
  readonly samples?: number;
}

export interface WorkerEvents {
  progress: Progress;
  sensitivity: SensitivityView;
  search: SearchView;
  diagnosis: DiagnosisView;
}

type RequestTable = { [method: string]: { params: unknown; result: unknown } };

/** One handler per request, so that a missing one does not compile. */
export type Handlers<R> = {
  [M in keyof R]: R[M] extends { params: infer P; result: infer T }
    ? (params: P, signal: AbortSignalLike) => Promise<T>
    : never;
};

export type Method<R> = keyof R & string;
export type { RequestTable };
