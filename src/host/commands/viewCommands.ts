import * as vscode from 'vscode';
import type { Deps } from './deps.ts';
import { registerModelCommand } from './target.ts';

/** Registers what the webview carries out by itself: search, zoom, table; and reading the model again. */
export function registerViewCommands(deps: Deps): vscode.Disposable {
  const passedOn = { search: 'search', fit: 'fit', zoomIn: 'zoomIn', zoomOut: 'zoomOut', showTable: 'table' } as const;
  const commands = Object.entries(passedOn).map(([name, command]) =>
    registerModelCommand(deps, name, ({ session }) => session.command({ command })),
  );
  const reload = registerModelCommand(deps, 'reload', async ({ session }) => {
    await session.reload();
  });
  return vscode.Disposable.from(...commands, reload);
}
