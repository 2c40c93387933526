import * as vscode from 'vscode';
import { runName } from '../runs/describeRun.ts';
import { runOfAddress } from '../runs/runAddress.ts';
import type { RunHead } from '../runs/storedRun.ts';

/** What an address shows: a file, a version of it, or a run of its model. */
export function titleOf(model: vscode.Uri, heads: readonly RunHead[]): string {
  const name = model.path.slice(model.path.lastIndexOf('/') + 1);
  const run = heads.find(({ id }) => id === runOfAddress(model));
  if (run !== undefined) return vscode.l10n.t('{0} ({1})', name, runName(run));
  return model.scheme === 'file' ? name : vscode.l10n.t('{0} ({1})', name, model.scheme);
}
