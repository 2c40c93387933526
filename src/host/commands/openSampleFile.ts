import * as vscode from 'vscode';

/** What VS Code shows as a picture. */
const PICTURE = /\.(png|jpe?g|jpe|jfif|gif|bmp|webp|ico|avif)$/i;

/**
 * Opens the files of a sample, after asking which where it has several: a picture beside the editor, any other file
 * where files are listed, since VS Code has no view of it.
 */
export async function openSampleFile(files: readonly vscode.Uri[]): Promise<void> {
  const file = files.length > 1 ? await pick(files) : files[0];
  if (file === undefined) return;
  if (PICTURE.test(file.path)) {
    await vscode.commands.executeCommand('vscode.open', file, { viewColumn: vscode.ViewColumn.Beside, preview: true });
    return;
  }
  const inside = vscode.workspace.getWorkspaceFolder(file) !== undefined;
  await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', file);
}

async function pick(files: readonly vscode.Uri[]): Promise<vscode.Uri | undefined> {
  const items = files.map((file) => ({
    label: file.path.slice(file.path.lastIndexOf('/') + 1),
    description: vscode.workspace.asRelativePath(file),
    file,
  }));
  const title = vscode.l10n.t('File of the Sample to Open');
  return (await vscode.window.showQuickPick(items, { title }))?.file;
}
