import * as path from 'node:path';
import * as vscode from 'vscode';
import { configAsItWas } from './configAsItWas.ts';
import type { RunHead } from './storedRun.ts';

/** Shows what two kept runs differ in: their configs side by side. */
export async function compareRuns(a: RunHead, b: RunHead): Promise<void> {
  const [older, newer] = a.timeMs <= b.timeMs ? [a, b] : [b, a];
  const name = (head: RunHead) => head.name || path.posix.basename(vscode.Uri.parse(head.config.uri).path);
  const title = vscode.l10n.t('{0} ↔ {1}', name(older), name(newer));
  await vscode.commands.executeCommand('vscode.diff', configAsItWas(older), configAsItWas(newer), title);
}
