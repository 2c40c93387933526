import * as vscode from 'vscode';
import type { Deps } from './deps.ts';
import { registerCommand, registerModelCommand } from './target.ts';

/** Registers the ways from the graph to the files behind it: config, report folder, log. */
export function registerOpenResults(deps: Deps): vscode.Disposable {
  return vscode.Disposable.from(
    registerModelCommand(deps, 'openConfig', async ({ session }) => {
      if (session.config !== undefined) await openAtSkipList(session.config);
    }),
    registerModelCommand(deps, 'openReport', async ({ session }) => {
      const folder = session.run?.reportFolder;
      if (folder != null) await revealFolder(vscode.Uri.file(folder));
    }),
    registerCommand(deps, 'showLog', async () => deps.log.show()),
  );
}

/** Beside the graph, at `skip_quant_node` where it is set. */
async function openAtSkipList(config: vscode.Uri): Promise<void> {
  const document = await vscode.workspace.openTextDocument(config);
  const at = document.getText().search(/^[ ]*skip_quant_node/m);
  const line = document.lineAt(document.positionAt(Math.max(0, at)).line);
  const selection = new vscode.Range(line.range.end, line.range.end);
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: false, selection });
}

/** In the explorer when it lies in the workspace, else in the system's file manager. */
async function revealFolder(folder: vscode.Uri): Promise<void> {
  const inside = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
  await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', folder);
}
