import * as vscode from 'vscode';
import { DiagnosticError } from '../../base/diagnostics.ts';
import type { OpenModel } from '../editor/registry.ts';
import { noSuchTrial } from '../errors.ts';
import { quantizingAllowed } from '../trust.ts';
import { changeLabel } from './changeConfig.ts';

/**
 * Writes the config as it was at a trial, such that undo takes it back; its figures follow. Where those on display are
 * kept ones, the config is run.
 *
 * @throws DiagnosticError IPC105; Error where the config cannot be edited.
 */
export async function restoreTrial({ session, trials }: OpenModel, id: string): Promise<void> {
  const { config, restored } = session;
  if (!quantizingAllowed(session.uri) || config === undefined) return;
  const trial = trials.trial(id);
  if (trial === undefined) throw new DiagnosticError(noSuchTrial(session.file));
  const name = trial.name || changeLabel(trial.change) || session.file;
  await trials.restore(trial, config, vscode.l10n.t('Restore “{0}”', name));
  if (restored !== null) await vscode.commands.executeCommand('quantscope.quantizeWithConfig', session.uri, config);
}

/** Deletes trials, with a way back. */
export async function deleteTrials({ trials }: OpenModel, ids: readonly string[]): Promise<void> {
  const { count, undo } = await trials.delete(ids);
  if (count === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('The trial whose figures are on display stays.'));
    return;
  }
  const back = vscode.l10n.t('Undo');
  const text = count === 1 ? vscode.l10n.t('Trial deleted.') : vscode.l10n.t('{0} trials deleted.', count);
  void vscode.window.showInformationMessage(text, back).then((chosen) => (chosen === back ? undo() : undefined));
}
