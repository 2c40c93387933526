import { DiagnosticError, type Location } from '../base/diagnostics.ts';

/** EXE150: a node cannot be expressed at the opset that the export needs. */
export function cannotRaise(at: Location, from: number, to: number, why: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE150',
    message: `the quantized model needs opset ${to}, the file has ${from}, and this node changed meaning in between: ${why}. Convert the model to opset ${to} first`,
    at,
  });
}
