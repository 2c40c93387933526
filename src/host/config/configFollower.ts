import * as vscode from 'vscode';
import { Cancelled } from '../../base/abort.ts';
import { DiagnosticError, hasErrors } from '../../base/diagnostics.ts';
import type { TrialView } from '../../protocol/views.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import type { Problems } from '../problems.ts';
import type { Edited } from './configEdits.ts';
import { readConfig } from './configText.ts';

/** A toggle is a decision: wait just long enough to catch the next click. */
const TOGGLE_DELAY_MS = 150;
/** Typing goes on: wait until it rests. */
const TYPING_DELAY_MS = 800;

/** What a trial answers when more than the skip list has changed. */
const NEEDS_FULL_RUN = 'SES402';

/** A trial that has ended. */
export interface Evaluated {
  readonly config: vscode.Uri;
  readonly configText: string;
  readonly trial: TrialView;
}

/** Evaluates the model again whenever the config of its last run changes: by a toggle, by hand, or on disk. */
export class ConfigFollower implements vscode.Disposable {
  private readonly session: ModelSession;
  private readonly problems: Problems;
  private readonly subscriptions: vscode.Disposable[];
  private watcher: vscode.Disposable | undefined;
  private config: vscode.Uri | undefined;
  /** The text that the figures on display belong to; '' when there is none. */
  private text = '';
  private timer: NodeJS.Timeout | undefined;
  private handles = new Set<string>();
  private offered = false;
  /** Whether somebody waits for an answer to an edit from the graph. */
  private isWaiting = false;
  private runs = false;
  private readonly evaluated = new vscode.EventEmitter<Evaluated>();
  /** After a trial has ended. */
  readonly onDidEvaluate = this.evaluated.event;

  constructor({ session, problems }: { readonly session: ModelSession; readonly problems: Problems }) {
    this.session = session;
    this.problems = problems;
    const changed = (document: vscode.TextDocument) => {
      if (document.uri.toString() === this.config?.toString()) this.schedule(TYPING_DELAY_MS);
    };
    this.subscriptions = [
      vscode.workspace.onDidChangeTextDocument(({ document }) => changed(document)),
      vscode.workspace.onDidCloseTextDocument(changed),
    ];
  }

  /** Follows `config` from now on; `text` is what the last run used. */
  follow(config: vscode.Uri, text: string): void {
    this.text = text;
    this.handles.clear();
    this.offered = false;
    if (config.toString() === this.config?.toString()) return;
    this.config = config;
    this.watcher?.dispose();
    const folder = vscode.Uri.joinPath(config, '..');
    const name = config.path.slice(config.path.lastIndexOf('/') + 1);
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, escapeGlob(name)));
    const onDisk = () => this.schedule(TYPING_DELAY_MS);
    this.watcher = vscode.Disposable.from(watcher, watcher.onDidChange(onDisk), watcher.onDidCreate(onDisk));
  }

  /**
   * The config was changed from the graph: evaluates as soon as the clicks rest. Where that takes a run, an edit with
   * `runs` starts it without asking.
   */
  changed({ handles, runs }: Edited): void {
    for (const handle of handles) this.handles.add(handle);
    this.runs ||= runs;
    this.isWaiting = true;
    this.schedule(TOGGLE_DELAY_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.watcher?.dispose();
    this.evaluated.dispose();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { runs } = this;
      this.runs = false;
      this.evaluate(runs ? [NEEDS_FULL_RUN] : []).catch((error: unknown) => {
        if (error instanceof Cancelled) return;
        if (error instanceof DiagnosticError && error.diagnostic.code === NEEDS_FULL_RUN) void this.offerRun(runs);
        else this.problems.reportFailure(error, this.config);
      });
    }, delayMs);
  }

  /** Once per run: typing goes on, and the view says it as well. */
  private async offerRun(isWanted: boolean): Promise<void> {
    const run = () => vscode.commands.executeCommand('quantscope.quantizeWithConfig', this.session.uri, this.config);
    if (isWanted) {
      await run();
      return;
    }
    if (this.offered) return;
    this.offered = true;
    const again = vscode.l10n.t('Quantize Again');
    const text = vscode.l10n.t(
      'The config has changed in a way that needs a new run. The figures are those of the last run.',
    );
    if ((await vscode.window.showInformationMessage(text, again)) === again) await run();
  }

  private async evaluate(untold: readonly string[]): Promise<void> {
    const { session, config } = this;
    if (config === undefined || session.run === null || session.restored !== null) return;
    const configText = await readConfig(config);
    if (configText === this.text) {
      if (this.isWaiting) session.stopped([]); // changed and changed back: the clicks need their answer
      this.handles.clear();
      this.isWaiting = false;
      return;
    }
    this.isWaiting = false;
    session.cancel('trial', 'sensitivity', 'search', 'diagnosis');
    const configPath = config.fsPath;
    const rpc = await session.ready();
    const found = await rpc.request('config/check', { configText, configPath });
    this.problems.publish(config, found);
    if (hasErrors(found)) {
      session.stopped(found);
      return;
    }
    this.text = configText;
    const handles = [...this.handles];
    this.handles.clear();
    const params = { configText, configPath, samples: trialSamples(session.uri) };
    const trial = await session.evaluate(params, handles, untold).catch((error: unknown) => {
      if (this.text === configText) this.text = '';
      throw error;
    });
    this.problems.publish(config, [...found, ...trial.run.diagnostics]);
    this.evaluated.fire({ config, configText, trial });
  }
}

/** Evaluation samples of a trial: a run keeps what they need. */
export function trialSamples(model: vscode.Uri): number {
  return vscode.workspace.getConfiguration('quantscope', model).get('evaluationSamples', 8);
}

function escapeGlob(name: string): string {
  return name.replace(/[[\]{}*?]/g, '[$&]');
}
