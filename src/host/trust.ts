import * as vscode from 'vscode';

/** Whether a model may be quantized; says why when it may not. Looking at models is always allowed. */
export function quantizingAllowed(model?: vscode.Uri): boolean {
  if (!vscode.workspace.isTrusted) {
    void offerTrust();
    return false;
  }
  if (model === undefined || model.scheme === 'file') return true;
  const text = vscode.l10n.t(
    'This model lies on no disk ("{0}:"). It can be looked at; to quantize it, save it and its calibration data to disk.',
    model.scheme,
  );
  void vscode.window.showWarningMessage(text);
  return false;
}

async function offerTrust(): Promise<void> {
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const text = vscode.l10n.t(
    'Quantizing reads the data folders that a config names and writes reports, so it needs a trusted workspace.',
  );
  const chosen = await vscode.window.showWarningMessage(text, manage);
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
}
