import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Deps } from '../commands/deps.ts';
import { runFigures, runLabel, runName, runTooltip } from '../runs/describeRun.ts';
import { type RunsElement, registerRunCommands } from '../runs/runCommands.ts';
import type { Runs } from '../runs/runs.ts';
import type { RunHead } from '../runs/storedRun.ts';

/** Shows the kept runs, with what may be done with them. */
export function registerRunsView(deps: Deps): vscode.Disposable {
  const tree = new RunsTree(deps.runs);
  const view = vscode.window.createTreeView('quantscope.runs', {
    treeDataProvider: tree,
    canSelectMany: true,
    showCollapseAll: true,
  });
  return vscode.Disposable.from(
    tree,
    view,
    registerRunCommands(deps, () => view.selection),
  );
}

/** The kept runs by model, pinned ones first, then the newest; trials below their run. */
export class RunsTree implements vscode.TreeDataProvider<RunsElement>, vscode.Disposable {
  private readonly runs: Runs;
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly subscription: vscode.Disposable;

  constructor(runs: Runs) {
    this.runs = runs;
    this.subscription = runs.onDidChange(() => this.emitter.fire(undefined));
  }

  getChildren(element?: RunsElement): RunsElement[] {
    const { heads } = this.runs.store;
    if (element === undefined) {
      return [...new Set(heads.map(({ model }) => model))].map((model) => ({ kind: 'model', model }));
    }
    const present = new Set(heads.map(({ id }) => id));
    const isTop = ({ base }: RunHead) => base === null || !present.has(base);
    const below =
      element.kind === 'model'
        ? heads.filter((head) => head.model === element.model && isTop(head))
        : heads.filter(({ base }) => base === element.id);
    const pinnedFirst = [...below.filter(({ pinned }) => pinned), ...below.filter(({ pinned }) => !pinned)];
    return pinnedFirst.map(({ id }) => ({ kind: 'run', id }));
  }

  getParent(element: RunsElement): RunsElement | undefined {
    if (element.kind === 'model') return undefined;
    const head = this.runs.store.head(element.id);
    if (head === undefined) return undefined;
    const hasBase = head.base !== null && this.runs.store.head(head.base) !== undefined;
    return hasBase ? { kind: 'run', id: head.base as string } : { kind: 'model', model: head.model }; // checked above
  }

  getTreeItem(element: RunsElement): vscode.TreeItem {
    if (element.kind === 'model') return modelItem(vscode.Uri.parse(element.model));
    const head = this.runs.store.head(element.id);
    if (head === undefined) return new vscode.TreeItem('');
    return runItem(head, this.getChildren(element).length > 0);
  }

  dispose(): void {
    this.subscription.dispose();
    this.emitter.dispose();
  }
}

function modelItem(uri: vscode.Uri): vscode.TreeItem {
  const name = path.posix.basename(uri.path);
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
  const folder = path.posix.dirname(vscode.workspace.asRelativePath(uri));
  item.id = `model ${uri.toString()}`;
  if (folder !== '.') item.description = folder;
  item.tooltip = uri.fsPath;
  item.iconPath = new vscode.ThemeIcon('type-hierarchy');
  item.contextValue = 'model';
  item.accessibilityInformation = { label: name };
  return item;
}

function runItem(head: RunHead, hasTrials: boolean): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(runName(head), hasTrials ? Collapsed : None);
  item.id = head.id;
  item.description = runFigures(head);
  item.tooltip = runTooltip(head);
  item.iconPath = new vscode.ThemeIcon(head.pinned ? 'pinned' : head.kind === 'trial' ? 'circle-slash' : 'beaker');
  item.contextValue = `${head.kind} ${head.pinned ? 'pinned' : 'loose'}`;
  item.accessibilityInformation = { label: runLabel(head) };
  const element: RunsElement = { kind: 'run', id: head.id };
  item.command = { command: 'quantscope.openRun', title: vscode.l10n.t('Show Figures'), arguments: [element] };
  return item;
}
