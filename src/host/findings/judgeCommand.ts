import * as vscode from 'vscode';
import { DiagnosticError } from '../../base/diagnostics.ts';
import type { Preferences } from '../../protocol/messages.ts';
import type { JudgeChoice } from '../../protocol/sensitivityViews.ts';
import { noJudgeCommand } from '../errors.ts';

type JudgeCommand = NonNullable<Preferences['judgeCommand']>;

/** The command of the user's that judges outputs; null where none is set, or the workspace is not trusted. */
export function judgeCommand(resource: vscode.Uri): JudgeCommand | null {
  if (!vscode.workspace.isTrusted) return null;
  const settings = vscode.workspace.getConfiguration('quantscope', resource);
  const command = settings.get('metricCommand', '').trim();
  const better = settings.get<string>('metricCommandBetter') === 'lower' ? 'lower' : 'higher';
  return command === '' ? null : { command, better };
}

/**
 * The judge that a request asks for. A command is always that of the settings: a view can ask for it, and cannot say what
 * is run.
 *
 * @throws DiagnosticError IPC104 where no command is set, or the workspace is not trusted.
 */
export function permitted(judge: JudgeChoice, resource: vscode.Uri): JudgeChoice {
  if (judge.id !== 'command') return judge;
  const command = judgeCommand(resource);
  if (command !== null) return { id: 'command', ...command };
  throw new DiagnosticError(noJudgeCommand(vscode.workspace.isTrusted));
}
