import * as vscode from 'vscode';
import { activeGraph, type OpenModel } from '../editor/registry.ts';
import type { Deps } from './deps.ts';

/**
 * The model a command is about: the URI it was given (menus of the explorer and of tabs, links), else the graph in
 * front (menus of the webview and of the title, palette, keys).
 */
export function modelUri(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  return isUriComponents(argument) ? vscode.Uri.from(argument) : activeGraph();
}

/** As {@link modelUri}, when that model is open in some panel. */
export function openModel({ sessions }: Deps, argument: unknown): OpenModel | undefined {
  const uri = modelUri(argument);
  return uri && sessions.get(uri);
}

/** Registers a command whose failures become one notification. */
export function registerCommand<T>(
  { problems }: Deps,
  name: string,
  run: (...args: readonly unknown[]) => Promise<T>,
): vscode.Disposable {
  return vscode.commands.registerCommand(`quantscope.${name}`, async (...args: readonly unknown[]) => {
    try {
      return await run(...args);
    } catch (error) {
      problems.reportFailure(error);
      return undefined;
    }
  });
}

/** Registers a command on an open model; does nothing where there is none. */
export function registerModelCommand(
  deps: Deps,
  name: string,
  run: (model: OpenModel, ...args: readonly unknown[]) => Promise<void> | void,
): vscode.Disposable {
  return registerCommand(deps, name, async (argument, ...others) => {
    const model = openModel(deps, argument);
    if (model !== undefined) await run(model, argument, ...others);
  });
}

function isUriComponents(value: unknown): value is { scheme: string; path: string } {
  if (typeof value !== 'object' || value === null) return false;
  const { scheme, path } = value as { scheme?: unknown; path?: unknown };
  return typeof scheme === 'string' && typeof path === 'string';
}
