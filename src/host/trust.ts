import * as vscode from 'vscode';

/** Whether quantizing is allowed; says why when it is not. Looking at models always is. */
export function quantizingAllowed(): boolean {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const text = vscode.l10n.t(
    'Quantizing reads the data folders that a config names and writes reports, so it needs a trusted workspace.',
  );
  void vscode.window.showWarningMessage(text, manage).then((chosen) => {
    if (chosen === manage) void vscode.commands.executeCommand('workbench.trust.manage');
  });
  return false;
}
