import * as vscode from 'vscode';
import { ConfigEdits } from '../config/configEdits.ts';
import { ConfigFollower, type Evaluated } from '../config/configFollower.ts';
import { type FindingParts, Findings } from '../findings/findings.ts';
import type { Problems } from '../problems.ts';
import { type TrialParts, Trials } from '../trials/trials.ts';
import { ModelSession, type SessionOptions } from './modelSession.ts';

/** Identifies our custom editor in the manifest, in context keys and to the webview's menus. */
export const VIEW_TYPE = 'quantscope.graph';

/** Everything that lives as long as a model is open in some panel. */
export interface OpenModel {
  readonly session: ModelSession;
  readonly edits: ConfigEdits;
  readonly follower: ConfigFollower;
  readonly trials: Trials;
  readonly findings: Findings;
}

export interface RegistryOptions extends SessionOptions {
  readonly problems: Problems;
  readonly trials: TrialParts;
  readonly findings: FindingParts;
}

interface Entry extends OpenModel {
  readonly subscription: vscode.Disposable;
  users: number;
}

/** The open models, one per URI, counted by the documents that use them. */
export class SessionRegistry implements vscode.Disposable {
  private readonly options: RegistryOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly emitter = new vscode.EventEmitter<void>();
  /** After something happened in any of the models. */
  readonly onDidChange = this.emitter.event;

  private readonly lives = new vscode.EventEmitter<void>();
  /** After a model was opened or closed. */
  readonly onDidOpenOrClose = this.lives.event;

  private readonly opened = new vscode.EventEmitter<ModelSession>();
  /** After the file of any of the models was read. */
  readonly onDidRead = this.opened.event;

  private readonly selected = new vscode.EventEmitter<ModelSession>();
  /** After another node was selected in any of the graphs. */
  readonly onDidSelect = this.selected.event;

  private readonly measured = new vscode.EventEmitter<ModelSession>();
  /** After the sensitivity of nodes of any of the models was measured, or as much of it as there was time for. */
  readonly onDidMeasure = this.measured.event;

  private readonly evaluated = new vscode.EventEmitter<Evaluated & { readonly session: ModelSession }>();
  /** After a trial of any of the models has ended. */
  readonly onDidEvaluate = this.evaluated.event;

  constructor(options: RegistryOptions) {
    this.options = options;
  }

  /** The model of `uri`, opened when it is not; `dispose` gives it back. */
  acquire(uri: vscode.Uri): { readonly model: OpenModel } & vscode.Disposable {
    const key = uri.toString();
    const entry = this.entries.get(key) ?? this.create(uri);
    const isNew = !this.entries.has(key);
    this.entries.set(key, entry);
    entry.users++;
    if (isNew) this.lives.fire();
    let held = true;
    return {
      model: entry,
      dispose: () => {
        if (!held) return;
        held = false;
        if (--entry.users === 0) this.remove(key, entry);
      },
    };
  }

  get(uri: vscode.Uri): OpenModel | undefined {
    return this.entries.get(uri.toString());
  }

  /** The model of the graph editor that is in front. */
  active(): OpenModel | undefined {
    const uri = activeGraph();
    return uri && this.get(uri);
  }

  dispose(): void {
    for (const [key, entry] of this.entries) this.remove(key, entry);
    this.emitter.dispose();
    this.lives.dispose();
    vscode.Disposable.from(this.evaluated, this.measured, this.opened, this.selected).dispose();
  }

  private create(uri: vscode.Uri): Entry {
    const { problems, trials: trialParts, findings: findingParts } = this.options;
    const session = new ModelSession(uri, this.options);
    const edits = new ConfigEdits();
    const follower = new ConfigFollower({ session, problems });
    const trials = new Trials(session, edits, trialParts);
    const findings = new Findings(session, findingParts);
    const model = { session, edits, follower, trials, findings };
    const subscription = vscode.Disposable.from(
      session.onEvent(() => this.emitter.fire()),
      findings.onDidSweep(() => this.measured.fire(session)),
      session.onDidReset(() => this.emitter.fire()),
      session.onDidOpen(() => this.opened.fire(session)),
      session.onDidSelect(() => this.selected.fire(session)),
      follower.onDidEvaluate((evaluated) => this.evaluated.fire({ ...evaluated, session })),
      edits.onWillEdit((edit) => follower.changing(edit)),
      edits.onDidFail(() => follower.unchanged()),
      edits.onDidEdit((edited) => {
        follower.changed(edited);
        this.emitter.fire();
      }),
    );
    return { ...model, subscription, users: 0 };
  }

  private remove(key: string, entry: Entry): void {
    this.entries.delete(key);
    const { subscription, follower, findings, trials, edits, session } = entry;
    vscode.Disposable.from(subscription, follower, findings, trials, edits, session).dispose();
    this.lives.fire();
  }
}

/** The file of the graph editor in front, if one is. */
export function activeGraph(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType === VIEW_TYPE ? input.uri : undefined;
}
