import * as path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled } from '../../base/abort.ts';
import { type Diagnostic, DiagnosticError } from '../../base/diagnostics.ts';
import { GraphTable } from '../../protocol/graphTable.ts';
import {
  type HostEvents,
  PROTOCOL_VERSION,
  type QuantizeParams,
  type RestoredRun,
  type ViewState,
} from '../../protocol/messages.ts';
import { type MetricColumn, type MetricRequest, metricInfo, type SampleChoice } from '../../protocol/metrics.ts';
import type { TensorTable } from '../../protocol/tensorTable.ts';
import type { NodeDetails, NodeView, RunView, TrialView } from '../../protocol/views.ts';
import { columnOfFigures } from '../../session/metrics/figuresColumn.ts';
import { diagnosticsOf, workerEnded } from '../errors.ts';
import type { FindingKind, FoundViews } from '../findings/storedFindings.ts';
import type { Log } from '../log.ts';
import { keptColumn } from '../runs/columns.ts';
import { restoredDetails } from '../runs/restoredDetails.ts';
import type { StoredColumn } from '../runs/storedRun.ts';
import { type HostRpc, type ModelWorker, startNodeWorker } from '../workers/node.ts';
import { type JobKind, Jobs } from './jobs.ts';
import { readExternalData, readVirtualModel, virtualPath } from './virtualFiles.ts';

/** What happened in a session, as its webviews hear it. */
export type SessionEvent = {
  [E in keyof HostEvents]: { readonly event: E; readonly payload: HostEvents[E] };
}[keyof HostEvents];

export interface SessionOptions {
  /** Absolute path of the bundled worker. */
  readonly workerScript: string;
  readonly log: Log;
  /** How the model's last view looked. */
  readonly loadView?: (model: vscode.Uri) => unknown;
}

/** An earlier run to put on display. */
export interface Restored {
  readonly run: RunView;
  readonly config: vscode.Uri;
  readonly configText: string;
  readonly restored: RestoredRun;
  readonly columns: readonly StoredColumn[];
}

/** What webviews need not hear of. */
interface Silence {
  /** Codes of what something is done about. */
  readonly untold?: readonly string[];
  /** Whether another evaluation answers instead, so that a failure is none. */
  readonly isSilent?: (error: unknown) => boolean;
}

export interface Evaluation extends Silence {
  /** Of the nodes that wait for it. */
  readonly handles: readonly string[];
  /** Whether another evaluation answers instead: what this one found is not shown then. */
  readonly isSuperseded?: () => boolean;
}

/** As far as a sweep, a search or a diagnosis has come. */
export type Partial = {
  [K in FindingKind]: { readonly kind: K; readonly view: NonNullable<FoundViews[K]> };
}[FindingKind];

/** Nobody reads how far a trial is that ends sooner. */
const TRIAL_PROGRESS_AFTER_MS = 250;

/**
 * One opened model: its worker, its graph, its last run and trial. Panels of the same file share it.
 *
 * The worker starts with the first request; when it ends, the next request starts another. One job runs at a time.
 */
export class ModelSession implements vscode.Disposable {
  readonly uri: vscode.Uri;
  /** The config of the last run. */
  config: vscode.Uri | undefined;
  /** Its text, that the figures on display belong to; '' before any. */
  configText = '';
  /** Id of the node that is selected in the graph. */
  selected: number | null = null;
  run: RunView | null = null;
  trial: TrialView | null = null;
  /** Where {@link run} is a kept run, not measured since the model was opened. */
  restored: RestoredRun | null = null;

