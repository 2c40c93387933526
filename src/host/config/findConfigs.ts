import * as vscode from 'vscode';
import { fileOfModel } from '../runs/runAddress.ts';
import { readConfig } from './configText.ts';

export interface FoundConfig {
  readonly uri: vscode.Uri;
  /** `FULL_QUANT`, or '' when the file does not say. */
  readonly quantType: string;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

const EXTENSIONS = ['cfg', 'ini', 'txt', 'config'];
/** Files that may be configs, as a glob. */
export const CONFIG_FILES = `**/*.{${EXTENSIONS.join(',')}}`;
const EXCLUDE = '**/{node_modules,.git}/**';
/** No config is larger; a text file that is need not be read. */
const MAX_BYTES = 256 * 1024;
const MAX_FILES = 1000;

/** Files of the workspace and beside the model that have a `[common_quant_param]` section, most recent first, by name where equally so. */
export async function findConfigs(model: vscode.Uri): Promise<readonly FoundConfig[]> {
  const [inWorkspace, besideModel] = await Promise.all([
    vscode.workspace.findFiles(CONFIG_FILES, EXCLUDE, MAX_FILES),
    siblings(model),
  ]);
  const uris = new Map([...inWorkspace, ...besideModel].map((uri) => [uri.toString(), uri]));
  const found = await Promise.all([...uris.values()].map(inspect));
  const byName = ({ uri: a }: FoundConfig, { uri: b }: FoundConfig): number => (a.path < b.path ? -1 : 1);
  return found.filter((config) => config !== undefined).sort((a, b) => b.modifiedMs - a.modifiedMs || byName(a, b));
}

async function siblings(model: vscode.Uri): Promise<readonly vscode.Uri[]> {
  const folder = vscode.Uri.joinPath(fileOfModel(model), '..');
  const entries = await vscode.workspace.fs.readDirectory(folder);
  return entries
    .filter(([name, type]) => type !== vscode.FileType.Directory && EXTENSIONS.includes(name.split('.').pop() ?? ''))
    .map(([name]) => vscode.Uri.joinPath(folder, name));
}

/** A file that cannot be read is no config to offer. */
async function inspect(uri: vscode.Uri): Promise<FoundConfig | undefined> {
  try {
    const { size, mtime } = await vscode.workspace.fs.stat(uri);
    if (size > MAX_BYTES) return undefined;
    const text = await readConfig(uri);
    return isConfig(text) ? { uri, quantType: quantTypeOf(text), modifiedMs: mtime } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a text has the section that every quantization config starts from. */
export function isConfig(text: string): boolean {
  return /^[ ]*\[common_quant_param\]/m.test(text);
}

function quantTypeOf(text: string): string {
  return /^[ ]*quant_type[ ]*=[ ]*(\w+)/m.exec(text)?.[1] ?? '';
}
