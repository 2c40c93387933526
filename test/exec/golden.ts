import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { bytesOf } from '../../src/base/bytes.ts';
import { type NumericDType, viewArray } from '../../src/base/dtype.ts';
import { valuesOfCodes } from '../../src/base/floatBits.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { CompileOptions, Program } from '../../src/exec/program.ts';
import type { Model, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { readModel } from '../../src/onnx/read.ts';
import { prepareGraph } from '../../src/passes/prepareGraph.ts';
import { sharedData } from '../helpers/sharedData.ts';

export interface GoldenTensor {
  readonly name: string;
  readonly dtype: NumericDType;
  readonly dims: readonly number[];
  readonly file?: string;
  readonly file_opt_all?: string;
  readonly maxdiff_opt_all?: number;
  readonly stats?: { readonly min: number; readonly max: number; readonly mean: number };
}

export interface Golden {
  readonly folder: string;
  readonly model: string;
  readonly inputs: readonly GoldenTensor[];
  readonly outputs: readonly GoldenTensor[];
}

/** What ONNX Runtime made of a model, by the name of its folder. */
export function golden(id: string): Golden {
  const folder = sharedData(`golden/${id}`);
  return { folder, ...JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) };
}

/** A stored tensor; `file` may name another file than the tensor's own. */
export function goldenTensor({ folder }: Golden, t: GoldenTensor, file = t.file): Tensor | undefined {
  if (file === undefined) return undefined;
  const stored = readFileSync(join(folder, file));
  const bytes = Uint8Array.from(file.endsWith('.gz') ? gunzipSync(stored) : stored);
  if (t.dtype !== 'float16') return tensor(t.dtype, t.dims, viewArray(t.dtype, bytes.buffer, 0, sizeOf(t.dims)));
  const values = valuesOfCodes('float16');
  const codes = new Uint16Array(bytes.buffer);
  return tensor(
    'float16',
    t.dims,
    Float32Array.from(codes, (c) => values[c] as number),
  );
}

export interface Ready {
  readonly model: Model;
  readonly program: Program;
  readonly feeds: ReadonlyMap<ValueId, Tensor>;
}

/** Reads, prepares and compiles a golden's model for its inputs' shapes. */
export async function compileGolden(
  g: Golden,
  kernels: KernelSet,
  options: Partial<CompileOptions> = {},
): Promise<Ready> {
  const { model } = await readModel(bytesOf(new Uint8Array(readFileSync(sharedData(g.model)))), { file: g.model });
  const tensors = new Map(g.inputs.map((t) => [t.name, goldenTensor(g, t)]));
  const feeds = feedsByName(model, tensors);
  return { model, program: await compileModel(model, feeds, kernels, options), feeds };
}

/** Feeds by value, for tensors by the name of their graph input. */
export function feedsByName(model: Model, tensors: ReadonlyMap<string, Tensor | undefined>): Map<ValueId, Tensor> {
  const feeds = new Map<ValueId, Tensor>();
  for (const id of model.graph.inputs) {
    const data = tensors.get(model.graph.values.get(id)?.name ?? '');
    if (data !== undefined) feeds.set(id, data);
  }
  return feeds;
}

/** Prepares and compiles a model for the shapes of `feeds`. */
export async function compileModel(
  model: Model,
  feeds: ReadonlyMap<ValueId, Tensor>,
  kernels: KernelSet,
  options: Partial<CompileOptions> = {},
): Promise<Program> {
  const file = options.file ?? 'test';
  const inputDims = new Map([...feeds].map(([id, t]) => [id, t.dims] as const));
  const { graph } = await prepareGraph(model, { inputDims, file, kernels });
  return compile(graph, { kernels, opsets: model.opsets, file, inputDims, requantizer: 'fp32', ...options });
}