  private readonly options: SessionOptions;
  private keptColumns: readonly StoredColumn[] = [];
  private readonly emitter = new vscode.EventEmitter<SessionEvent>();
  readonly onEvent = this.emitter.event;
  private readonly resets = new vscode.EventEmitter<void>();
  /** After everything was forgotten: the file is to be read again, or the worker has ended. */
  readonly onDidReset = this.resets.event;
  private readonly opens = new vscode.EventEmitter<void>();
  /** After the model was read. */
  readonly onDidOpen = this.opens.event;
  private readonly selections = new vscode.EventEmitter<number | null>();
  readonly onDidSelect = this.selections.event;
  private readonly partials = new vscode.EventEmitter<Partial>();
  /** While a sweep, a search or a diagnosis goes on. */
  readonly onPartial = this.partials.event;
  private worker: ModelWorker | undefined;
  private opened: Promise<GraphTable> | undefined;
  private isOpen = false;
  private stamp = '';
  private readonly jobs = new Jobs(() => this.worker?.cancel());

  constructor(uri: vscode.Uri, options: SessionOptions) {
    this.uri = uri;
    this.options = options;
  }

  get file(): string {
    return path.basename(this.uri.fsPath);
  }

  /** What is in work, if anything. */
  get working(): JobKind | undefined {
    return this.jobs.working;
  }

  /** For how long something is in work; 0 for nothing. */
  get workingMs(): number {
    return this.jobs.workingMs;
  }

  /** The run on display: the last trial's, else the last full run. */
  get shown(): RunView | null {
    return this.trial?.run ?? this.run;
  }

  /**
   * The model's graph; opens the model at the first call.
   *
   * @throws DiagnosticError when the file cannot be read; the same until {@link reload}.
   */
  graph(): Promise<GraphTable> {
    this.opened ??= this.open();
    return this.opened;
  }

  async viewState(): Promise<
    Omit<ViewState, 'compare' | 'preferences' | 'trials' | 'sensitivity' | 'search' | 'diagnosis'>
  > {
    const graph = await this.graph();
    const busy = this.jobs.isAtLeast('export');
    const { run, trial, restored } = this;
    const view = this.options.loadView?.(this.uri) ?? null;
    return { protocol: PROTOCOL_VERSION, graph: graph.buffer, run, trial, busy, restored, view };
  }

  /** The nodes of these ids that exist. */
  async nodes(ids: readonly number[]): Promise<readonly NodeView[]> {
    const graph = await this.graph();
    return ids.flatMap((id) => graph.nodeOf(id) ?? []);
  }

  /** Forgets everything and reads the file again. @throws as {@link graph}. */
  reload(): Promise<GraphTable> {
    const { worker } = this;
    this.worker = undefined;
    worker?.dispose();
    this.reset();
    return this.graph();
  }

  /** What became of the file since it was read: `unread` when it could not be. */
  async compareWithDisk(): Promise<'same' | 'changed' | 'unread'> {
    if (!this.isOpen) return 'unread';
    return (await stampOf(this.uri)) === this.stamp ? 'same' : 'changed';
  }

  /** The connection to the worker with the model open in it, for requests that do not take long. */
  async ready(): Promise<HostRpc> {
    await this.graph();
    if (this.worker === undefined) throw new DiagnosticError(workerEnded(this.file, 'stopped'));
    return this.worker.rpc;
  }

  /**
   * Calibrates, quantizes and evaluates under a config.
   *
   * @throws Cancelled, or DiagnosticError with what is wrong.
   */
  quantize(config: vscode.Uri, params: QuantizeParams): Promise<RunView> {
    return this.reporting({}, async () => {
      const run = await this.exclusive('run', (rpc) => rpc.request('quant/run', params));
      this.config = config;
      this.configText = params.configText;
      this.run = run;
      this.trial = null;
      this.restored = null;
      this.keptColumns = [];
      this.fire('run/finished', { run });
      return run;
    });
  }

  /** Puts figures of an earlier run on display, and lets go of those that were. */
  async restore({ run, config, configText, restored, columns }: Restored): Promise<void> {
    if (this.run !== null && this.restored === null) {
      await this.exclusive('export', (rpc) => rpc.request('run/forget', undefined));
    }
    this.config = config;
    this.configText = configText;
    this.run = run;
    this.trial = null;
    this.restored = restored;
    this.keptColumns = columns;
    this.fire('run/restored', { run, restored });
  }

