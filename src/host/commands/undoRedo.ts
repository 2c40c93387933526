import * as vscode from 'vscode';
import type { Deps } from './deps.ts';
import { registerModelCommand } from './target.ts';

/** Registers undo and redo of node toggles, for the graph's own keys. */
export function registerUndoRedo(deps: Deps): vscode.Disposable {
  return vscode.Disposable.from(
    registerModelCommand(deps, 'undo', async ({ edits }) => void (await edits.undo())),
    registerModelCommand(deps, 'redo', async ({ edits }) => void (await edits.redo())),
  );
}
