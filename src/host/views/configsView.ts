import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Deps } from '../commands/deps.ts';
import { registerCommand } from '../commands/target.ts';
import { CONFIG_FILES, type FoundConfig, findConfigs } from '../config/findConfigs.ts';
import { UsedPairs } from '../config/pairs.ts';
import { activeGraph } from '../editor/registry.ts';

/** Files that are being written change many times. */
const REST_MS = 500;

/** Shows the configs, with the way to run one. */
export function registerConfigsView(deps: Deps): vscode.Disposable {
  const tree = new ConfigsTree(deps);
  return vscode.Disposable.from(
    tree,
    vscode.window.createTreeView('quantscope.configs', { treeDataProvider: tree }),
    registerCommand(deps, 'refreshConfigs', async () => tree.refresh()),
    registerCommand(deps, 'runConfig', async (found) => {
      const model = activeGraph();
      if (model === undefined || !isFoundConfig(found)) return;
      await vscode.commands.executeCommand('quantscope.quantizeWithConfig', model, found.uri);
    }),
  );
}

/** The configs that the graph in front may be quantized with, the one used last first. */
export class ConfigsTree implements vscode.TreeDataProvider<FoundConfig>, vscode.Disposable {
  private readonly pairs: UsedPairs;
  private readonly log: Deps['log'];
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly subscription: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;
  private shownFor: string | undefined;

  constructor(deps: Deps) {
    this.pairs = new UsedPairs(deps.context.workspaceState);
    this.log = deps.log;
    const later = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.refresh(), REST_MS);
    };
    const watcher = vscode.workspace.createFileSystemWatcher(CONFIG_FILES);
    const tabs = () => {
      if (activeGraph()?.toString() !== this.shownFor) later();
    };
    this.subscription = vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(later),
      watcher.onDidDelete(later),
      watcher.onDidChange(later),
      vscode.window.tabGroups.onDidChangeTabs(tabs),
      vscode.window.tabGroups.onDidChangeTabGroups(tabs),
      deps.runs.onDidChange(later), // the one used last has changed
      { dispose: () => clearTimeout(this.timer) },
    );
  }

  refresh(): void {
    this.emitter.fire(undefined);
  }

  async getChildren(element?: FoundConfig): Promise<FoundConfig[]> {
    const model = activeGraph();
    this.shownFor = model?.toString();
    if (element !== undefined || model === undefined) return [];
    try {
      const found = await findConfigs(model);
      const last = this.pairs.configOf(model);
      const isLast = ({ uri }: FoundConfig) => uri.toString() === last;
      return [...found.filter(isLast), ...found.filter((config) => !isLast(config))];
    } catch (error) {
      this.log.failure(error);
      return [];
    }
  }

  getTreeItem({ uri, quantType }: FoundConfig): vscode.TreeItem {
    const model = activeGraph();
    const isLast = model !== undefined && this.pairs.configOf(model) === uri.toString();
    const item = new vscode.TreeItem(path.posix.basename(uri.path));
    item.id = uri.toString();
    item.description = isLast ? vscode.l10n.t('{0} · last used', quantType) : quantType;
    item.tooltip = vscode.workspace.asRelativePath(uri);
    item.iconPath = new vscode.ThemeIcon('settings-gear');
    item.contextValue = 'config';
    item.command = { command: 'vscode.open', title: vscode.l10n.t('Open Config'), arguments: [uri] };
    return item;
  }

  dispose(): void {
    this.subscription.dispose();
    this.emitter.dispose();
  }
}

function isFoundConfig(value: unknown): value is FoundConfig {
  return typeof value === 'object' && value !== null && 'uri' in value && value.uri instanceof vscode.Uri;
}
