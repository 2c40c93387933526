import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Deps } from '../commands/deps.ts';
import { modelUri, registerCommand } from '../commands/target.ts';
import { compareSideBySide } from './sideBySide.ts';

const MOST_LISTED = 500;

/**
 * Registers "Compare Model with…": two models side by side. As arguments the models; asks for those that
 * are not given.
 */
export function registerCompare(deps: Deps): vscode.Disposable {
  return registerCommand(deps, 'compareModels', async (first, second) => {
    const [left, other] = modelsOf(first, second);
    if (left === undefined) return;
    const right = other ?? (await pickOther(left));
    if (right === undefined) return;
    await compareSideBySide(deps.pairs, left, right);
  });
}

/** The explorer names the file that was clicked and all that are selected. */
function modelsOf(first: unknown, second: unknown): readonly (vscode.Uri | undefined)[] {
  if (Array.isArray(second) && second.length === 2) return second.map(modelUri);
  return [modelUri(first), second instanceof vscode.Uri ? second : undefined];
}

interface Item extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}

/** Another model of the workspace, or any file. */
async function pickOther(model: vscode.Uri): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.onnx', '**/node_modules/**', MOST_LISTED);
  const others = found.filter((uri) => uri.toString() !== model.toString());
  const items: Item[] = others.map((uri) => ({
    label: path.posix.basename(uri.path),
    description: path.posix.dirname(vscode.workspace.asRelativePath(uri)),
    uri,
  }));
  const browse: Item = { label: vscode.l10n.t('Browse…'), alwaysShow: true };
  const title = vscode.l10n.t('Compare {0} with', path.posix.basename(model.path));
  const chosen = await vscode.window.showQuickPick([...items, browse], { title, matchOnDescription: true });
  if (chosen !== browse) return chosen?.uri;
  const folder = vscode.Uri.joinPath(model, '..');
  const files = await vscode.window.showOpenDialog({ title, defaultUri: folder, filters: { ONNX: ['onnx'] } });
  return files?.[0];
}
