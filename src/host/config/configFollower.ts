import * as vscode from 'vscode';
import { Cancelled } from '../../base/abort.ts';
import { DiagnosticError, hasErrors } from '../../base/diagnostics.ts';
import type { TrialView } from '../../protocol/views.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import type { Problems } from '../problems.ts';
import type { Edited } from './configEdits.ts';
import { readConfig } from './configText.ts';

/** A toggle is a decision and is tried at once, unless it comes this soon after another: then when the clicks rest. */
const QUICK_CLICK_MS = 150;
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

/** An evaluation that has begun; what it was to answer is left to the next one where that takes its place. */
interface Attempt {
  readonly handles: readonly string[];
  readonly runs: boolean;
  isSuperseded: boolean;
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
  private attempt: Attempt | undefined;
  /** The text of an edit under way that is being evaluated already. */
  private ahead: string | undefined;
  /** Of the last edit from the graph, on the clock of `performance.now()`. */
  private clickedMs = Number.NEGATIVE_INFINITY;
  /** How long the clicks are to rest before the next evaluation. */
  private restMs = 0;
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
   * The config is about to be changed from the graph: evaluates what it will say at once, and after quick clicks as soon
   * as they rest. Where that takes a run, an edit with `runs` starts it without asking.
   */
  changing({ config, handles, runs, text }: Edited): void {
    this.supersede();
    for (const handle of handles) this.handles.add(handle);
    this.runs ||= runs;
    const nowMs = performance.now();
    this.restMs = nowMs - this.clickedMs < QUICK_CLICK_MS ? QUICK_CLICK_MS : 0;
    this.clickedMs = nowMs;
    const isOther = config.toString() !== this.config?.toString(); // undo goes back to configs of earlier runs, too
    if (isOther || this.restMs > 0 || text === this.text) return;
    this.ahead = text;
    this.start(text);
  }

  /** What {@link changing} told of has happened. */
  changed({ text }: Edited): void {
    const isAhead = this.isAheadOf(text);
    this.ahead = undefined;
    if (isAhead) clearTimeout(this.timer);
    else this.answerFor();
  }

  /** What {@link changing} told of could not be done. */
  unchanged(): void {
    this.ahead = undefined;
    this.answerFor();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.watcher?.dispose();
    this.evaluated.dispose();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private isAheadOf(text: string): boolean {
    return this.ahead === text;
  }

  /** Whether what failed is tried again by {@link changed}; what was cancelled is not. */
  private isToRepeat(text: string, error: unknown): boolean {
    return this.isAheadOf(text) && !(error instanceof Cancelled) && this.session.run !== null;
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), delayMs);
  }

  /** @param text what the config will say; what it says when absent. */
  private start(text?: string): void {
    clearTimeout(this.timer);
    this.evaluate(text).catch((error: unknown) => {
      if (!(error instanceof Cancelled)) this.problems.reportFailure(error, this.config);
    });
  }

  /** Evaluates what the config says, once clicks rest: somebody waits for it. */
  private answerFor(): void {
    this.supersede();
    this.isWaiting = true;
    this.schedule(this.restMs);
  }

  /** Stops the evaluation in progress because another answers for it. */
  private supersede(): void {
    const { attempt } = this;
    if (attempt === undefined) return;
    this.attempt = undefined;
    attempt.isSuperseded = true;
    this.handles = new Set([...attempt.handles, ...this.handles]);
    this.runs ||= attempt.runs;
    this.text = '';
    this.session.cancel('trial');
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

  private async evaluate(text?: string): Promise<void> {
    const { session, config } = this;
    if (config === undefined || session.run === null || session.restored !== null) {
      this.runs = false;
      return;
    }
    const configText = text ?? (await readConfig(config));
    if (text === undefined && this.ahead !== undefined) return; // what was read may be older
    if (configText === this.text) {
      if (this.isWaiting) session.stopped([]); // changed and changed back: the clicks need their answer
      this.settle();
      return;
    }
    this.supersede();
    session.cancel('sensitivity', 'search', 'diagnosis');
    const attempt: Attempt = { handles: [...this.handles], runs: this.runs, isSuperseded: false };
    this.attempt = attempt;
    this.settle();
    try {
      await this.attemptWith(attempt, config, configText);
    } catch (error) {
      if (attempt.isSuperseded) return;
      this.text = '';
      if (this.isToRepeat(configText, error)) {
        this.ahead = undefined; // what fails before the config says so is tried again when it does
        this.supersede();
      } else if (error instanceof DiagnosticError && error.diagnostic.code === NEEDS_FULL_RUN) {
        void this.offerRun(attempt.runs);
      } else throw error;
    } finally {
      if (this.attempt === attempt) this.attempt = undefined;
    }
  }

  /** Nothing is left to answer, or an attempt has taken it over. */
  private settle(): void {
    this.handles.clear();
    this.runs = false;
    this.isWaiting = false;
  }

  private async attemptWith(attempt: Attempt, config: vscode.Uri, configText: string): Promise<void> {
    const { session } = this;
    const configPath = config.fsPath;
    const rpc = await session.ready();
    const found = await rpc.request('config/check', { configText, configPath });
    if (attempt.isSuperseded) throw new Cancelled();
    this.problems.publish(config, found);
    if (hasErrors(found)) {
      session.stopped(found);
      return;
    }
    this.text = configText;
    const params = { configText, configPath, samples: trialSamples(session.uri) };
    const trial = await session.evaluate(params, {
      handles: attempt.handles,
      untold: attempt.runs ? [NEEDS_FULL_RUN] : [],
      isSuperseded: () => attempt.isSuperseded,
      isSilent: (error) => attempt.isSuperseded || this.isToRepeat(configText, error),
    });
    this.text = configText; // also where a run came between
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
