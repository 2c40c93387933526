import { NEVER } from '../base/abort.ts';
import type { FileSystem } from '../base/bytes.ts';
import { DiagnosticError, throwErrors } from '../base/diagnostics.ts';
import { isContainer, isFloat } from '../base/dtype.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Value, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { readContainerProto, readTensorProto } from '../onnx/read.ts';
import { openModel } from './model.ts';
import { runModel, throwIfNoTensors } from './runModel.ts';
import { isUnsupported } from './unsupported.ts';

export type VerifyStatus = 'passed' | 'failed' | 'unsupported';

export interface CaseResult {
  readonly name: string;
  readonly status: VerifyStatus;
  /** Why it did not pass; '' when it did. */
  readonly reason: string;
}

/** Tolerance of the ONNX backend test runner for float outputs: |a - b| <= atol + rtol |b|. */
const RTOL = 1e-3;
const ATOL = 1e-7;

/**
 * Runs one folder in the form of the ONNX backend tests: `model.onnx` and `test_data_set_*` with `input_*.pb` and
 * `output_*.pb`; all data sets must agree. Integers must be equal, floats within the runner's own tolerance.
 */
export async function verifyCase(folder: string, files: FileSystem, kernels: KernelSet): Promise<CaseResult> {
  const name = folder.split(/[/\\]/).filter(Boolean).at(-1) ?? folder;
  try {
    const open = await openModel(files, files.resolve(folder, 'model.onnx'));
    throwErrors(open.coverage);
    throwIfNoTensors(open);
    const graph = open.model.graph;
    const valuesOf = (ids: readonly ValueId[]): Value[] => ids.flatMap((id) => graph.values.get(id) ?? []);
    let sets = 0;
    for (; (await files.exists(files.resolve(folder, `test_data_set_${sets}`))) === 'directory'; sets++) {
      const set = files.resolve(folder, `test_data_set_${sets}`);
      const feeds = await readTensors(files, set, 'input', valuesOf(graph.inputs));
      const expected = await readTensors(files, set, 'output', valuesOf(graph.outputs));
      const actual = await runModel(open, kernels, feeds, new Map(), NEVER);
      for (const [output, tensor] of expected) {
        const difference = differs(actual.get(output), tensor);
        if (difference !== undefined)
          return { name, status: 'failed', reason: `data set ${sets}, ${output}: ${difference}` };
      }
    }
    if (sets === 0) return { name, status: 'failed', reason: 'there is no test_data_set_0' };
    return { name, status: 'passed', reason: '' };
  } catch (error) {
    if (!(error instanceof DiagnosticError))
      return { name, status: 'failed', reason: `a bug of ours: ${String(error)}` };
    const status = isUnsupported(error.diagnostic) ? 'unsupported' : 'failed';
    return { name, status, reason: error.message };
  }
}

async function readTensors(files: FileSystem, folder: string, prefix: string, values: readonly Value[]) {
  const tensors = new Map<string, Tensor>();
  for (const [i, value] of values.entries()) {
    const path = files.resolve(folder, `${prefix}_${i}.pb`);
    if ((await files.exists(path)) !== 'file') continue;
    const { dtype } = value;
    const source = await files.open(path);
    const { name, tensor } =
      dtype !== undefined && isContainer(dtype)
        ? await readContainerProto(source, path, dtype)
        : await readTensorProto(source, path);
    tensors.set(values.some((v) => v.name === name) ? name : value.name, tensor);
  }
  return tensors;
}

function differentElement(actual: Tensor, expected: Tensor): string | undefined {
  for (const [i, element] of (expected.data as readonly Tensor[]).entries()) {
    const difference = differs((actual.data as readonly Tensor[])[i], element);
    if (difference !== undefined) return `element ${i}: ${difference}`;
  }
  return undefined;
}

/** What differs, as a phrase; undefined when the tensors agree. */
function differs(actual: Tensor | undefined, expected: Tensor): string | undefined {
  if (actual === undefined) return 'the output is missing';
  if (actual.dtype !== expected.dtype) return `type ${actual.dtype}, expected ${expected.dtype}`;
  if (!sameDims(actual.dims, expected.dims))
    return `shape ${formatDims(actual.dims)}, expected ${formatDims(expected.dims)}`;
  if (isContainer(expected.dtype)) return differentElement(actual, expected);
  const approximate = isFloat(expected.dtype);
  let worst = 0;
  let wrong = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const a = actual.data[i];
    const b = expected.data[i];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const error = Math.abs(Number(a) - Number(b));
    if (approximate && error <= ATOL + RTOL * Math.abs(Number(b))) continue;
    wrong++;
    worst = Math.max(worst, error);
  }
  return wrong === 0 ? undefined : `${wrong} of ${expected.data.length} elements differ, by up to ${worst}`;
}
