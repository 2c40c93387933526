import * as path from 'node:path';
import * as vscode from 'vscode';
import { DiagnosticError } from '../../base/diagnostics.ts';
import { cannotRead, tooLargeToCopy } from '../errors.ts';

/** Files by the paths that the worker knows them by. */
export type FilesByPath = Readonly<Record<string, Uint8Array>>;

const MIB = 2 ** 20;

/** The path by which the worker knows a model that lies on no disk. */
export function virtualPath(model: vscode.Uri): string {
  return model.with({ query: '', fragment: '' }).toString(true);
}

/**
 * A model that lies on no disk, read as a whole.
 *
 * @throws DiagnosticError IPC102 when it cannot be read, IPC103 when it is larger than the setting allows.
 */
export async function readVirtualModel(model: vscode.Uri): Promise<FilesByPath> {
  return { [virtualPath(model)]: await read(model, limitBytes(model)) };
}

/** Those of its external data files that can be read within what the limit leaves. */
export async function readExternalData(
  model: vscode.Uri,
  files: FilesByPath,
  relativePaths: readonly string[],
): Promise<FilesByPath> {
  const folder = virtualPath(model).replace(/\/[^/]*$/, '');
  let left = limitBytes(model) - Object.values(files).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const found: Record<string, Uint8Array> = {};
  for (const relativePath of relativePaths) {
    const bytes = await read(siblingOf(model, relativePath), left).catch(() => undefined); // the model's own report names it
    if (bytes === undefined) continue;
    left -= bytes.byteLength;
    found[`${folder}/${relativePath}`] = bytes;
  }
  return found;
}

/** A file below the folder of another. A `git:` URI names its file once more in the query. */
export function siblingOf(model: vscode.Uri, relativePath: string): vscode.Uri {
  const sibling = vscode.Uri.joinPath(model, '..', relativePath);
  if (model.scheme !== 'git') return sibling;
  try {
    const query = JSON.parse(model.query) as { path: string };
    return sibling.with({ query: JSON.stringify({ ...query, path: path.join(query.path, '..', relativePath) }) });
  } catch {
    return sibling;
  }
}

async function read(uri: vscode.Uri, limit: number): Promise<Uint8Array> {
  const file = path.posix.basename(uri.path);
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > limit) throw new DiagnosticError(tooLargeToCopy(file, size / MIB, limitBytes(uri) / MIB));
    const bytes = await vscode.workspace.fs.readFile(uri);
    if (bytes.byteLength > limit)
      throw new DiagnosticError(tooLargeToCopy(file, bytes.byteLength / MIB, limitBytes(uri) / MIB));
    return bytes;
  } catch (error) {
    throw error instanceof DiagnosticError ? error : new DiagnosticError(cannotRead(file, uri.scheme, error));
  }
}

function limitBytes(uri: vscode.Uri): number {
  return vscode.workspace.getConfiguration('quantscope', uri).get('virtualFileLimit', 256) * MIB;
}
