import * as vscode from 'vscode';
import type { Handlers, HostRequests } from '../../protocol/messages.ts';
import type { ModelSession } from './modelSession.ts';

/** Kinds of pictures by the extension of their names. */
const KINDS: Readonly<Record<string, Readonly<Record<string, string[]>>>> = {
  png: { PNG: ['png'] },
  svg: { SVG: ['svg'] },
};

/** Asks where to, and writes pictures that the view has drawn. */
export function pictureRequests(session: ModelSession): Pick<Handlers<HostRequests>, 'picture/save'> {
  return {
    'picture/save': async ({ name, data }) => {
      const filters = KINDS[name.slice(name.lastIndexOf('.') + 1)];
      const target = await vscode.window.showSaveDialog({
        title: vscode.l10n.t('Save Picture'),
        defaultUri: vscode.Uri.joinPath(session.uri, '..', name),
        ...(filters && { filters: { ...filters } }),
      });
      if (target === undefined) return { saved: false };
      await vscode.workspace.fs.writeFile(target, data);
      return { saved: true };
    },
  };
}
