import * as vscode from 'vscode';
import type { RunView } from '../../protocol/views.ts';
import type { Deps } from '../commands/deps.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import type { Log } from '../log.ts';
import { collectColumns } from './columns.ts';
import { runName } from './describeRun.ts';
import { headOf, sha256OfFile } from './headOf.ts';
import { fileOfModel, runOfAddress } from './runAddress.ts';
import { RunsStore } from './runsStore.ts';
import type { ModelState, RunBody, RunHead, StoredColumn } from './storedRun.ts';

/** What just ended in a session. */
export interface Finished {
  readonly session: ModelSession;
  readonly config: vscode.Uri;
  readonly configText: string;
  readonly run: RunView;
  /** What a trial changed; null for a run. */
  readonly trial: { readonly added: readonly string[]; readonly removed: readonly string[] } | null;
}

/** Keeps what is finished in the extension's storage: of the workspace, or of the user where no folder is open. */
export class Runs implements vscode.Disposable {
  readonly store: RunsStore;
  private readonly log: Log;
  private readonly emitter = new vscode.EventEmitter<void>();
  /** After the list has changed. */
  readonly onDidChange = this.emitter.event;
  /** The run that a session's trials belong to. */
  private readonly bases = new WeakMap<ModelSession, string>();
  /** The kept run whose figures a session shows. */
  private readonly displayed = new WeakMap<ModelSession, string>();
  private readonly loaded: Promise<void>;
  private readonly states = new Map<string, ModelState>();

  constructor(context: vscode.ExtensionContext, log: Log) {
    this.log = log;
    const folder = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'runs').fsPath;
    this.store = new RunsStore({
      folder,
      keep: () => vscode.workspace.getConfiguration('quantscope').get('runs.keep', 50),
      log: (message) => log.info(message),
      onChange: () => this.emitter.fire(),
    });
    this.loaded = this.store.load().catch((error: unknown) => log.failure(error));
  }

  /** Keeps a run or a trial. A disk that refuses is told in the log: the figures on display stay. */
  async record({ session, config, configText, run, trial }: Finished): Promise<RunHead | undefined> {
    const base = this.bases.get(session) ?? null;
    try {
      const head = headOf({
        run,
        timeMs: Date.now(),
        model: fileOfModel(session.uri).toString(),
        config: config.toString(),
        modelState: await this.stateOf(session.uri),
        configText,
        trial: trial && { ...trial, base },
      });
      if (trial === null) this.bases.set(session, head.id);
      this.displayed.set(session, head.id);
      await this.store.add(head, { run, configText, columns: await this.columnsOf(session, run) });
      return head;
    } catch (error) {
      this.log.failure(error);
      return undefined;
    }
  }

  /** Adds what was measured of the run on display after it was kept. */
  async addSensitivity(session: ModelSession): Promise<void> {
    const id = this.displayed.get(session);
    if (id === undefined || session.restored !== null) return;
    try {
      const { values } = await session.column({ metric: 'sensitivity', of: 'mean' });
      const body = await this.store.body(id);
      const nodes = body.run.nodes.map((node, i) => ({ ...node, sensitivity: finite(values[i]) }));
      await this.store.replaceBody(id, { ...body, run: { ...body.run, nodes } });
    } catch (error) {
      this.log.failure(error);
    }
  }

  /** The metrics of the run on display, for as long as it is `run`. */
  private async columnsOf(session: ModelSession, run: RunView): Promise<readonly StoredColumn[]> {
    try {
      const columns = await collectColumns((request) => session.column(request), run.nodes.length);
      return session.shown === run && session.restored === null ? columns : [];
    } catch (error) {
      this.log.failure(error);
      return [];
    }
  }

  /** The state of a model's file now; its bytes are read again only when its stamp is another. */
  async stateOf(model: vscode.Uri): Promise<ModelState> {
    const stamp = await stampOf(model);
    const known = this.states.get(model.toString());
    if (known?.stamp === stamp) return known;
    const state = { stamp, sha256: model.scheme === 'file' ? await sha256OfFile(model.fsPath) : '' };
    this.states.set(model.toString(), state);
    return state;
  }

  /** Whether a kept run was made from the file as it is now. */
  async isCurrent({ model, modelState }: RunHead): Promise<boolean> {
    const uri = vscode.Uri.parse(model);
    if (modelState.stamp !== '' && (await stampOf(uri)) === modelState.stamp) return true;
    return modelState.sha256 !== '' && (await this.stateOf(uri)).sha256 === modelState.sha256;
  }

  /** Puts the newest figures of a model on display, or those of the run that its address names, as long as its file is the same and nothing else is there. */
  async showLatest(session: ModelSession): Promise<void> {
    await this.loaded;
    const named = runOfAddress(session.uri);
    const head =
      named === undefined ? this.store.latest(session.uri.toString()) : this.store.heads.find(({ id }) => id === named);
    if (head === undefined || !(await this.isCurrent(head))) return;
    const body = await this.store.body(head.id);
    if (session.run === null && session.working === undefined) await this.show(session, head, body);
  }

  /** Puts a kept run on display. @throws Error when its figures cannot be read. */
  async show(session: ModelSession, head: RunHead, { run, configText, columns }: RunBody): Promise<void> {
    const restored = { name: runName(head), timeMs: head.timeMs };
    await session.restore({ run, config: vscode.Uri.parse(head.config.uri), configText, restored, columns });
    this.displayed.set(session, head.id);
  }

  /** Whether a kept run is what the engine holds, or what is on display already. */
  isShown(session: ModelSession, { id }: RunHead): boolean {
    return session.run !== null && this.displayed.get(session) === id;
  }

  dispose(): void {
    this.emitter.dispose();
  }
}

/** Null where it was not measured. */
function finite(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
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

/** Keeps the trials of every open model as well, and shows the last figures of a model that is opened. */
export function keepRuns({ sessions, runs, log }: Deps): vscode.Disposable {
  return vscode.Disposable.from(
    sessions.onDidEvaluate(({ session, config, configText, trial }) => {
      const { added, removed } = trial;
      void runs.record({ session, config, configText, run: trial.run, trial: { added, removed } });
    }),
    sessions.onDidMeasure((session) => void runs.addSensitivity(session)),
    sessions.onDidRead((session) => {
      runs.showLatest(session).catch((error: unknown) => log.failure(error));
    }),
  );
}
