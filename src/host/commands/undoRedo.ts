import * as vscode from 'vscode';
import type { Deps } from './deps.ts';
import { registerModelCommand } from './target.ts';

/** How long the status bar says what was undone. */
const SHOWN_MS = 4000;

/** Registers undo and redo of changes made in the graph, for the graph's own keys. */
export function registerUndoRedo(deps: Deps): vscode.Disposable {
  return vscode.Disposable.from(
    registerModelCommand(deps, 'undo', async ({ edits }) => {
      const label = await edits.undo();
      if (label !== undefined) vscode.window.setStatusBarMessage(vscode.l10n.t('Undone: {0}', label), SHOWN_MS);
    }),
    registerModelCommand(deps, 'redo', async ({ edits }) => {
      const label = await edits.redo();
      if (label !== undefined) vscode.window.setStatusBarMessage(vscode.l10n.t('Redone: {0}', label), SHOWN_MS);
    }),
  );
}
