import * as vscode from 'vscode';
import { activeGraph, type SessionRegistry } from '../editor/registry.ts';

/** Many events come at once. */
const REST_MS = 50;

/** Calls `changed` after another graph came to the front, or something happened in one. */
export function onActiveGraph(sessions: SessionRegistry, changed: () => void): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  let front = activeGraph()?.toString();
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      changed();
    }, REST_MS);
  };
  const tabs = () => {
    const now = activeGraph()?.toString();
    if (now === front) return;
    front = now;
    soon();
  };
  return vscode.Disposable.from(
    vscode.window.tabGroups.onDidChangeTabs(tabs),
    vscode.window.tabGroups.onDidChangeTabGroups(tabs),
    sessions.onDidOpenOrClose(soon),
    sessions.onDidChange(soon),
    { dispose: () => clearTimeout(timer) },
  );
}
