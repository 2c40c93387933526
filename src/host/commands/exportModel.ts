import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Diagnostic } from '../../base/diagnostics.ts';
import type { OpenModel } from '../editor/registry.ts';
import { warningsAmong } from '../problems.ts';
import { quantizingAllowed } from '../trust.ts';
import type { Deps } from './deps.ts';
import { runIsLive } from './runAgain.ts';
import { openModel, registerCommand } from './target.ts';

/**
 * Registers "Export Quantized Model…": writes the model that is on display, in the format of the config it was made with.
 *
 * Arguments: the model's URI (the graph in front without it) and the file's (asks without it). Returns the file, or
 * undefined when there was none: no run yet, the dialog was closed, or the reason is in a notification.
 */
export function registerExportModel(deps: Deps): vscode.Disposable {
  return registerCommand(deps, 'exportModel', async (argument, given) => {
    const model = openModel(deps, argument);
    if (model === undefined || !quantizingAllowed(model.session.uri)) return undefined;
    if (model.session.shown === null) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Quantize the model first: there is nothing to export.'));
      return undefined;
    }
    if (!runIsLive(model.session)) return undefined;
    const target = given instanceof vscode.Uri ? given : await askForFile(model);
    if (target === undefined) return undefined;
    const told = await withNotification(target, () => model.session.exportModel(target.fsPath));
    void announce(deps, target, told);
    return target;
  });
}

function askForFile({ session }: OpenModel): Thenable<vscode.Uri | undefined> {
  const { dir, name } = path.parse(session.uri.fsPath);
  return vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Quantized Model'),
    defaultUri: vscode.Uri.file(path.join(dir, `${name}.quantized.onnx`)),
    filters: { ONNX: ['onnx'] },
  });
}

function withNotification<T>(target: vscode.Uri, work: () => Promise<T>): Thenable<T> {
  const title = vscode.l10n.t('Exporting {0}', path.basename(target.fsPath));
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, work);
}

async function announce({ log }: Deps, target: vscode.Uri, told: readonly Diagnostic[]): Promise<void> {
  log.diagnostics(told);
  const file = path.basename(target.fsPath);
  const [warning] = told.filter((d) => d.severity === 'warning');
  const show = vscode.l10n.t('Open');
  const text =
    warning === undefined
      ? vscode.l10n.t('{0} exported.', file)
      : vscode.l10n.t('{0} exported. {1}', file, warning.message);
  log.info(text);
  const chosen =
    warningsAmong(told) > 0
      ? await vscode.window.showWarningMessage(text, show)
      : await vscode.window.showInformationMessage(text, show);
  if (chosen === show) await vscode.commands.executeCommand('vscode.open', target);
}
