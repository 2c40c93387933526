import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { ModelSession } from '../../src/host/editor/modelSession.ts';
import { VIEW_TYPE } from '../../src/host/editor/registry.ts';
import type { Log } from '../../src/host/log.ts';

/** The extension under test, as the manifest names it. */
export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension('quantscope.quantscope');
  assert(found, 'the extension is not installed');
  return found;
}

/** A file of the opened workspace, a copy of the sample. */
export function file(name: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert(folder, 'no workspace is open');
  return vscode.Uri.joinPath(folder.uri, name);
}

export const MODEL = 'mnist.onnx';

/** Output channels of one name share their end, so tests keep their own log. */
export const log: Log = {
  info: () => {},
  diagnostics: () => {},
  failure: () => {},
  show: () => {},
  dispose: () => {},
};

/** A session apart from the extension's own, with the built worker. */
export function newSession(model = file(MODEL)): ModelSession {
  const worker = vscode.Uri.joinPath(extension().extensionUri, 'dist', 'worker.cjs');
  return new ModelSession(model, { workerScript: worker.fsPath, log });
}

/** Writes a text file into the workspace. */
export async function write(name: string, contents: string | Uint8Array): Promise<vscode.Uri> {
  const uri = file(name);
  await vscode.workspace.fs.writeFile(
    uri,
    typeof contents === 'string' ? new TextEncoder().encode(contents) : contents,
  );
  return uri;
}

/** The text of a file on disk, or of its open document. */
export async function textOf(uri: vscode.Uri): Promise<string> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  return open?.getText() ?? new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

/**
 * A copy of the sample's full_quant.cfg under a name of its own, with lines set: `key=value` replaces the key's line,
 * or is put below `[common_quant_param]`. Evaluates 20 images, writes its reports into `reports-<name>`.
 */
export async function config(name: string, lines: readonly string[] = []): Promise<vscode.Uri> {
  let text = await textOf(file('full_quant.cfg'));
  const all = ['evaluate_size=20', 'calibrate_size=20', `debug_info_save_path=reports-${name}`, ...lines];
  for (const line of all) {
    const key = line.slice(0, line.indexOf('=') + 1);
    const pattern = new RegExp(`^${key}.*$`, 'm');
    if (pattern.test(text)) text = text.replace(pattern, line);
    else text = text.replace('[common_quant_param]\n', `[common_quant_param]\n${line}\n`);
  }
  return write(`${name}.cfg`, text);
}

/** Opens a file in the graph editor. */
export async function openGraph(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPE);
}

/** Files open in graph editors, in tab order. */
export function graphTabs(): string[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .map((tab) => tab.input)
    .filter((input) => input instanceof vscode.TabInputCustom)
    .filter((input) => input.viewType === VIEW_TYPE)
    .map((input) => input.uri.path.slice(input.uri.path.lastIndexOf('/') + 1));
}

/** Closes every editor, throwing unsaved text away. */
export async function closeAll(): Promise<void> {
  for (const document of vscode.workspace.textDocuments.filter((d) => d.isDirty)) {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  }
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Waits until `condition` holds; fails with `what` after ten seconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(25)) if (await condition()) return;
  assert.fail(`waited ${ms} ms in vain: ${what}`);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
