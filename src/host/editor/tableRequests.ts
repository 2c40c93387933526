import * as vscode from 'vscode';
import type { Handlers, HostRequests } from '../../protocol/messages.ts';
import type { AbortSource } from '../../protocol/rpc.ts';
import type { ModelSession } from './modelSession.ts';

/** Answers what the tables of nodes and tensors ask: figures of all tensors, and where to save what they show. */
export function tableRequests(session: ModelSession): Pick<Handlers<HostRequests>, 'tensors/list' | 'table/save'> {
  return {
    'tensors/list': ({ of }, signal) => {
      // What a handler is given as its signal is the rpc's own, which tells when it is aborted.
      const stop = () => session.cancel('tensors');
      (signal as AbortSource).addEventListener('abort', stop);
      return session.listTensors(of);
    },
    'table/save': async ({ name, text }) => {
      const target = await vscode.window.showSaveDialog({
        title: vscode.l10n.t('Save Table'),
        defaultUri: vscode.Uri.joinPath(session.uri, '..', name),
        filters: { CSV: ['csv'] },
      });
      if (target === undefined) return { saved: false };
      await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
      return { saved: true };
    },
  };
}
