import * as vscode from 'vscode';
import type { Deps } from '../commands/deps.ts';
import { showGraph } from '../commands/newConfig.ts';
import { registerCommand } from '../commands/target.ts';
import { compareRuns } from './compare.ts';
import { configAsItWas, registerConfigsAsTheyWere } from './configAsItWas.ts';
import { runFigures, runName } from './describeRun.ts';
import type { RunHead } from './storedRun.ts';

/** A line of the view: a model, a run of it, or a trial below its run. */
export type RunsElement =
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'run'; readonly id: string };

/** The view's selection, for keys and the palette, which name no run. */
type Selection = () => readonly RunsElement[];

/**
 * Registers what is done with kept runs. As arguments a run's line of the view, and the lines selected with it; without
 * them the selection counts.
 */
export function registerRunCommands(deps: Deps, selection: Selection): vscode.Disposable {
  const { store } = deps.runs;
  const each = (name: string, work: (heads: readonly RunHead[]) => Promise<unknown>) =>
    registerCommand(deps, name, async (element, selected) => {
      const heads = headsOf(store.heads, element, selected, selection);
      if (heads.length > 0) await work(heads);
    });
  const one = (name: string, work: (head: RunHead) => Promise<unknown>) =>
    each(name, async ([head]) => head && work(head));
  return vscode.Disposable.from(
    registerConfigsAsTheyWere(deps.runs),
    one('openRun', (head) => open(deps, head)),
    each('pinRun', (heads) => Promise.all(heads.map(({ id }) => store.change(id, { pinned: true })))),
    each('unpinRun', (heads) => Promise.all(heads.map(({ id }) => store.change(id, { pinned: false })))),
    one('renameRun', (head) => rename(deps, head)),
    each('deleteRun', (heads) => remove(deps, heads)),
    one('copyRunConfig', async ({ id }) => vscode.env.clipboard.writeText((await store.body(id)).configText)),
    one('openRunConfig', async (head) => vscode.window.showTextDocument(configAsItWas(head), { preview: true })),
    each('compareRuns', ([a, b]) => compare(deps, a, b)),
  );
}

/** Shows the graph with the figures of a kept run; tells where the model is another by now. */
async function open(deps: Deps, head: RunHead): Promise<void> {
  const { session } = await showGraph(deps, vscode.Uri.parse(head.model));
  if (deps.runs.isShown(session, head)) return;
  if (session.working === 'run' || session.working === 'trial') {
    void vscode.window.showInformationMessage(vscode.l10n.t('Wait for the run to end, or cancel it.'));
    return;
  }
  if (await deps.runs.isCurrent(head)) {
    await deps.runs.show(session, head, await deps.runs.store.body(head.id));
    return;
  }
  const config = vscode.l10n.t('Open Config as It Was');
  const text = vscode.l10n.t('{0} has changed since this run: its figures are of other nodes.', session.file);
  const chosen = await vscode.window.showWarningMessage(text, config);
  if (chosen === config) await vscode.window.showTextDocument(configAsItWas(head), { preview: true });
}

function headsOf(
  heads: readonly RunHead[],
  element: unknown,
  selected: unknown,
  selection: Selection,
): readonly RunHead[] {
  const given = Array.isArray(selected) ? selected : element === undefined ? selection() : [element];
  const ids = new Set(given.flatMap((e: unknown) => (isRunElement(e) ? [e.id] : [])));
  return heads.filter(({ id }) => ids.has(id));
}

function isRunElement(value: unknown): value is Extract<RunsElement, { kind: 'run' }> {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
}

async function rename({ runs }: Deps, head: RunHead): Promise<void> {
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename Run'),
    prompt: vscode.l10n.t('Empty for the name of its config'),
    value: runName(head),
  });
  if (name !== undefined) await runs.store.change(head.id, { name: name.trim() });
}

async function remove(deps: Deps, heads: readonly RunHead[]): Promise<void> {
  const [first] = heads;
  if (first === undefined) return;
  const question =
    heads.length === 1
      ? vscode.l10n.t('Delete the run “{0}” and its figures?', runName(first))
      : vscode.l10n.t('Delete {0} runs and their figures?', heads.length);
  const confirmed = vscode.l10n.t('Delete');
  const detail = vscode.l10n.t('Configs and report folders stay.');
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, confirmed)) !== confirmed) return;
  const ids = heads.map(({ id }) => id);
  await deps.runs.store.remove(ids);
  void offerUndo(deps, ids);
}

async function offerUndo({ runs, log }: Deps, ids: readonly string[]): Promise<void> {
  const undo = vscode.l10n.t('Undo');
  const text = ids.length === 1 ? vscode.l10n.t('Run deleted.') : vscode.l10n.t('{0} runs deleted.', ids.length);
  const chosen = await vscode.window.showInformationMessage(text, undo);
  await (chosen === undo ? runs.store.restore(ids) : runs.store.purge(ids)).catch((error: unknown) =>
    log.failure(error),
  );
}

/** Asks for the second one where only one is selected: of the same model first. */
async function compare({ runs, pairs }: Deps, a: RunHead | undefined, b: RunHead | undefined): Promise<void> {
  if (a === undefined) return;
  const others = runs.store.heads.filter(({ id }) => id !== a.id);
  const sameModelFirst = [
    ...others.filter(({ model }) => model === a.model),
    ...others.filter(({ model }) => model !== a.model),
  ];
  const items = sameModelFirst.map((head) => ({ label: runName(head), description: runFigures(head), head }));
  const title = vscode.l10n.t('Compare {0} with', runName(a));
  const second = b ?? (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.head;
  if (second !== undefined) await compareRuns(pairs, a, second);
}
