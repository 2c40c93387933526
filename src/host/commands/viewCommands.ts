import * as vscode from 'vscode';
import type { ViewCommand } from '../../protocol/messages.ts';
import type { Deps } from './deps.ts';
import { registerModelCommand } from './target.ts';

/** What the webview carries out by itself, by the command's name. */
const PASSED_ON: Readonly<Record<string, ViewCommand>> = {
  search: 'search',
  fit: 'fit',
  zoomIn: 'zoomIn',
  zoomOut: 'zoomOut',
  zoomToSelection: 'zoomToSelection',
  showTable: 'table',
  inspectNode: 'inspect',
  findSimilar: 'findSimilar',
  changeNodes: 'changeNodes',
  followUpstream: 'upstream',
  followDownstream: 'downstream',
  pathFrom: 'pathFrom',
  pathTo: 'pathTo',
  clearPath: 'clearPath',
  collapseGroup: 'collapse',
  expandGroup: 'expand',
  collapseAll: 'collapseAll',
  expandAll: 'expandAll',
  toggleMinimap: 'minimap',
  exportSvg: 'exportSvg',
  exportPng: 'exportPng',
};

/**
 * Registers what the webview carries out by itself, and reading the model again. The webview's menus give the node
 * (`nodeId`) or group (`group`, its key) under the pointer; without one the selected one is meant.
 */
export function registerViewCommands(deps: Deps): vscode.Disposable {
  const commands = Object.entries(PASSED_ON).map(([name, command]) =>
    registerModelCommand(deps, name, ({ session }, argument) => session.command({ command, ...placeOf(argument) })),
  );
  const reload = registerModelCommand(deps, 'reload', async ({ session }) => {
    await session.reload();
  });
  return vscode.Disposable.from(...commands, reload);
}

/** The node or group that a menu was opened on. */
export function placeOf(argument: unknown): { readonly nodeId?: number; readonly group?: string } {
  if (typeof argument !== 'object' || argument === null) return {};
  const { nodeId, group } = argument as { nodeId?: unknown; group?: unknown };
  return {
    ...(typeof nodeId === 'number' && { nodeId }),
    ...(typeof group === 'string' && { group }),
  };
}
