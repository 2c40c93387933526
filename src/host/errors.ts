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

/** Everything that whatever was thrown has to say; at least one diagnostic. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  return error instanceof DiagnosticError ? error.all : [diagnosticOf(error, 'QuantScope', 'command')];
}
