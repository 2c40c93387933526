import * as vscode from 'vscode';
import { Cancelled } from '../../base/abort.ts';
import type { DiagnosisRequest } from '../../protocol/diagnosisViews.ts';
import type { HostEvents } from '../../protocol/messages.ts';
import type { SearchRequest } from '../../protocol/searchViews.ts';
import type { SensitivityRequest } from '../../protocol/sensitivityViews.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import { fileOfModel } from '../runs/runAddress.ts';
import type { ModelState } from '../runs/storedRun.ts';
import { type KeptFiles, keyOf } from '../storage/keptFiles.ts';
import type { HostRpc } from '../workers/node.ts';
import { permitted } from './judgeCommand.ts';
import { FINDING_KINDS, type FindingKind, type FoundViews, knownOf, NOTHING_FOUND } from './storedFindings.ts';

/** Where findings are kept, and what tells the states of a model's file apart. */
export interface FindingParts {
  readonly files: KeptFiles<FoundViews>;
  readonly stateOf: (model: vscode.Uri) => Promise<ModelState>;
}

const EVENT = {
  sensitivity: 'sensitivity/changed',
  search: 'search/changed',
  diagnosis: 'diagnosis/changed',
} as const;

type View<K extends FindingKind> = NonNullable<FoundViews[K]>;

/**
 * Sweeps, searches and diagnoses of one open model: starts and stops them, keeps what they find by the model's file and
 * the config's text, and shows it again whenever both are the same.
 */
export class Findings implements vscode.Disposable {
  private readonly session: ModelSession;
  private readonly parts: FindingParts;
  private readonly subscription: vscode.Disposable;
  private readonly swept = new vscode.EventEmitter<void>();
  /** After a sweep has ended, or stopped with a part of it done. */
  readonly onDidSweep = this.swept.event;
  /** The last of each kind that was on display; that of another text is of the past. */
  private views: FoundViews = NOTHING_FOUND;
  private running: FindingKind | undefined;
  private stopped = false;
  private isClosed = false;
  /** A sweep that a click stopped: it goes on when the config is as it was. */
  private interrupted:
    | { readonly configText: string; readonly request: SensitivityRequest; readonly asked: boolean }
    | undefined;
  private queue: Promise<void> = Promise.resolve();
  private asked = 0;

  constructor(session: ModelSession, parts: FindingParts) {
    this.session = session;
    this.parts = parts;
    this.subscription = vscode.Disposable.from(
      session.onPartial(({ kind, view }) => {
        if (this.running === kind) this.show(kind, view);
      }),
      session.onEvent(({ event }) => {
        if (event === 'run/finished' || event === 'trial/finished' || event === 'run/restored') this.turn();
      }),
      session.onDidReset(() => {
        this.views = NOTHING_FOUND;
        this.interrupted = undefined;
        this.asked++;
      }),
    );
  }

  /** What was found under the model and the config on display. */
  get current(): FoundViews {
    const { configText } = this.session;
    const of = <K extends FindingKind>(kind: K) => (isOf(this.views[kind], configText) ? this.views[kind] : null);
    return { sensitivity: of('sensitivity'), search: of('search'), diagnosis: of('diagnosis') };
  }

  /** What was found last, also under an earlier text of the config. */
  get last(): FoundViews {
    return this.views;
  }

  /** Resolves when what was kept is loaded. */
  settled(): Promise<void> {
    return this.queue;
  }

  /** Whether a sweep ended before it was through, under the config on display. */
  get canResume(): boolean {
    const { sensitivity } = this.current;
    return this.running !== 'sensitivity' && sensitivity !== null && sensitivity.done < sensitivity.total;
  }

  /** @param resume takes over what an earlier sweep of the same request has measured. @throws as {@link measure} */
  sweep(request: SensitivityRequest, { resume }: { readonly resume: boolean }): Promise<void> {
    return this.measure('sensitivity', (rpc) => {
      const allowed = { ...request, judge: permitted(request.judge, this.session.uri) };
      const { sensitivity } = this.current;
      const known = resume ? knownOf(sensitivity, allowed) : [];
      this.tell('sensitivity', known.length > 0 ? sensitivity : null);
      return rpc.request('sensitivity/run', { request: allowed, known });
    });
  }

  /** @throws as {@link measure} */
  search(request: SearchRequest): Promise<void> {
    return this.measure('search', (rpc) => {
      this.tell('search', null);
      return rpc.request('search/run', { ...request, judge: permitted(request.judge, this.session.uri) });
    });
  }

  /** @throws as {@link measure} */
  diagnose(request: DiagnosisRequest): Promise<void> {
    return this.measure('diagnosis', (rpc) => {
      this.tell('diagnosis', null);
      return rpc.request('diagnosis/run', { ...request, judge: permitted(request.judge, this.session.uri) });
    });
  }

