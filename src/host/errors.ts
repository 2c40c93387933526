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

/** IPC102: only files on disk can be opened. */
export function schemeUnsupported(file: string, scheme: string): Diagnostic {
  return {
    severity: 'error',
    code: 'IPC102',
    message: vscode.l10n.t('Files of the scheme "{0}:" cannot be opened; "file:" can. Save the model to disk.', scheme),
    at: { file },
  };
}

/** Everything that whatever was thrown has to say; at least one diagnostic. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  return error instanceof DiagnosticError ? error.all : [diagnosticOf(error, 'QuantScope', 'command')];
}
