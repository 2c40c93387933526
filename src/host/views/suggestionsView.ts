import * as vscode from 'vscode';
import type { Deps } from '../commands/deps.ts';
import { registerCommand } from '../commands/target.ts';
import { skipNodes } from '../commands/toggleSkip.ts';
import { readConfig } from '../config/configText.ts';
import type { OpenModel } from '../editor/registry.ts';
import { vscodeEdit } from '../language/convert.ts';
import { formatDb } from '../runSummary.ts';
import { fixesToApply, nodesToSkip, type Suggestion } from '../suggestions/suggestions.ts';
import { onActiveGraph } from './onActiveGraph.ts';

/** Shows suggestions, with the way to try them. */
export function registerSuggestionsView(deps: Deps): vscode.Disposable {
  const tree = new SuggestionsTree(deps);
  return vscode.Disposable.from(
    tree,
    vscode.window.createTreeView('quantscope.suggestions', { treeDataProvider: tree }),
    registerCommand(deps, 'trySuggestion', async (suggestion) => {
      if (isSuggestion(suggestion)) await carryOut(deps, suggestion);
    }),
  );
}

/** What the last run of the graph in front gives reason to try; nothing that was not measured or found. */
export class SuggestionsTree implements vscode.TreeDataProvider<Suggestion>, vscode.Disposable {
  private readonly deps: Deps;
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly subscription: vscode.Disposable;

  constructor(deps: Deps) {
    this.deps = deps;
    this.subscription = onActiveGraph(deps.sessions, () => this.emitter.fire(undefined));
  }

  async getChildren(element?: Suggestion): Promise<Suggestion[]> {
    const model = this.deps.sessions.active();
    const run = model?.session.shown;
    if (element !== undefined || model === undefined || run == null) return [];
    return [...nodesToSkip(run), ...(await this.fixes(model))];
  }

  getTreeItem(suggestion: Suggestion): vscode.TreeItem {
    const item = suggestion.kind === 'skip' ? skipItem(suggestion) : fixItem(suggestion);
    item.contextValue = suggestion.kind;
    item.accessibilityInformation = { label: `${item.label}, ${item.description}` };
    item.command = command(suggestion);
    return item;
  }

  dispose(): void {
    this.subscription.dispose();
    this.emitter.dispose();
  }

  private async fixes({ session }: OpenModel): Promise<readonly Suggestion[]> {
    const { config } = session;
    if (config === undefined) return [];
    const found = this.deps.problems.shownOf(config);
    if (found.length === 0) return [];
    try {
      const facts = await (await session.ready()).request('config/facts', undefined);
      return fixesToApply(found, await readConfig(config), facts);
    } catch (error) {
      this.deps.log.failure(error);
      return [];
    }
  }
}

/** Edits the config of the last run; the new figures follow by themselves. */
async function carryOut(deps: Deps, suggestion: Suggestion): Promise<void> {
  const model = deps.sessions.active();
  if (model === undefined) return;
  if (suggestion.kind === 'skip') {
    await skipNodes(model, [suggestion.node.nodeId], true);
    return;
  }
  const { config } = model.session;
  if (config === undefined) return;
  const edit = new vscode.WorkspaceEdit();
  edit.set(config, suggestion.fix.edits.map(vscodeEdit));
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(config, { viewColumn: vscode.ViewColumn.Beside, preview: false });
}

/** A click shows what it is about; the button beside it carries it out. */
function command(suggestion: Suggestion): vscode.Command {
  if (suggestion.kind === 'skip') {
    const title = vscode.l10n.t('Show in Graph');
    return { command: 'quantscope.revealNode', title, arguments: [{ nodeId: suggestion.node.nodeId }] };
  }
  return { command: 'quantscope.openConfig', title: vscode.l10n.t('Open Config') };
}

function skipItem({ node, localSqnrDb }: Extract<Suggestion, { kind: 'skip' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Try {0} in float', node.handle));
  item.description = vscode.l10n.t('{0} · own SQNR {1}', node.opType, formatDb(localSqnrDb));
  item.tooltip = vscode.l10n.t(
    'Quantized alone on its float inputs, this node has an SQNR of {0}: one of the lowest of this run. Whether skipping it helps the output is seen by trying.',
    formatDb(localSqnrDb),
  );
  item.iconPath = new vscode.ThemeIcon('circle-slash');
  return item;
}

function fixItem({ diagnostic, fix }: Extract<Suggestion, { kind: 'fix' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(fix.title);
  item.description = diagnostic.code;
  item.tooltip = diagnostic.message;
  item.iconPath = new vscode.ThemeIcon('lightbulb');
  return item;
}

function isSuggestion(value: unknown): value is Suggestion {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && (value.kind === 'skip' || value.kind === 'fix')
  );
}