  /** Stops what runs of a kind; what it has found stays. */
  cancel(...kinds: readonly FindingKind[]): void {
    if (this.running !== undefined && kinds.includes(this.running)) this.stopped = true;
    this.interrupted = undefined;
    this.session.cancel(...kinds);
  }

  /** Tells the view that nothing runs of a kind, where it asked for something that cannot be. */
  refuse(kind: FindingKind): void {
    this.tell(kind, this.current[kind]);
  }

  dispose(): void {
    this.isClosed = true;
    this.subscription.dispose();
    this.swept.dispose();
  }

  /**
   * Runs one measurement; resolves when it has ended, however it did.
   *
   * @throws DiagnosticError, Error where it failed.
   */
  private async measure<K extends FindingKind>(kind: K, ask: (rpc: HostRpc) => Promise<View<K>>): Promise<void> {
    const before = this.views;
    let configText = '';
    let began = false;
    try {
      const view = await this.session.measure(kind, (rpc) => {
        configText = this.session.configText;
        began = true;
        this.running = kind;
        this.stopped = false;
        if (kind === 'sensitivity') this.interrupted = undefined;
        return ask(rpc);
      });
      this.running = undefined;
      this.show(kind, view);
    } catch (error) {
      if (this.isClosed) return;
      if (!(error instanceof Cancelled)) throw error;
      const { sensitivity } = this.views;
      if (began && kind === 'sensitivity' && !this.stopped && isOf(sensitivity, configText) && sensitivity !== null) {
        this.interrupted = { configText, request: sensitivity.request, asked: false };
      }
    } finally {
      if (began) {
        this.running = undefined;
        this.tell(kind, this.current[kind]);
        if (this.views[kind] !== before[kind]) {
          this.inTurn(() => this.keep(configText));
          if (kind === 'sensitivity') this.swept.fire();
        }
      } else this.refuse(kind);
    }
  }

  private show<K extends FindingKind>(kind: K, view: View<K>): void {
    this.views = { ...this.views, [kind]: view };
    this.tell(kind, view);
  }

  private tell<K extends FindingKind>(kind: K, view: FoundViews[K]): void {
    const payload = { view, running: this.running === kind };
    this.session.tell(EVENT[kind], payload as HostEvents[(typeof EVENT)[K]]); // the view is of this kind
  }

  /** The config on display is another, or as it was once: what is known of it comes back. */
  private turn(): void {
    const turn = ++this.asked;
    this.inTurn(async () => {
      const { config, configText } = this.session;
      const key = config && (await this.keyOf(config, configText));
      const kept = key === undefined ? undefined : await this.parts.files.read(key);
      if (turn !== this.asked) return;
      for (const kind of FINDING_KINDS) {
        if (this.running === kind) continue;
        const view = kept?.[kind] ?? this.current[kind];
        if (view !== null) this.views = { ...this.views, [kind]: view };
        this.tell(kind, view);
      }
      this.goOn(configText);
    });
  }

  /** Takes up a sweep that a click stopped, or asks whether to start it under the new config. */
  private goOn(configText: string): void {
    const { interrupted } = this;
    if (interrupted === undefined || this.running !== undefined) return;
    const start = (options: { readonly resume: boolean }) => {
      this.sweep(interrupted.request, options).catch((error: unknown) => this.session.failed(error));
    };
    if (interrupted.configText === configText) start({ resume: true });
    else if (!interrupted.asked) {
      this.interrupted = { ...interrupted, asked: true };
      void askForSweep(this.session.file, () => start({ resume: false }));
    }
  }

  private async keep(configText: string): Promise<void> {
    const { config } = this.session;
    if (config === undefined) return;
    const views = FINDING_KINDS.map((kind) => [kind, this.views[kind]] as const);
    const mine = Object.fromEntries(views.filter(([, view]) => isOf(view, configText)));
    if (Object.keys(mine).length === 0) return;
    const key = await this.keyOf(config, configText);
    const kept = (await this.parts.files.read(key)) ?? NOTHING_FOUND;
    await this.parts.files.write(key, { ...kept, ...mine });
  }

  private async keyOf(config: vscode.Uri, configText: string): Promise<string> {
    const { stamp, sha256 } = await this.parts.stateOf(this.session.uri);
    return keyOf(fileOfModel(this.session.uri).toString(), sha256 || stamp, config.toString(), configText);
  }

  private inTurn(work: () => Promise<void>): void {
    this.queue = this.queue.then(work).catch((error: unknown) => this.session.failed(error));
  }
}

function isOf(view: { readonly configText: string } | null, configText: string): boolean {
  return view !== null && view.configText === configText;
}

async function askForSweep(file: string, start: () => void): Promise<void> {
  const again = vscode.l10n.t('Measure Again');
  const text = vscode.l10n.t(
    '{0}: your change stopped the sensitivity measurement. What it had measured is kept for the config as it was.',
    file,
  );
  if ((await vscode.window.showInformationMessage(text, again)) === again) start();
}
