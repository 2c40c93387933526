import * as vscode from 'vscode';
import { type Diagnostic, DiagnosticError } from '../base/diagnostics.ts';
import { diagnosticOf } from '../protocol/rpc.ts';

/** IPC101: the worker of a model ended by itself: out of memory, or a bug. */
export function workerEnded(file: string, reason: string): Diagnostic {
  return {
    severity: 'error',
    code: 'IPC101',
    message: vscode.l10n.t('The worker of this model ended: {0}. The next command starts a new one.', reason),
    at: { file },
  };
}

/** IPC102: VS Code could not hand a file over that lies on no disk. */
export function cannotRead(file: string, scheme: string, cause: unknown): Diagnostic {
  const why = cause instanceof Error ? cause.message : String(cause);
  return {
    severity: 'error',
    code: 'IPC102',
    message: vscode.l10n.t('A file of the scheme "{0}:" could not be read: {1}', scheme, why),
    at: { file },
  };
}

/** IPC103: a file that lies on no disk is copied as a whole, within a limit. */
export function tooLargeToCopy(file: string, sizeMib: number, limitMib: number): Diagnostic {
  return {
    severity: 'error',
    code: 'IPC103',
    message: vscode.l10n.t(
      'The file has {0} MiB, and files that lie on no disk are read up to {1} MiB (setting "quantscope.virtualFileLimit"). Raise the limit, or save the model to disk.',
      sizeMib.toFixed(1),
      limitMib,
    ),
    at: { file },
  };
}

/** IPC104: outputs are to be judged by a command, and there is none that may run. */
export function noJudgeCommand(isTrusted: boolean): Diagnostic {
  return {
    severity: 'error',
    code: 'IPC104',
    message: isTrusted
      ? vscode.l10n.t(
          'Outputs are to be judged by a command, and none is set. Name one in the setting "quantscope.metricCommand", or choose another metric.',
        )
      : vscode.l10n.t(
          'Outputs are to be judged by a command, and commands run in trusted workspaces only. Trust the workspace, or choose another metric.',
        ),
    at: { file: 'quantscope.metricCommand' },
  };
}

/** IPC105: a trial was deleted, or is of another config. */
export function noSuchTrial(file: string): Diagnostic {
  return {
    severity: 'error',
    code: 'IPC105',
    message: vscode.l10n.t('This trial is not there any more. Choose another one from the list.'),
    at: { file },
  };
}

/** Everything that whatever was thrown has to say; at least one diagnostic. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  return error instanceof DiagnosticError ? error.all : [diagnosticOf(error, 'QuantScope', 'command')];
}