  /** A node, with the figures of the run on display. @throws DiagnosticError */
  async details(nodeId: number): Promise<NodeDetails> {
    const details = await (await this.ready()).request('node/details', { nodeId });
    return this.restored === null || this.run === null ? details : restoredDetails(this.run, details);
  }

  /** A metric of all nodes, of the run on display; times are measured for it. @throws Cancelled, DiagnosticError */
  async column(params: MetricRequest): Promise<MetricColumn> {
    const { needs } = metricInfo(params.metric);
    if (this.restored !== null && this.run !== null) {
      const kept = keptColumn(this.keptColumns, params);
      if (kept !== undefined) return kept;
      if (needs !== 'model') return columnOfFigures(this.file, params.metric, this.run.nodes);
    }
    if (needs === 'timing') return this.exclusive('times', (rpc) => rpc.request('heat/get', params));
    return (await this.ready()).request('heat/get', params);
  }

  /** The webview's selection has changed. */
  select(nodeId: number | null): void {
    this.selected = nodeId;
    this.selections.fire(nodeId);
  }

  /**
   * Evaluates the last run's model again under an edited config.
   *
   * @throws as {@link quantize}.
   */
  evaluate(params: QuantizeParams, { handles, isSuperseded, ...silence }: Evaluation): Promise<TrialView> {
    return this.reporting(silence, async () => {
      const trial = await this.exclusive('trial', (rpc) => {
        this.fire('trial/started', { handles });
        return rpc.request('quant/trial', params);
      });
      if (isSuperseded?.()) throw new Cancelled();
      this.trial = trial;
      this.configText = params.configText;
      this.fire('trial/finished', { trial });
      return trial;
    });
  }

  /** Runs a sweep, a search or a diagnosis; what they find on the way arrives by {@link onPartial}. @throws Cancelled, DiagnosticError */
  measure<T>(kind: FindingKind, ask: (rpc: HostRpc) => Promise<T>): Promise<T> {
    return this.exclusive(kind, ask);
  }

  /** Figures of all tensors; takes an evaluation where it has not been asked before. @throws Cancelled, DiagnosticError */
  listTensors(of: SampleChoice): Promise<TensorTable> {
    return this.exclusive('tensors', (rpc) => rpc.request('tensors/list', { of }));
  }

  /** Writes the quantized model on display. @returns what is to be said of it. @throws DiagnosticError */
  exportModel(path: string): Promise<readonly Diagnostic[]> {
    return this.exclusive('export', (rpc) => rpc.request('model/export', { path }));
  }

  /** Asks jobs of the given kinds to stop, those that still wait included. */
  cancel(...kinds: readonly JobKind[]): void {
    this.jobs.cancel(kinds);
  }

  /** Tells the webviews something. */
  tell<E extends keyof HostEvents>(event: E, payload: HostEvents[E]): void {
    this.fire(event, payload);
  }

  /** Something went wrong that nobody waits for. */
  failed(error: unknown): void {
    this.options.log.failure(error);
  }

  /** Tells the webviews that a job stopped, and why. */
  stopped(diagnostics: readonly Diagnostic[]): void {
    this.fire('run/stopped', { diagnostics });
  }

  /** Passes a command of VS Code's on to the webviews. */
  command(payload: HostEvents['view/command']): void {
    this.fire('view/command', payload);
  }

  dispose(): void {
    const { worker } = this;
    this.worker = undefined;
    worker?.dispose();
    vscode.Disposable.from(this.emitter, this.resets, this.opens, this.selections, this.partials).dispose();
  }

