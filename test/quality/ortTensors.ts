import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { bytesOf } from '../../src/base/bytes.ts';
import { codeOf, valuesOfCodes } from '../../src/base/floatBits.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Graph, Model, ValueId } from '../../src/graph/model.ts';
import { readModel } from '../../src/onnx/read.ts';
import { modelBytes } from '../../src/onnx/write.ts';

export type Level = 'disabled' | 'all';

/** Tensors of one run by value. */
export type Values = ReadonlyMap<ValueId, Tensor>;

export interface ProbeOptions {
  /** Folder for files of the probe. */
  readonly folder: string;
  readonly level: Level;
  /** Values that become graph outputs beside the graph's own. */
  readonly wanted: Iterable<ValueId>;
}

export interface OrtRun {
  /** The wanted values, the graph's outputs and the feeds. */
  readonly values: Values;
  /** The operator that made a value, after ONNX Runtime's own fusions. */
  readonly makers: ReadonlyMap<ValueId, string>;
}

/** Runs ONNX Runtime on `model` with the wanted values as graph outputs, on one thread. */
export async function runOrt(model: Model, feeds: Values, { folder, level, wanted }: ProbeOptions): Promise<OrtRun> {
  const { graph } = model;
  const outputs = new Set([...graph.outputs, ...wanted]);
  for (const id of feeds.keys()) if (!graph.outputs.includes(id)) outputs.delete(id);
  const path = join(folder, `probe.${level}.onnx`);
  writeFileSync(path, await modelBytes({ ...model, graph: { ...graph, outputs: [...outputs] } }, 'probe'));
  const optimizedPath = join(folder, `optimized.${level}.onnx`);
  const session = await openOrt(path, level, optimizedPath);
  const named = Object.fromEntries([...feeds].map(([id, t]) => [valueName(graph, id), toOrt(t)]));
  const results = await session.run(named);
  await session.release();
  const makerOf = await makersByName(optimizedPath);
  const values = new Map<ValueId, Tensor>(feeds);
  const makers = new Map<ValueId, string>();
  for (const id of outputs) {
    const name = valueName(graph, id);
    const result = results[name];
    if (result instanceof OrtTensor) values.set(id, fromOrt(result));
    makers.set(id, makerOf.get(name) ?? '');
  }
  return { values, makers };
}

/** Saves what ONNX Runtime makes of a model at `level`: there QDQ groups and dynamic chains are single operators. */
export async function saveOptimized(path: string, level: 'extended' | 'all', target: string): Promise<void> {
  await (await openOrt(path, level, target)).release();
}

function openOrt(path: string, level: Level | 'extended', optimizedModelFilePath: string): Promise<InferenceSession> {
  return InferenceSession.create(path, {
    graphOptimizationLevel: level,
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    optimizedModelFilePath,
  });
}

/** By name of a value, the operator that computed it; a Transpose, which a change of layout adds, is looked through. */
async function makersByName(path: string): Promise<ReadonlyMap<string, string>> {
  const { graph } = (await readModel(bytesOf(readFileSync(path)), { file: path })).model;
  const makers = new Map<string, string>();
  for (const { opType, inputs, outputs } of graph.nodes) {
    const moved =
      opType === 'Transpose' && inputs[0] !== undefined ? makers.get(valueName(graph, inputs[0])) : undefined;
    for (const id of outputs) if (id !== undefined) makers.set(valueName(graph, id), moved ?? opType);
  }
  return makers;
}

export function valueName(graph: Graph, id: ValueId): string {
  return graph.values.get(id)?.name ?? '';
}

function toOrt({ dtype, dims, data }: Tensor): OrtTensor {
  if (dtype !== 'float16') return new OrtTensor(dtype as 'float32', data as Float32Array, dims); // the same names
  const bits = Uint16Array.from(data as Float32Array, (x) => codeOf('float16', x));
  return new OrtTensor('float16', bits, dims);
}

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  if (type !== 'float16') return tensor(type as 'float32', dims, data as Float32Array); // the same names
  const values = valuesOfCodes('float16');
  const { buffer, byteOffset, length } = data as Uint16Array;
  const floats = Float32Array.from(new Uint16Array(buffer, byteOffset, length), (c) => values[c] as number);
  return tensor('float16', dims, floats);
}
