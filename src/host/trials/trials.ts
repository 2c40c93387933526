import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { changeBetween } from '../../config/changes.ts';
import type { TrialComparison, TrialTree } from '../../protocol/trialViews.ts';
import type { OutputFigures, RunView } from '../../protocol/views.ts';
import type { ConfigEdits } from '../config/configEdits.ts';
import type { ModelSession, SessionEvent } from '../editor/modelSession.ts';
import { fileOfModel } from '../runs/runAddress.ts';
import type { ModelState } from '../runs/storedRun.ts';
import { TrialStore } from './trialStore.ts';
import { comparisonOf, lineOf, type StoredTrial, type StoredTrials, viewOf, without, withResult } from './trialTree.ts';

/** Trials of one tree; the oldest beyond go. */
const MOST_TRIALS = 200;

/** Where trees are kept, and what tells the states of a model's file apart. */
export interface TrialParts {
  readonly store: TrialStore;
  readonly onDidChange: vscode.Event<string>;
  readonly stateOf: (model: vscode.Uri) => Promise<ModelState>;
}

/** What was tried with one open model under the config of its last run, as a tree. */
export class Trials implements vscode.Disposable {
  private readonly session: ModelSession;
  private readonly edits: ConfigEdits;
  private readonly parts: TrialParts;
  private readonly subscription: vscode.Disposable;
  /** Of the model's file as it is and the config on display; '' before the first run. */
  private key = '';
  /** The text that the figures before those on display belong to. */
  private text = '';
  private queue: Promise<void> = Promise.resolve();

  constructor(session: ModelSession, edits: ConfigEdits, parts: TrialParts) {
    this.session = session;
    this.edits = edits;
    this.parts = parts;
    this.subscription = vscode.Disposable.from(
      session.onEvent((event) => this.follow(event)),
      parts.onDidChange((key) => {
        if (key === this.key) this.tell();
      }),
      session.onDidReset(() => {
        this.key = '';
        this.text = '';
        this.tell();
      }),
    );
  }

  get tree(): TrialTree {
    return viewOf(this.trials, this.session.configText);
  }

  /** The texts of the config on display and of those it was made from, itself first. */
  get line(): readonly string[] {
    return lineOf(this.trials, this.session.configText);
  }

  trial(id: string): StoredTrial | undefined {
    return this.trials.find((trial) => trial.id === id);
  }

  /** Resolves when everything that has ended so far is in the tree. */
  settled(): Promise<void> {
    return this.queue;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.change(id, { name: name.trim() });
  }

  async pin(id: string, pinned: boolean): Promise<void> {
    await this.change(id, { pinned });
  }

  /** All but the one whose figures are on display. @returns what brings them back. */
  async delete(ids: readonly string[]): Promise<{ readonly count: number; readonly undo: () => Promise<void> }> {
    const { key } = this;
    const { current } = this.tree;
    const gone = new Set(ids.filter((id) => id !== current));
    const before = this.trials;
    await this.parts.store.update(key, (trials) => without(trials, gone));
    const count = before.length - this.parts.store.tree(key).length;
    const undo = async () => {
      await this.parts.store.update(key, (now) => {
        const known = new Set(before.map(({ id }) => id));
        return [...before, ...now.filter(({ id }) => !known.has(id))];
      });
    };
    return { count, undo };
  }

  /** Null where one of them is gone. */
  compare(a: string, b: string): TrialComparison | null {
    return comparisonOf(this.trials, a, b);
  }

  /** Makes the config what it was at a trial. @throws Error where it cannot be edited. */
  async restore({ configText }: StoredTrial, config: vscode.Uri, label: string): Promise<void> {
    await this.edits.replace({ config, label, runs: true }, configText, (before) => changeBetween(before, configText));
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private get trials(): StoredTrials {
    return this.key === '' ? [] : this.parts.store.tree(this.key);
  }

  private follow(event: SessionEvent): void {
    const { config, configText } = this.session;
    if (config === undefined) return;
    switch (event.event) {
      case 'run/finished':
        this.add(config, configText, event.payload.run);
        break;
      case 'trial/finished':
        this.add(config, configText, event.payload.trial.run, event.payload.trial.base);
        break;
      case 'run/restored':
        this.inTurn(async () => {
          await this.show(config);
          this.text = configText;
        });
        break;
    }
  }

  /** @param base where it is a trial. */
  private add(config: vscode.Uri, configText: string, run: RunView, base?: readonly OutputFigures[]): void {
    const timeMs = Date.now();
    const id = `${timeMs.toString(36)}-${randomBytes(4).toString('hex')}`;
    this.inTurn(async () => {
      await this.show(config);
      const made = { id, timeMs, configText, isRun: base === undefined, from: this.text, run, ...(base && { base }) };
      this.text = configText;
      await this.parts.store.update(this.key, (trials) => withResult(trials, made, MOST_TRIALS));
      this.tell();
    });
  }

  /** Shows the tree of the model's file as it is under a config. */
  private async show(config: vscode.Uri): Promise<void> {
    const { stamp, sha256 } = await this.parts.stateOf(this.session.uri);
    const model = fileOfModel(this.session.uri).toString();
    const key = TrialStore.keyOf(model, sha256 || stamp, config.toString());
    await this.parts.store.load(key);
    this.key = key;
    this.tell();
  }

  private async change(id: string, change: Partial<Pick<StoredTrial, 'name' | 'pinned'>>): Promise<void> {
    if (this.key === '') return;
    await this.parts.store.update(this.key, (trials) => trials.map((t) => (t.id === id ? { ...t, ...change } : t)));
  }

  private tell(): void {
    this.session.tell('trials/changed', { tree: this.tree });
  }

  private inTurn(work: () => Promise<void>): void {
    this.queue = this.queue.then(work).catch((error: unknown) => this.session.failed(error));
  }
}
