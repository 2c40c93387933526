import * as vscode from 'vscode';
import { changeConfig } from '../commands/changeConfig.ts';
import type { Deps } from '../commands/deps.ts';
import { registerCommand } from '../commands/target.ts';
import { skipNodes } from '../commands/toggleSkip.ts';
import { readConfig } from '../config/configText.ts';
import type { OpenModel } from '../editor/registry.ts';
import { vscodeEdit } from '../language/convert.ts';
import { changeTitle, itemOf } from '../suggestions/describe.ts';
import { fixesToApply, nodesToSkip, type Suggestion, searchResult, suggestionsOf } from '../suggestions/suggestions.ts';
import { onActiveGraph } from './onActiveGraph.ts';

/** Shows suggestions, with the way to apply them. */
export function registerSuggestionsView(deps: Deps): vscode.Disposable {
  const tree = new SuggestionsTree(deps);
  const view = vscode.window.createTreeView('quantscope.suggestions', { treeDataProvider: tree });
  return vscode.Disposable.from(
    tree,
    view,
    tree.onDidChangeTreeData(() => {
      view.message = tree.message ?? '';
    }),
    registerCommand(deps, 'trySuggestion', async (argument) => {
      const suggestion = argument ?? view.selection[0];
      if (isSuggestion(suggestion)) await carryOut(deps, suggestion);
    }),
  );
}

/** What the last run, diagnosis and search of the graph in front give reason to try; nothing that was not measured or found. */
export class SuggestionsTree implements vscode.TreeDataProvider<Suggestion>, vscode.Disposable {
  private readonly deps: Deps;
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly subscription: vscode.Disposable;

  constructor(deps: Deps) {
    this.deps = deps;
    this.subscription = onActiveGraph(deps.sessions, () => this.emitter.fire(undefined));
  }

  /** Said above the list where it is of an earlier text of the config. */
  get message(): string | undefined {
    const findings = this.deps.sessions.active()?.findings;
    if (findings === undefined || findings.last.diagnosis === findings.current.diagnosis) return undefined;
    return vscode.l10n.t('Measured before the last change of the config.');
  }

  async getChildren(element?: Suggestion): Promise<Suggestion[]> {
    if (element !== undefined) return element.kind === 'cause' ? [...element.cures] : [];
    const model = this.deps.sessions.active();
    const run = model?.session.shown;
    if (model === undefined || run == null) return [];
    const { diagnosis, search } = model.findings.last;
    const text = await textOf(model);
    const found = diagnosis === null ? nodesToSkip(run) : suggestionsOf(diagnosis, text);
    const searched = search === null ? [] : searchResult(search, text);
    const first: readonly Suggestion[] = diagnosis === null ? [{ kind: 'diagnose' }] : [];
    return [...first, ...searched, ...found, ...(await this.fixes(model, text))];
  }

  getTreeItem(suggestion: Suggestion): vscode.TreeItem {
    return itemOf(suggestion);
  }

  dispose(): void {
    this.subscription.dispose();
    this.emitter.dispose();
  }

  private async fixes({ session }: OpenModel, text: string): Promise<readonly Suggestion[]> {
    const { config } = session;
    if (config === undefined) return [];
    const found = this.deps.problems.shownOf(config);
    if (found.length === 0) return [];
    try {
      const facts = await (await session.ready()).request('config/facts', undefined);
      return fixesToApply(found, text, facts);
    } catch (error) {
      this.deps.log.failure(error);
      return [];
    }
  }
}

/** Of the config of the run on display; of a run whose config is gone what it was. */
async function textOf({ session: { config, configText } }: OpenModel): Promise<string> {
  if (config === undefined) return configText;
  return readConfig(config).catch(() => configText);
}

/** Edits the config of the last run; the new figures follow by themselves. */
async function carryOut(deps: Deps, suggestion: Suggestion): Promise<void> {
  const model = deps.sessions.active();
  if (model === undefined) return;
  switch (suggestion.kind) {
    case 'skip':
      return skipNodes(model, [suggestion.node.nodeId], true);
    case 'change':
      return changeConfig(model, { change: suggestion.change, label: changeTitle(suggestion), runs: true });
    case 'fix':
      return applyFix(model, suggestion);
    default:
      return;
  }
}

async function applyFix({ session }: OpenModel, { fix }: Extract<Suggestion, { kind: 'fix' }>): Promise<void> {
  const { config } = session;
  if (config === undefined) return;
  const edit = new vscode.WorkspaceEdit();
  edit.set(config, fix.edits.map(vscodeEdit));
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(config, { viewColumn: vscode.ViewColumn.Beside, preview: false });
}

const KINDS: readonly Suggestion['kind'][] = ['skip', 'fix', 'diagnose', 'cause', 'data', 'change'];

function isSuggestion(value: unknown): value is Suggestion {
  return typeof value === 'object' && value !== null && 'kind' in value && KINDS.some((kind) => kind === value.kind);
}
