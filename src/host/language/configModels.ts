import * as vscode from 'vscode';
import type { ModelFacts } from '../../protocol/modelFacts.ts';
import type { UsedPairs } from '../config/pairs.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import type { OpenModel, SessionRegistry } from '../editor/registry.ts';
import { isConfigDocument } from './recognition.ts';

/** Finds the model a config belongs to, and what its names may refer to there. */
export class ConfigModels implements vscode.Disposable {
  private readonly sessions: SessionRegistry;
  private readonly pairs: UsedPairs;
  private readonly facts = new WeakMap<ModelSession, Promise<ModelFacts | undefined>>();
  /** Models that no graph shows, kept for the configs that are open. */
  private readonly leases = new Map<string, { readonly model: OpenModel } & vscode.Disposable>();
  private readonly emitter = new vscode.EventEmitter<void>();
  /** After configs may belong to another model, or a model was read. */
  readonly onDidChange = this.emitter.event;
  private readonly subscriptions: vscode.Disposable;

  constructor(sessions: SessionRegistry, pairs: UsedPairs) {
    this.sessions = sessions;
    this.pairs = pairs;
    this.subscriptions = vscode.Disposable.from(
      sessions.onDidOpenOrClose(() => this.emitter.fire()),
      vscode.workspace.onDidCloseTextDocument((document) => this.release(document.uri)),
    );
  }

  /**
   * The model of the last run with this config, else the newest that was used with it, else the graph in front or the
   * one opened last. A used one that no graph shows is read for as long as the config is open.
   */
  async modelOf(config: vscode.Uri): Promise<OpenModel | undefined> {
    const open = this.sessions.all();
    const text = config.toString();
    const used = this.pairs.modelsOf(config);
    const found =
      open.find(({ session }) => session.config?.toString() === text) ??
      used.map((uri) => this.sessions.get(uri)).find((model) => model !== undefined) ??
      (used.length === 0 ? (this.sessions.active() ?? open.at(-1)) : undefined);
    return found ?? (used[0] && this.lease(config, used[0]));
  }

  /** What names may refer to in the config's model; undefined without one, or when it cannot be read. */
  async factsOf(config: vscode.Uri): Promise<ModelFacts | undefined> {
    const model = await this.modelOf(config);
    if (model === undefined) return undefined;
    const { session } = model;
    const known = this.facts.get(session);
    if (known !== undefined) return known;
    const facts = session
      .ready()
      .then((rpc) => rpc.request('config/facts', undefined))
      .catch(() => undefined); // the graph's own page says why
    this.facts.set(session, facts);
    const subscription = session.onDidReset(() => {
      this.facts.delete(session);
      subscription.dispose();
      this.emitter.fire();
    });
    return facts;
  }

  dispose(): void {
    this.subscriptions.dispose();
    for (const lease of this.leases.values()) lease.dispose();
    this.emitter.dispose();
  }

  private async lease(config: vscode.Uri, model: vscode.Uri): Promise<OpenModel | undefined> {
    const key = config.toString();
    const isOpen = (): boolean =>
      vscode.workspace.textDocuments.some((d) => d.uri.toString() === key && isConfigDocument(d));
    const exists = await vscode.workspace.fs.stat(model).then(
      () => true,
      () => false,
    );
    if (!exists || !isOpen()) return undefined;
    const held = this.leases.get(key) ?? this.sessions.acquire(model);
    this.leases.set(key, held);
    return held.model;
  }

  private release(config: vscode.Uri): void {
    const key = config.toString();
    this.leases.get(key)?.dispose();
    this.leases.delete(key);
  }
}
