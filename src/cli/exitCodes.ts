import { DiagnosticError } from '../base/diagnostics.ts';
import { isUnsupported } from '../session/index.ts';

/** What the process answers: stable, documented in the README. */
export const EXIT = { good: 0, userError: 1, unsupported: 2, bug: 3, missed: 4 } as const;

/** The exit code of an error: 2 when all it names is not supported, 1 for wrong input, 3 for a bug of ours. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof DiagnosticError)) return EXIT.bug;
  const errors = error.all.filter((d) => d.severity === 'error');
  return errors.length > 0 && errors.every(isUnsupported) ? EXIT.unsupported : EXIT.userError;
}
