import { seededRandom } from '../../../src/base/random.ts';
import { type Tensor, tensor } from '../../../src/base/tensor.ts';
import { sourceOf } from '../../../src/graph/build.ts';
import type { Graph, ValueId } from '../../../src/graph/model.ts';
import { createJsKernels } from '../../../src/kernels/js/jsKernels.ts';
import { evaluateGraph } from '../../../src/ops/evaluateGraph.ts';
import { prepareGraph } from '../../../src/passes/prepareGraph.ts';
import type { BuiltModel } from '../../models/model.ts';

const kernels = createJsKernels();

/** Unit roundoff of float32. */
export const UNIT = 2 ** -24;

export function prepared({ model }: BuiltModel) {
  const inputDims = new Map(model.graph.inputs.map((id) => [id, (model.graph.values.get(id)?.dims ?? []).map(Number)]));
  return prepareGraph(model, { inputDims, file: 'test.onnx', kernels });
}

export function normal(dims: readonly number[], seed: number): Tensor<'float32'> {
  const random = seededRandom(seed);
  const length = dims.reduce((a, b) => a * b, 1);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length }, () => random.normal()),
  );
}

/** The values named, or the outputs, computed by the reference evaluator. */
export async function run(graph: Graph, x: Tensor, names?: readonly string[]): Promise<Float32Array[]> {
  const constants = new Map<ValueId, Tensor>();
  for (const { id, constant } of graph.values.values()) if (constant) constants.set(id, await constant.load());
  const fail = (_: unknown, message: string): never => {
    throw new Error(message);
  };
  const ids = names?.map((name) => [...graph.values.values()].find((v) => v.name === name)?.id as ValueId);
  const asked = ids === undefined ? graph : { ...graph, outputs: ids };
  const made = evaluateGraph(asked, [x], constants, { kernels, opsets: new Map([['', 17]]), fail });
  return made.map((t) => t.data as Float32Array);
}

/** The graph with the magnitudes of its constants: what it makes of |x| bounds every sum of magnitudes in it. */
export async function magnitudes(graph: Graph): Promise<Graph> {
  const values = new Map(graph.values);
  for (const value of graph.values.values()) {
    if (value.constant === undefined) continue;
    const t = await value.constant.load();
    if (t.dtype !== 'float32') continue;
    const positive = (t.data as Float32Array).map(Math.abs);
    values.set(value.id, { ...value, constant: sourceOf(tensor('float32', t.dims, positive)) });
  }
  return { ...graph, values };
}

/** Largest magnitude per channel of [1, C, H, W] data. */
export function peaksOf(x: Float32Array, channels: number): Float64Array {
  const inner = x.length / channels;
  const peaks = new Float64Array(channels);
  x.forEach((v, i) => {
    const c = Math.floor(i / inner);
    peaks[c] = Math.max(peaks[c] as number, Math.abs(v));
  });
  return peaks;
}
