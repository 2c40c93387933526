import { NEVER } from '../base/abort.ts';
import type { FileSystem } from '../base/bytes.ts';
import { DiagnosticError, throwErrors } from '../base/diagnostics.ts';
import { isContainer, isFloat } from '../base/dtype.ts';
import { formatDims, sameDims, sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { Model, Node, Value, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { readContainerProto, readTensorProto } from '../onnx/read.ts';
import { findOp } from '../ops/registry.ts';
import { type OpenModel, openModel } from './model.ts';
import { runModel, throwIfNoTensors } from './runModel.ts';
import { isUnsupported } from './unsupported.ts';
import type { VerifyCase } from './verifyCases.ts';

export type VerifyStatus = 'passed' | 'failed' | 'unsupported';

export interface CaseResult {
  readonly name: string;
  readonly status: VerifyStatus;
  /** Why it did not pass, or what of a pass could not be compared; '' for a plain pass. */
  readonly reason: string;
}

/** Tolerance of the ONNX backend test runner for float outputs: |a - b| <= atol + rtol |b|. */
const RTOL = 1e-3;
const ATOL = 1e-7;

/**
 * Runs one case; all its data sets must agree. Integers must be equal, floats within the runner's own tolerance; of
 * outputs that depend on random operators only type and shape are compared.
 */
export async function verifyCase(verified: VerifyCase, files: FileSystem, kernels: KernelSet): Promise<CaseResult> {
  const { name, folder } = verified;
  try {
    const light = verified.kind === 'light';
    const open = await openModel(files, files.resolve(folder, light ? `${name}.onnx` : 'model.onnx'));
    throwErrors(open.coverage);
    throwIfNoTensors(open);
    const graph = open.model.graph;
    const random = randomValues(open.model);
    const outputs = graph.outputs.flatMap((id) => graph.values.get(id) ?? []);
    const drawn = new Set(outputs.filter((v) => random.has(v.id)).map((v) => v.name));
    let sets = 0;
    for await (const { feeds, expected } of dataSets(verified, open, files)) {
      const actual = await runModel(open, kernels, feeds, new Map(), NEVER);
      for (const [output, tensor] of expected) {
        const difference = differs(actual.get(output), tensor, drawn.has(output));
        if (difference !== undefined)
          return { name, status: 'failed', reason: `data set ${sets}, ${output}: ${difference}` };
      }
      sets++;
    }
    if (sets === 0) return { name, status: 'failed', reason: 'there is no test_data_set_0' };
    return { name, status: 'passed', reason: drawn.size === 0 ? '' : `only type and shape: ${[...drawn]} is random` };
  } catch (error) {
    if (!(error instanceof DiagnosticError))
      return { name, status: 'failed', reason: `a bug of ours: ${String(error)}` };
    const status = isUnsupported(error.diagnostic) ? 'unsupported' : 'failed';
    return { name, status, reason: error.message };
  }
}

interface DataSet {
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly expected: ReadonlyMap<string, Tensor>;
}

async function* dataSets(
  { kind, name, folder }: VerifyCase,
  open: OpenModel,
  files: FileSystem,
): AsyncGenerator<DataSet> {
  const { graph } = open.model;
  const valuesOf = (ids: readonly ValueId[]): Value[] => ids.flatMap((id) => graph.values.get(id) ?? []);
  if (kind === 'light') {
    const fed = valuesOf(graph.inputs).filter((value) => value.constant === undefined);
    const expected = await readTensors(files, folder, `${name}_output`, valuesOf(graph.outputs));
    yield { feeds: new Map(fed.map((value) => [value.name, ramp(value)])), expected };
    return;
  }
  for (let i = 0; (await files.exists(files.resolve(folder, `test_data_set_${i}`))) === 'directory'; i++) {
    const set = files.resolve(folder, `test_data_set_${i}`);
    const feeds = await readTensors(files, set, 'input', valuesOf(graph.inputs));
    yield { feeds, expected: await readTensors(files, set, 'output', valuesOf(graph.outputs)) };
  }
}

/** float32(i / n) for element i of n; symbols count as 1. */
function ramp({ dims }: Value): Tensor {
  const known = (dims ?? []).map((d) => (typeof d === 'number' ? d : 1));
  const count = sizeOf(known);
  return tensor(
    'float32',
    known,
    Float32Array.from({ length: count }, (_, i) => i / count),
  );
}

/** Values that depend on numbers drawn at random. */
function randomValues({ graph, opsets }: Model): ReadonlySet<ValueId> {
  const draws = (node: Node): boolean =>
    findOp(node.domain, node.opType, opsets.get(node.domain) ?? 1)?.random === true ||
    [...node.attributes.values()].some((a) => a.kind === 'graph' && a.value.nodes.some(draws));
  const random = new Set<ValueId>();
  for (const node of graph.nodes) {
    if (!draws(node) && !node.inputs.some((id) => id !== undefined && random.has(id))) continue;
    for (const id of node.outputs) if (id !== undefined) random.add(id);
  }
  return random;
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

/** What differs, as a phrase; undefined when the tensors agree, or when they do but for their `drawn` elements. */
function differs(actual: Tensor | undefined, expected: Tensor, drawn = false): string | undefined {
  if (actual === undefined) return 'the output is missing';
  if (actual.dtype !== expected.dtype) return `type ${actual.dtype}, expected ${expected.dtype}`;
  if (!sameDims(actual.dims, expected.dims))
    return `shape ${formatDims(actual.dims)}, expected ${formatDims(expected.dims)}`;
  if (isContainer(expected.dtype)) return differentElement(actual, expected);
  if (drawn) return undefined;
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
