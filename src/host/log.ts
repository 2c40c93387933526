import * as vscode from 'vscode';
import { type Diagnostic, DiagnosticError, formatDiagnostic } from '../base/diagnostics.ts';

/** The extension's output channel. */
export interface Log extends vscode.Disposable {
  info(message: string): void;
  diagnostics(list: readonly Diagnostic[]): void;
  /** Whatever was thrown, with its cause and stack. */
  failure(error: unknown): void;
  show(): void;
}

/** Creates the `QuantScope` output channel. */
export function createLog(): Log {
  const channel = vscode.window.createOutputChannel('QuantScope', { log: true });
  const byLevel = {
    error: (text: string) => channel.error(text),
    warning: (text: string) => channel.warn(text),
    note: (text: string) => channel.info(text),
  };
  return {
    info: (message) => channel.info(message),
    diagnostics: (list) => {
      for (const d of list) byLevel[d.severity](formatDiagnostic(d));
    },
    failure: (error) => {
      if (error instanceof DiagnosticError) byLevel[error.diagnostic.severity](formatDiagnostic(error.diagnostic));
      else channel.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      if (error instanceof Error && error.cause !== undefined) channel.error(`  cause: ${String(error.cause)}`);
    },
    show: () => channel.show(true),
    dispose: () => channel.dispose(),
  };
}
