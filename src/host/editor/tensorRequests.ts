import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
      const rpc = await session.ready();
      await throughFile(target, (path) => rpc.request('tensor/write', { ...file, path }, stop(signal)));
      return { saved: true };
    },
    'sample/open': async ({ sample }) => {
      const paths = await (await session.ready()).request('sample/paths', { sample });
      await openSampleFile(paths.map((path) => vscode.Uri.file(path)));
    },
  };
}

/** The worker writes to disks only: for any other place a file is made and copied there. */
async function throughFile(target: vscode.Uri, write: (path: string) => Promise<void>): Promise<void> {
  if (target.scheme === 'file') return write(target.fsPath);
  const folder = await mkdtemp(join(tmpdir(), 'quantscope-'));
  try {
    const path = join(folder, 'elements');
    await write(path);
    await vscode.workspace.fs.copy(vscode.Uri.file(path), target, { overwrite: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
