import * as vscode from 'vscode';
import type { ModelFacts } from '../../protocol/modelFacts.ts';
import type { UsedPairs } from '../config/pairs.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import { activeGraph, type OpenModel, type SessionRegistry, VIEW_TYPE } from '../editor/registry.ts';

/** Finds the model a config belongs to, and what its names may refer to there. */
export class ConfigModels implements vscode.Disposable {
  private readonly sessions: SessionRegistry;
  private readonly pairs: UsedPairs;
  private readonly facts = new WeakMap<ModelSession, Promise<ModelFacts | undefined>>();
  /** Models that no graph shows, kept for the configs that are open. */
  private readonly leases = new Map<string, { readonly model: OpenModel } & vscode.Disposable>();
  /** The graph that was in front last. */
  private lastGraph: vscode.Uri | undefined;
  private readonly emitter = new vscode.EventEmitter<void>();
  /** After configs may belong to another model, or a model was read. */
  readonly onDidChange = this.emitter.event;
  private readonly subscriptions: vscode.Disposable;

  constructor(sessions: SessionRegistry, pairs: UsedPairs) {
    this.sessions = sessions;
    this.pairs = pairs;
    this.subscriptions = vscode.Disposable.from(
      sessions.onDidOpenOrClose(() => this.emitter.fire()),
      vscode.window.tabGroups.onDidChangeTabs(() => {
        this.lastGraph = activeGraph() ?? this.lastGraph;
        for (const key of this.leases.keys()) if (!tabsOf(vscode.TabInputText).has(key)) this.release(key);
      }),
    );
    this.lastGraph = activeGraph();
  }

  /**
   * The model of the last run with this config, else the newest that was used with it, else the graph that was in
   * front last. A used one that no graph shows is read for as long as a tab shows the config.
   */
  async modelOf(config: vscode.Uri): Promise<OpenModel | undefined> {
    const graphs = [...tabsOf(vscode.TabInputCustom).values()];
    const last = graphs.filter((uri) => uri.toString() === this.lastGraph?.toString());
    const shown = [...last, ...graphs.reverse()].flatMap((uri) => this.sessions.get(uri) ?? []);
    const text = config.toString();
    const used = this.pairs.modelsOf(config);
    const found =
      shown.find(({ session }) => session.config?.toString() === text) ??
      used.map((uri) => this.sessions.get(uri)).find((model) => model !== undefined) ??
      (used[0] && (await this.lease(config, used[0])));
    return found ?? shown[0];
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
    const exists = await vscode.workspace.fs.stat(model).then(
      () => true,
      () => false,
    );
    if (!exists || !tabsOf(vscode.TabInputText).has(key)) return undefined;
    const held = this.leases.get(key) ?? this.sessions.acquire(model);
    this.leases.set(key, held);
    return held.model;
  }

  private release(key: string): void {
    this.leases.get(key)?.dispose();
    this.leases.delete(key);
  }
}

/** The files that tabs of a kind show, by their URIs' text; of custom editors ours alone. */
function tabsOf(kind: typeof vscode.TabInputText | typeof vscode.TabInputCustom): Map<string, vscode.Uri> {
  const inputs = vscode.window.tabGroups.all.flatMap((group) => group.tabs.map((tab) => tab.input));
  return new Map(
    inputs.flatMap((input) => {
      if (!(input instanceof kind)) return [];
      if (input instanceof vscode.TabInputCustom && input.viewType !== VIEW_TYPE) return [];
      return [[input.uri.toString(), input.uri]];
    }),
  );
}
