import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import type { Dim, Node } from '../graph/model.ts';

/** SHP101: an operator's inputs do not fit together. */
export function shapeMismatch(file: string, node: Node, message: string): Diagnostic {
  return { severity: 'error', code: 'SHP101', message, at: { file, node: node.handle, opType: node.opType } };
}

/** SHP102: the file declares another type or shape than follows from the operator. */
export function declaredOtherwise(at: Location, declared: string, inferred: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'SHP102',
    message: `the file declares ${declared}, but ${inferred} follows from the operator; the latter counts`,
    at,
  };
}

/** SHP103: a batch dimension was taken as 1. */
export function batchTakenAsOne(at: Location, symbol: Dim): Diagnostic {
  return {
    severity: 'note',
    code: 'SHP103',
    message: `the batch dimension ${symbol} is taken as 1; fix another with [quantscope] fixed_dims=${symbol}:N or --dim ${symbol}=N`,
    at,
  };
}

/** An input whose shape has open dimensions. */
export interface OpenInput {
  readonly name: string;
  readonly dims: readonly Dim[] | undefined;
  readonly open: readonly string[];
}

/** SHP104: inputs with dimensions that nothing fixes. */
export function openDims(file: string, inputs: readonly OpenInput[]): DiagnosticError {
  const list = inputs
    .map((i) => `${i.name} ${i.dims === undefined ? 'of unknown rank' : formatDims(i.dims)}`)
    .join('; ');
  const names = [...new Set(inputs.flatMap((i) => i.open))];
  const example = names.map((n) => `${n}:N`).join(',');
  return new DiagnosticError({
    severity: 'error',
    code: 'SHP104',
    message: `these inputs have dynamic dimensions: ${list}. Fix them with [quantscope] fixed_dims=${example} or --dim NAME=N`,
    at: { file },
  });
}

/** SHP105: a name that is no open dimension. */
export function unknownDim(file: string, name: string, known: readonly string[]): Diagnostic {
  const has = known.length === 0 ? 'the model has none' : `the model has ${known.join(', ')}`;
  return {
    severity: 'warning',
    code: 'SHP105',
    message: `${name} is not a dynamic dimension of an input: ${has}`,
    at: { file },
  };
}
