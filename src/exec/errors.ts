import { type Diagnostic, DiagnosticError } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import type { Node } from '../graph/model.ts';

/** EXE301: the runtime has no such operator at the model's opset. */
export function unsupportedOp(file: string, node: Node, opset: number | undefined): Diagnostic {
  const where = node.domain === '' ? 'ai.onnx' : node.domain;
  const version = opset === undefined ? 'a domain the model does not import' : `opset ${opset}`;
  return at(file, node, 'EXE301', `operator ${where}.${node.opType} of ${version} is not supported`);
}

/** EXE302: the model's opset is older than all we know of the operator, whose first version is `least`. */
export function oldOperator(file: string, node: Node, opset: number, least: number): Diagnostic {
  const where = node.domain === '' ? 'ai.onnx' : node.domain;
  const found = `operator ${where}.${node.opType} of opset ${opset} is not supported (from ${least} on it is)`;
  return at(file, node, 'EXE302', `${found}; convert the model with onnx.version_converter`);
}

/** EXE303: the node calls a model-local function that stayed a call. */
export function localFunction(file: string, node: Node, why: string): Diagnostic {
  const message = `${node.domain}::${node.opType} is a function of the model that cannot be expanded: ${why}`;
  return at(file, node, 'EXE303', message);
}

/** EXE304: what an operator finds while it runs (an index out of range). */
export function runFailed(file: string, node: Node, message: string): DiagnosticError {
  return new DiagnosticError(at(file, node, 'EXE304', message));
}

/** EXE305: a feed is missing. */
export function missingFeed(file: string, name: string, given: readonly string[]): DiagnosticError {
  const has = given.length === 0 ? 'none were given' : `given: ${given.join(', ')}`;
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE305',
    message: `no data for input ${name} (${has})`,
    at: { file, tensor: name },
  });
}

/** EXE306: a feed has another type or shape than the program was compiled for. */
export function wrongFeed(file: string, name: string, got: string, expected: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE306',
    message: `input ${name} is ${got}, expected ${expected}`,
    at: { file, tensor: name },
  });
}

/** EXE307: a symbol of an input's shape has no number. */
export function unboundDims(file: string, name: string, dims: readonly (number | string)[]): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE307',
    message: `input ${name} has shape ${formatDims(dims)}; every dimension needs a length before it can run`,
    at: { file, tensor: name },
  });
}

/** EXE308: a shape does not work out while a program is planned. */
export function badShapes(file: string, node: Node, message: string): Diagnostic {
  return at(file, node, 'EXE308', message);
}

/** EXE309: a memory limit below what one step needs at once. */
export function memoryTooSmall(file: string, need: number, limit: number): DiagnosticError {
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE309',
    message: `activations and the largest weight need ${mebibytes(need)} at once, and the memory limit is ${mebibytes(limit)}; raise the limit`,
    at: { file },
  });
}

function at(file: string, node: Node, code: string, message: string): Diagnostic {
  return { severity: 'error', code, message, at: { file, node: node.handle, opType: node.opType } };
}
