import * as vscode from 'vscode';

/** The text of a config as the user sees it: of its open document, saved or not, else of the file. */
export async function readConfig(uri: vscode.Uri): Promise<string> {
  const open = vscode.workspace.textDocuments.find((d) => !d.isClosed && d.uri.toString() === uri.toString());
  return open?.getText() ?? new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

/**
 * Makes `after` the text of a document by the smallest edit, so that cursors and folding stay where they are.
 *
 * @returns the text as the document has it then: its own line ends.
 */
export async function replaceText(uri: vscode.Uri, after: string): Promise<string> {
  const document = await vscode.workspace.openTextDocument(uri);
  const span = changedSpan(document.getText(), after);
  if (span === undefined) return document.getText();
  const range = new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, range, span.text);
  if (!(await vscode.workspace.applyEdit(edit))) {
    throw new Error(vscode.l10n.t('{0} cannot be edited', vscode.workspace.asRelativePath(uri)));
  }
  return document.getText();
}

/**
 * What to replace in `before` to get `after`: [start, end) in UTF-16 units, and the new text.
 *
 * @returns undefined when they are equal.
 */
export function changedSpan(before: string, after: string): { start: number; end: number; text: string } | undefined {
  if (before === after) return undefined;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let tail = 0;
  while (tail < shorter - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}
