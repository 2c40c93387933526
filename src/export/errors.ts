import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';

/** EXE150: a node cannot be expressed at the opset that the export needs. */
export function cannotRaise(at: Location, from: number, to: number, why: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE150',
    message: `the quantized model needs opset ${to}, the file has ${from}, and this node changed meaning in between: ${why}. Convert the model to opset ${to} first`,
    at,
  });
}

/** EXE151: operators on codes take 8 bits only. */
export function wideCodes(at: Location, names: readonly string[]): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE151',
    message: `export_format=QOPERATOR has 8-bit operators only, and ${names.length} tensors have codes of 4 or 16 bits: ${listed(names)}. Export them as QDQ, or let node_overrides give their nodes 8 bits`,
    at,
  });
}

/** EXE154: the export would replace the model that it reads from. */
export function overItsSource(at: Location): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'EXE154',
    message: 'the quantized model cannot be written over the float model it is made from. Choose another name',
    at,
  });
}

/** EXE152: x64 ONNX Runtime has no fast signed activations. */
export function signedOnX64(at: Location): Diagnostic {
  return {
    severity: 'warning',
    code: 'EXE152',
    message:
      'its activations are int8: ONNX Runtime on x64 runs such convolutions as float, slower than the float model. Use activation_type=uint8 for x64',
    at,
  };
}

/** EXE153: quantized nodes without an operator on codes. */
export function keptInFloat(
  at: Location,
  kept: readonly { readonly node: { readonly handle: string; readonly opType: string }; readonly why: string }[],
): Diagnostic {
  const names = kept.map(({ node, why }) => `${node.handle} (${node.opType}): ${why}`);
  return {
    severity: 'note',
    code: 'EXE153',
    message: `${kept.length} nodes stay float between DequantizeLinear and QuantizeLinear: ${listed(names, '; ')}`,
    at,
  };
}

/** EXE155: weights whose codes have no type in the file's opset. */
export function storedAsFloat(at: Location, names: readonly string[]): Diagnostic {
  return {
    severity: 'note',
    code: 'EXE155',
    message: `${names.length} weights are exported as the floats that their codes stand for, since ONNX has no type for the codes at an opset this model can be brought to: ${listed(names)}`,
    at,
  };
}

/** EXE156: weights that ONNX Runtime makes one operator of with their MatMul, on activations in int8. */
export function fusedByRuntime(at: Location, names: readonly string[]): Diagnostic {
  return {
    severity: 'note',
    code: 'EXE156',
    message: `ONNX Runtime computes the MatMul of ${listed(names)} on activations in int8 (MatMulNBits), so that its results differ from these; its session option session.qdq_matmulnbits_accuracy_level=1 keeps them in float32`,
    at,
  };
}

/** EXE157: nothing that the formats write in different ways. */
export function sameInBoth(at: Location): Diagnostic {
  return {
    severity: 'note',
    code: 'EXE157',
    message: 'no activation has codes of parameters that are known beforehand: QOPERATOR and QDQ are the same here',
    at,
  };
}

const MOST_NAMES = 10;

function listed(names: readonly string[], separator = ', '): string {
  const rest = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(separator)}${rest > 0 ? `${separator}and ${rest} more` : ''}`;
}

/** EXE158: float weights that ONNX Runtime would quantize by itself. */
export function keptFromRuntime(at: Location, names: readonly string[]): Diagnostic {
  return {
    severity: 'note',
    code: 'EXE158',
    message: `${listed(names)} stay${names.length === 1 ? 's' : ''} float between codes, where ONNX Runtime makes 8-bit codes of float weights when it optimizes; a Max of one input before keeps it from that`,
    at,
  };
}
