import { DiagnosticError } from '../base/diagnostics.ts';

/** What the process answers: stable, documented in the README. */
export const EXIT = { good: 0, userError: 1, unsupported: 2, bug: 3 } as const;

/** Codes that mean "this model or setting is not supported", as opposed to wrong input. */
const UNSUPPORTED = /^EXE1\d\d$|^CFG9\d\d$/;

/** The exit code of an error: 2 for what is not supported, 1 for wrong input, 3 for a bug of ours. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof DiagnosticError)) return EXIT.bug;
  return UNSUPPORTED.test(error.diagnostic.code) ? EXIT.unsupported : EXIT.userError;
}
