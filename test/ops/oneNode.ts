import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { bytesOf } from '../../src/base/bytes.ts';
import type { DType } from '../../src/base/dtype.ts';
import { DTYPES } from '../../src/base/dtypeCodes.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Model } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { readModel } from '../../src/onnx/read.ts';
import { type AttributeInit, model } from '../models/model.ts';
import { runGraph } from './runGraph.ts';

/** A model of one node, to be run here and by ONNX Runtime. */
export interface OneNode {
  readonly type: string;
  /** `com.microsoft` by default. */
  readonly domain?: string;
  /** Version of `domain` where that is another than com.microsoft; 3 by default. */
  readonly domainOpset?: number;
  /** Of ai.onnx; 17 by default. */
  readonly opset?: number;
  /** The node's inputs in order; undefined for one that is left out. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Which inputs are fed when the model runs; the others are initializers. By default the first. */
  readonly fed?: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeInit>>;
  /** How many outputs the node has; 1 by default. */
  readonly outputs?: number;
  /** Casts the outputs to a type that both can hand out: int4 and float8 lie in models only. */
  readonly castOutputs?: 'float32';
}

/** The node with its model read back from the bytes that ONNX Runtime reads too, so that both see one file. */
export interface BuiltNode {
  readonly node: OneNode;
  readonly bytes: Uint8Array;
  readonly model: Model;
}

export async function buildNode(node: OneNode): Promise<BuiltNode> {
  const builder = model({ opset: node.opset ?? 17, irVersion: (node.opset ?? 17) > 20 ? 10 : 8 });
  builder.opset('com.microsoft', 1);
  if (![undefined, '', 'com.microsoft'].includes(node.domain)) builder.opset(node.domain ?? '', node.domainOpset ?? 3);
  const names = node.inputs.map((t, i) => (t === undefined ? '' : `input_${i}`));
  const fed = fedInputs(node);
  node.inputs.forEach((t, i) => {
    if (t === undefined) return;
    if (fed.includes(i)) builder.input(`input_${i}`, t.dims, t.dtype);
    else builder.constant(`input_${i}`, t);
  });
  const outputs = Array.from({ length: node.outputs ?? 1 }, (_, i) => `output_${i}`);
  builder.node(node.type, {
    domain: node.domain ?? 'com.microsoft',
    inputs: names,
    outputs: node.castOutputs === undefined ? outputs : outputs.map((name) => `${name}_raw`),
    attributes: node.attributes ?? {},
  });
  if (node.castOutputs !== undefined) {
    const attributes = { to: DTYPES.indexOf(node.castOutputs) };
    for (const name of outputs) builder.node('Cast', { inputs: [`${name}_raw`], outputs: [name], attributes });
  }
  const bytes = await builder
    .output(...outputs)
    .build()
    .bytes();
  return { node, bytes, model: (await readModel(bytesOf(bytes), { file: node.type })).model };
}

/** The outputs that this engine computes with `kernels`. */
export function runHere({ node, model: read }: BuiltNode, kernels: KernelSet): Promise<readonly Tensor[]> {
  return runGraph(
    read,
    fedInputs(node).map((i) => node.inputs[i] as Tensor),
    kernels,
  );
}

/** The outputs of ONNX Runtime's CPU kernels, on one thread and without graph optimizations. */
export async function runInOnnxRuntime({ node, bytes }: BuiltNode): Promise<readonly Tensor[]> {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const feeds = Object.fromEntries(
    fedInputs(node).map((i) => {
      const t = node.inputs[i] as Tensor; // fed inputs are there
      return [`input_${i}`, new OrtTensor(t.dtype as 'float32', t.data as Float32Array, [...t.dims])];
    }),
  );
  try {
    const results = await session.run(feeds);
    return session.outputNames.map((name) => {
      const { type, dims, data } = results[name] as OrtTensor;
      return tensor(type as DType, dims, data as never); // both name types alike
    });
  } finally {
    await session.release();
  }
}

function fedInputs(node: OneNode): readonly number[] {
  return node.fed ?? [0];
}
