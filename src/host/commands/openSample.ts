import * as vscode from 'vscode';
import type { Deps } from './deps.ts';
import { registerCommand } from './target.ts';

const FOLDER = 'quantscope-sample';
const MODEL = 'mnist.onnx';

/**
 * Registers "Open the Sample…": copies the sample (a trained digit network, calibration and test images, one config
 * per kind of quantization) into a folder of the user's choice and opens it there.
 *
 * Argument: the folder to copy into (asks without it). Returns the copy.
 */
export function registerOpenSample(deps: Deps): vscode.Disposable {
  return registerCommand(deps, 'openSample', async (given) => {
    const parent = given instanceof vscode.Uri ? given : await askForFolder();
    if (parent === undefined) return undefined;
    const source = vscode.Uri.joinPath(deps.context.extensionUri, 'media', 'sample');
    const copy = await freeFolder(parent);
    await vscode.workspace.fs.copy(source, copy);
    if (vscode.workspace.getWorkspaceFolder(copy) === undefined) {
      await vscode.commands.executeCommand('vscode.openFolder', copy, {
        forceNewWindow: vscode.workspace.workspaceFolders !== undefined,
      });
    } else {
      await vscode.commands.executeCommand('vscode.open', vscode.Uri.joinPath(copy, MODEL));
    }
    return copy;
  });
}

async function askForFolder(): Promise<vscode.Uri | undefined> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Folder to Copy the Sample Into'),
      openLabel: vscode.l10n.t('Copy Here'),
      canSelectFolders: true,
      canSelectFiles: false,
    })) ?? [];
  return folder;
}

/** `quantscope-sample`, or `quantscope-sample-2` and so on: nothing is overwritten. */
async function freeFolder(parent: vscode.Uri): Promise<vscode.Uri> {
  const taken = new Set((await vscode.workspace.fs.readDirectory(parent)).map(([name]) => name));
  let name = FOLDER;
  for (let i = 2; taken.has(name); i++) name = `${FOLDER}-${i}`;
  return vscode.Uri.joinPath(parent, name);
}
