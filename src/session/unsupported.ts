import type { Diagnostic } from '../base/diagnostics.ts';

/** Operators, opsets, functions, element types, inputs and methods that do not exist here. */
const CODES: ReadonlySet<string> = new Set(['EXE301', 'EXE302', 'EXE303', 'ONX201', 'SES409', 'CFG123']);

/** Whether an error says "not supported", as opposed to wrong input. */
export function isUnsupported({ severity, code }: Diagnostic): boolean {
  return severity === 'error' && CODES.has(code);
}
