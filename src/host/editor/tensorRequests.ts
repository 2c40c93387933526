import * as vscode from 'vscode';
import type { Handlers, HostRequests } from '../../protocol/messages.ts';
import type { AbortSource } from '../../protocol/rpc.ts';
import type { TensorFile, TensorRequests } from '../../protocol/tensorViews.ts';
import { openSampleFile } from '../commands/openSampleFile.ts';
import type { ModelSession } from './modelSession.ts';

type TensorHandlers = Pick<Handlers<HostRequests>, keyof TensorRequests | 'tensor/save' | 'sample/open'>;

/** Passes what the tensor viewer asks on to the worker; asks where to save, and opens samples. */
export function tensorRequests(session: ModelSession): TensorHandlers {
  // What a handler is given as its signal is the rpc's own, which tells when it is aborted.
  const stop = (signal: unknown) => ({ signal: signal as AbortSource });
  return {
    'tensor/open': async (params, signal) => (await session.ready()).request('tensor/open', params, stop(signal)),
    'tensor/samples': async (params, signal) => (await session.ready()).request('tensor/samples', params, stop(signal)),
    'tensor/slice': async (params, signal) => (await session.ready()).request('tensor/slice', params, stop(signal)),
    'tensor/picture': async (params, signal) => (await session.ready()).request('tensor/picture', params, stop(signal)),
    'tensor/worst': async (params, signal) => (await session.ready()).request('tensor/worst', params, stop(signal)),
    'tensor/save': async ({ suggestedName, ...file }, signal) => {
      const target = await askWhere(session, file, suggestedName);
      if (target === undefined) return { saved: false };
      await (await session.ready()).request('tensor/write', { ...file, path: target.fsPath }, stop(signal));
      return { saved: true };
    },
    'sample/open': async ({ sample }) => {
      const paths = await (await session.ready()).request('sample/paths', { sample });
      await openSampleFile(paths.map((path) => vscode.Uri.file(path)));
    },
  };
}

function askWhere(
  session: ModelSession,
  { format }: TensorFile,
  suggestedName: string,
): Thenable<vscode.Uri | undefined> {
  const name = `${suggestedName.replace(/[^\w.-]+/g, '_')}.${format}`;
  const filters = format === 'csv' ? { CSV: ['csv'] } : { NumPy: ['npy'] };
  return vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save Elements'),
    defaultUri: vscode.Uri.joinPath(session.uri, '..', name),
    filters,
  });
}
