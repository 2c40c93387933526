import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';

function error(code: string, at: Location, message: string): Diagnostic {
  return { severity: 'error', code, message, at };
}

function warning(code: string, at: Location, message: string): Diagnostic {
  return { severity: 'warning', code, message, at };
}

// The file as a whole: thrown, nothing opens.

export function emptyFile(file: string): DiagnosticError {
  return new DiagnosticError(error('ONX101', { file }, 'the file is empty; an ONNX model was expected'));
}

/** `what` names what the file is instead, with its cure. */
export function notOnnx(file: string, what: string): DiagnosticError {
  return new DiagnosticError(error('ONX102', { file }, `this is not an ONNX model: ${what}`));
}

export function truncated(file: string, offset: number, need: number, have: number): DiagnosticError {
  const message = `the file ends early: byte ${offset} announces ${need} bytes, ${have} are left (an interrupted download or copy?)`;
  return new DiagnosticError(error('ONX103', { file }, message));
}

export function malformed(file: string, offset: number, why: string): DiagnosticError {
  return new DiagnosticError(error('ONX104', { file }, `not valid protobuf at byte ${offset}: ${why}`));
}

export function tooDeep(file: string, offset: number, limit: number): DiagnosticError {
  const message = `subgraphs are nested deeper than ${limit} at byte ${offset}`;
  return new DiagnosticError(error('ONX105', { file }, message));
}

export function messageTooLarge(file: string, offset: number, limit: number): DiagnosticError {
  const message = `the part that starts at byte ${offset} holds more than ${limit} bytes besides nodes and tensors`;
  return new DiagnosticError(error('ONX106', { file }, message));
}

export function tooManyParts(file: string, offset: number, limit: number): DiagnosticError {
  return new DiagnosticError(error('ONX107', { file }, `more than ${limit} nodes and tensors, up to byte ${offset}`));
}

export function cannotRead(at: Location, cause: unknown): DiagnosticError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DiagnosticError(error('ONX108', at, `cannot be read: ${reason}`), { cause });
}

// Tensors: a diagnostic when opened, thrown when loaded.

export function unsupportedTensorType(at: Location, type: number | string): Diagnostic {
  return error('ONX201', at, `element type ${type} is not supported`);
}

export function wrongTensorSize(
  at: Location,
  type: string,
  dims: readonly number[],
  need: number,
  have: number,
): Diagnostic {
  const message = `${type} ${formatDims(dims)} needs ${need} bytes of data, the file has ${have}`;
  return error('ONX202', at, have === 0 ? `${message} (were the weights stripped?)` : message);
}

export function wrongElementCount(at: Location, dims: readonly number[], need: number, have: number): Diagnostic {
  return error('ONX203', at, `shape ${formatDims(dims)} has ${need} elements, the data ${have}`);
}

export function wrongTensorField(at: Location, type: string, field: string): Diagnostic {
  return error('ONX204', at, `elements of type ${type} cannot be stored in ${field}`);
}

export function badTensorDims(at: Location, dims: readonly number[]): Diagnostic {
  return error('ONX205', at, `shape ${formatDims(dims)} is not possible for constant data`);
}

export function malformedTensorData(at: Location, why: string): Diagnostic {
  return error('ONX206', at, `the tensor's data is not valid protobuf: ${why}`);
}

export function sparseTensor(at: Location): Diagnostic {
  return error(
    'ONX207',
    at,
    'this sparse initializer cannot be made dense: indices must be int64 [NNZ] or [NNZ, rank], and the result below 64 M elements',
  );
}

// External data.

export function externalPathRefused(at: Location, location: string, why: string): Diagnostic {
  return error(
    'ONX301',
    at,
    `external data "${location}" is refused: ${why}; it must lie in the model's folder or below`,
  );
}

export function externalFileMissing(at: Location, location: string, cause: string): Diagnostic {
  return error('ONX302', at, `external data file "${location}" cannot be opened: ${cause}`);
}

export function externalFileShort(at: Location, location: string, need: number, have: number): Diagnostic {
  return error('ONX303', at, `external data file "${location}" has ${have} bytes, this tensor ends at byte ${need}`);
}

export function externalNotReachable(at: Location, location: string): Diagnostic {
  return error('ONX304', at, `external data "${location}" cannot be reached: the model was not opened from a folder`);
}

export function externalEntryInvalid(at: Location, key: string, value: string): Diagnostic {
  return error('ONX305', at, `external_data ${key} = "${value}" is not a whole number of bytes`);
}

// The graph: it still opens.

export function noOpset(file: string): Diagnostic {
  return error(
    'ONX401',
    { file },
    'the model imports no operator set (opset_import is empty), so operators have no version',
  );
}

export function danglingInput(at: Location, name: string): Diagnostic {
  return error('ONX402', at, `input "${name}" is produced by no node, and is neither a graph input nor an initializer`);
}

export function danglingOutput(at: Location, name: string): Diagnostic {
  return error('ONX403', at, `graph output "${name}" is produced by no node`);
}

export function cycle(at: Location, count: number): Diagnostic {
  return error('ONX404', at, `${count} node(s) depend on their own outputs; this is the first`);
}

export function duplicateValue(at: Location, name: string): Diagnostic {
  return error('ONX405', at, `value "${name}" is defined more than once; the first definition is used`);
}

export function duplicateConstant(at: Location, name: string, earlier: 'initializer' | 'node'): Diagnostic {
  const used = earlier === 'node' ? 'another Constant node; the last one' : 'an initializer, which';
  return warning('ONX411', at, `value "${name}" is made by this Constant node and by ${used} is used`);
}

export function duplicateNodeName(at: Location, name: string, count: number, handle: string): Diagnostic {
  return warning('ONX406', at, `${count} nodes are named "${name}"; this one is addressed as ${handle}`);
}

export function notSorted(at: Location): Diagnostic {
  return warning('ONX407', at, 'nodes are not in topological order in the file; they were reordered');
}

export function conflictingValueInfo(at: Location, name: string): Diagnostic {
  return warning('ONX408', at, `value "${name}" is described more than once with different types; the first is used`);
}

export function attributeSkipped(at: Location, attribute: string, kind: string): Diagnostic {
  return warning('ONX409', at, `attribute ${attribute} of kind ${kind} is kept but not interpreted`);
}

export function trainingIgnored(file: string): Diagnostic {
  return warning('ONX410', { file }, 'the model carries training information, which is ignored');
}

export function overProtobufLimit(file: string, byteLength: number): Diagnostic {
  const message = `the file has ${byteLength} bytes; protobuf ends at 2 GiB, so other tools cannot open it (external data is the way)`;
  return warning('ONX412', { file }, message);
}

// Writing.

export function cannotWrite(at: Location, what: string): DiagnosticError {
  return new DiagnosticError(error('ONX501', at, `cannot be written: ${what}`));
}

export function modelTooLarge(file: string, byteLength: number, limit: number): DiagnosticError {
  const message = `the model takes ${byteLength} bytes without its weights; protobuf allows ${limit}`;
  return new DiagnosticError(error('ONX502', { file }, message));
}
