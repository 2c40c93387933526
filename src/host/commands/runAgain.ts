import * as vscode from 'vscode';
import type { ModelSession } from '../editor/modelSession.ts';
import { formatTime } from '../runs/describeRun.ts';

/** Whether the engine holds the run on display; offers to run it again where its figures are of an earlier session. */
export function runIsLive(session: ModelSession): boolean {
  const { restored, config } = session;
  if (restored === null) return true;
  const again = vscode.l10n.t('Run Again');
  const text = vscode.l10n.t(
    'These are the kept figures of {0} ({1}). Run its config again for tensors, trials and exports.',
    restored.name,
    formatTime(restored.timeMs),
  );
  void vscode.window.showInformationMessage(text, again).then((chosen) => {
    if (chosen === again) void vscode.commands.executeCommand('quantscope.quantizeWithConfig', session.uri, config);
  });
  return false;
}
