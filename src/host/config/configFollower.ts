import * as vscode from 'vscode';
import { Cancelled } from '../../base/abort.ts';
import { DiagnosticError, hasErrors } from '../../base/diagnostics.ts';
import type { TrialView } from '../../protocol/views.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import type { Problems } from '../problems.ts';
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

  /** The nodes of `handles` were toggled: evaluates as soon as the clicks rest. */
  toggled(handles: readonly string[]): void {
    for (const handle of handles) this.handles.add(handle);
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
      this.evaluate().catch((error: unknown) => {
        if (error instanceof Cancelled) return;
        if (error instanceof DiagnosticError && error.diagnostic.code === NEEDS_FULL_RUN) void this.offerRun();
        else this.problems.reportFailure(error, this.config);
      });
    }, delayMs);
  }

  /** Once per run: typing goes on, and the view says it as well. */
  private async offerRun(): Promise<void> {
    if (this.offered) return;
    this.offered = true;
    const again = vscode.l10n.t('Quantize Again');
    const text = vscode.l10n.t(
      'The config has changed in more than skipped nodes. The figures are those of the last run.',
    );
    const chosen = await vscode.window.showInformationMessage(text, again);
    if (chosen === again) {
      await vscode.commands.executeCommand('quantscope.quantizeWithConfig', this.session.uri, this.config);
    }
  }

  private async evaluate(): Promise<void> {
    const { session, config } = this;
    if (config === undefined || session.run === null || session.restored !== null) return;
    const configText = await readConfig(config);
    if (configText === this.text) {
      if (this.handles.size > 0) session.stopped([]); // toggled and toggled back: the clicks need their answer
      this.handles.clear();
      return;
    }
    session.cancel('trial', 'sensitivity');
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
    const samples = vscode.workspace.getConfiguration('quantscope', session.uri).get('evaluationSamples', 8);
    const trial = await session.evaluate({ configText, configPath, samples }, handles).catch((error: unknown) => {
      if (this.text === configText) this.text = '';
      throw error;
    });
    this.problems.publish(config, [...found, ...trial.run.diagnostics]);
    this.evaluated.fire({ config, configText, trial });
  }
}

function escapeGlob(name: string): string {
  return name.replace(/[[\]{}*?]/g, '[$&]');
}
