import * as vscode from 'vscode';
import type { Handlers, HostRequests } from '../../protocol/messages.ts';
import type { AbortSource } from '../../protocol/rpc.ts';
import type { ModelSession } from './modelSession.ts';

type HeatHandlers = Pick<Handlers<HostRequests>, 'heat/get' | 'overlay/save' | 'overlay/open'>;

/** Answers what colours the graph: metrics of all nodes, and values that are kept in files. */
export function heatRequests(session: ModelSession): HeatHandlers {
  const filters = { JSON: ['json'] };
  return {
    'heat/get': (params, signal) => {
      // What a handler is given as its signal is the rpc's own, which tells when it is aborted.
      (signal as AbortSource).addEventListener('abort', () => session.cancel('times'));
      return session.column(params);
    },
    'overlay/save': async ({ name, text }) => {
      const target = await vscode.window.showSaveDialog({
        title: vscode.l10n.t('Save Values of Nodes'),
        defaultUri: vscode.Uri.joinPath(session.uri, '..', name),
        filters,
      });
      if (target === undefined) return { saved: false };
      await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
      return { saved: true };
    },
    'overlay/open': async () => {
      const [file] =
        (await vscode.window.showOpenDialog({
          title: vscode.l10n.t('Open Values of Nodes'),
          defaultUri: vscode.Uri.joinPath(session.uri, '..'),
          filters,
        })) ?? [];
      if (file === undefined) return null;
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
      return { name: file.path.slice(file.path.lastIndexOf('/') + 1), text };
    },
  };
}
