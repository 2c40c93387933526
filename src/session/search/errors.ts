import { DiagnosticError } from '../../base/diagnostics.ts';
import type { QuantType } from '../../config/keyTypes.ts';

/** SES461: a number of a search that is none. */
export function notSearchable(file: string, what: string, found: number, expected: string): DiagnosticError {
  return wrong('SES461', file, `${what} of the search is ${found}; ${expected} is expected`);
}

/** SES462: a drop of a figure that the float model has no end of. */
export function noDropOfSqnr(file: string): DiagnosticError {
  const message = 'a drop of sqnrDb means nothing, the float model has no noise: name the dB to reach, as sqnrDb=30';
  return wrong('SES462', file, message);
}

/** SES463: nothing that a search could change. */
export function nothingToSearch(file: string, goal: 'skip' | 'bits'): DiagnosticError {
  const message =
    goal === 'skip'
      ? 'no node is quantized, so there is none to skip: see the reasons in the table of nodes'
      : 'no weight is in codes, so there are no bits to choose: see the reasons in the table of nodes';
  return wrong('SES463', file, message);
}

/** SES464: bits are chosen where the config stores weights in other than fixed ways. */
export function noBitsOf(file: string, quantType: QuantType): DiagnosticError {
  const message = `bits of ${quantType} are not searched; FULL_QUANT and WEIGHT_QUANT are: set quant_type and run again`;
  return wrong('SES464', file, message);
}

function wrong(code: string, file: string, message: string): DiagnosticError {
  return new DiagnosticError({ severity: 'error', code, message, at: { file } });
}