  private async open(): Promise<GraphTable> {
    const worker = this.startWorker();
    this.stamp = await stampOf(this.uri);
    const graph = new GraphTable(await openIn(worker.rpc, this.uri));
    this.isOpen = true;
    this.opens.fire();
    this.options.log.info(`${this.file}: ${graph.nodeCount} nodes, ${graph.opsets}, ${graph.producer}`);
    this.options.log.diagnostics(graph.diagnostics);
    return graph;
  }

  private startWorker(): ModelWorker {
    const { log, workerScript } = this.options;
    const settings = vscode.workspace.getConfiguration('quantscope', this.uri);
    const limit = settings.get('memoryLimit', 0);
    const worker = startNodeWorker({
      script: workerScript,
      threads: settings.get('threads', 0),
      budgetBytes: limit === 0 ? undefined : limit * 2 ** 20,
      whatIfBytes: settings.get('whatIfMemory', 1024) * 2 ** 20,
      onEnd: (reason) => this.workerEnded(worker, reason),
      onStderr: (text) => log.info(`worker: ${text}`),
    });
    worker.rpc.on('progress', (progress) => {
      if (this.working !== 'trial' || this.workingMs > TRIAL_PROGRESS_AFTER_MS) this.fire('run/progress', progress);
    });
    worker.rpc.on('sensitivity', (view) => this.partials.fire({ kind: 'sensitivity', view }));
    worker.rpc.on('search', (view) => this.partials.fire({ kind: 'search', view }));
    worker.rpc.on('diagnosis', (view) => this.partials.fire({ kind: 'diagnosis', view }));
    this.worker = worker;
    return worker;
  }

  private workerEnded(worker: ModelWorker, reason: string): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.options.log.info(`${this.file}: the worker ended (${reason})`);
    // While the model is being opened the request fails by itself; starting over would repeat the failure for ever.
    if (this.isOpen) this.reset();
  }

  private reset(): void {
    this.opened = undefined;
    this.isOpen = false;
    this.run = null;
    this.trial = null;
    this.configText = '';
    this.restored = null;
    this.keptColumns = [];
    this.resets.fire();
  }

  /** Runs `work` as the only job. @throws Cancelled when a later one of the same kind took its place. */
  private exclusive<T>(kind: JobKind, work: (rpc: HostRpc) => Promise<T>): Promise<T> {
    return this.jobs.exclusive(kind, async (isCancelled) => {
      await this.graph();
      if (isCancelled()) throw new Cancelled();
      if (this.worker === undefined) throw new DiagnosticError(workerEnded(this.file, 'stopped'));
      return this.worker.job(work);
    });
  }

  private async reporting<T>({ untold = [], isSilent }: Silence, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isSilent?.(error)) throw error;
      const told = error instanceof Cancelled ? [] : diagnosticsOf(error);
      this.stopped(told.filter(({ code }) => !untold.includes(code)));
      throw error;
    }
  }

  private fire<E extends keyof HostEvents>(event: E, payload: HostEvents[E]): void {
    this.emitter.fire({ event, payload } as SessionEvent); // event and payload are of one E
  }
}

/** Lets a worker read a model: from disk by itself, else from the bytes that VS Code has. @throws DiagnosticError */
async function openIn(rpc: HostRpc, uri: vscode.Uri): Promise<ArrayBuffer> {
  const protocol = PROTOCOL_VERSION;
  if (uri.scheme === 'file') return rpc.request('model/open', { protocol, path: uri.fsPath });
  const path = virtualPath(uri);
  const files = await readVirtualModel(uri);
  const graph = await rpc.request('model/open', { protocol, path, files });
  const found = await readExternalData(uri, files, await rpc.request('model/missing', undefined));
  if (Object.keys(found).length === 0) return graph;
  return rpc.request('model/open', { protocol, path, files: { ...files, ...found } });
}

/** Tells one state of a file from another; '' when it is not there. */
async function stampOf(uri: vscode.Uri): Promise<string> {
  try {
    const { mtime, size } = await vscode.workspace.fs.stat(uri);
    return `${mtime} ${size}`;
  } catch {
    return '';
  }
}
