import { writeFileSync } from 'node:fs';
import type { RequantizerFlavour } from '../../src/base/fixedPoint.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Program, Step } from '../../src/exec/program.ts';
import type { Graph, Model, Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { modelBytes } from '../../src/onnx/write.ts';
import { readAttributes } from '../../src/ops/attributes.ts';
import { findOp } from '../../src/ops/registry.ts';
import { openModel } from '../../src/session/model.ts';
import { compileGraph, prepare } from '../../src/session/prepared.ts';

/** A QDQ model compiled, and the same model with every QuantizeLinear's input and output as graph outputs. */
export interface Probe {
  readonly model: Model;
  readonly program: Program;
  /** File for ONNX Runtime. */
  readonly path: string;
}

export async function probeOf(
  path: string,
  kernels: KernelSet,
  requantizer: RequantizerFlavour = 'fp32',
): Promise<Probe> {
  const open = await openModel(nodeFiles, path);
  const { graph } = open.model;
  const outputs = new Set(graph.outputs);
  for (const node of quantizersOf(graph))
    for (const id of [node.inputs[0], node.outputs[0]]) if (id !== undefined) outputs.add(id);
  for (const id of graph.inputs) outputs.delete(id);
  const probe = `${path}.probe.onnx`;
  const probed = { ...open.model, graph: { ...graph, outputs: [...outputs] } };
  writeFileSync(probe, await modelBytes(probed, 'probe'));
  const prepared = await prepare(open, kernels, new Map());
  const program = await compileGraph({ open, prepared, kernels, requantizer }, prepared.graph);
  return { model: open.model, program, path: probe };
}

export function nameOf(graph: Graph, id: ValueId | undefined): string {
  return (id === undefined ? undefined : graph.values.get(id)?.name) ?? '';
}

export function quantizersOf(graph: Graph): readonly Node[] {
  return graph.nodes.filter((n) => n.opType === 'QuantizeLinear');
}

/** An 8-bit tensor. */
export function codeTensor(dims: readonly number[], data: Int8Array | Uint8Array): Tensor {
  return data instanceof Int8Array ? tensor('int8', dims, data) : tensor('uint8', dims, data);
}

/** Unit roundoff of float32. */
const U = 2 ** -24;
/** As in {@link toleranceOf}: rounding errors of K terms grow with sqrt(K); room for sums that cancel. */
const LAMBDA = 4;
/** Roundings of an element-wise operator and of our own requantizer: accumulator, multiplier, product. */
const ROUNDINGS = 8;
/** Codes are at most so many steps from their zero point. */
const MOST_STEPS = 255;

export interface TieOptions {
  readonly program: Program;
  readonly model: Model;
  readonly step: Step;
  /** The codes that steps read, by value. */
  readonly codes: ReadonlyMap<ValueId, Tensor>;
  /** Elements of the largest input per element of the output: terms of a pooling. */
  readonly elementsPerOutput: number;
}

/**
 * How near to a rounding tie, in steps of the output, a float execution of this step may decide otherwise than exact
 * integers: LAMBDA sqrt(K) u M / s, M the largest possible sum of magnitudes of an output element (per channel, from the
 * weights and the largest input code), or the largest magnitude among inputs and output where nothing is summed.
 */
export async function tieBound({ program, model, step, codes, elementsPerOutput }: TieOptions): Promise<number> {
  const { graph } = program;
  const def = findOp(step.node.domain, step.node.opType, model.opsets.get(step.node.domain) ?? 1);
  const [output] = step.outputs;
  const scale = program.slots.get(output as ValueId)?.quant?.scale[0] ?? Number.NaN;
  const own = ROUNDINGS * U * MOST_STEPS;
  const fail = (message: string): never => {
    throw new Error(message);
  };
  const rule = def?.quant(readAttributes(def.attributes, step.node.attributes, fail));
  if (rule?.kind === 'weighted') {
    const input = await dequantizer(graph, step.node.inputs[rule.activation]);
    const weight = await dequantizer(graph, step.node.inputs[rule.weight]);
    if (weight.codes === undefined) throw new Error(`${step.node.handle}: its weight is no constant`);
    const largest = largestOf(input, codes.get(input.value)?.data as Int8Array);
    const { sum, products } = channelSums(weight.codes, rule.channelAxis, weight.scale);
    const magnitude = largest * Math.max(...sum);
    return (LAMBDA * Math.sqrt(products) * U * magnitude) / scale + own;
  }
  let magnitude = MOST_STEPS * scale;
  for (const id of step.node.inputs) {
    const input = await dequantizer(graph, id);
    const data = input.codes?.data ?? codes.get(input.value)?.data;
    if (data !== undefined) magnitude = Math.max(magnitude, largestOf(input, data as Int8Array));
  }
  return (LAMBDA * (Math.sqrt(elementsPerOutput) + ROUNDINGS) * U * magnitude) / scale + own;
}

interface Dequantized {
  /** The codes that were dequantized. */
  readonly value: ValueId;
  readonly scale: ArrayLike<number>;
  readonly zero: number;
  /** Set for constants. */
  readonly codes: Tensor | undefined;
}

/** The DequantizeLinear that makes a value, wherever one does. */
async function dequantizer(graph: Graph, id: ValueId | undefined): Promise<Dequantized> {
  const node = graph.nodes.find((n) => n.opType === 'DequantizeLinear' && id !== undefined && n.outputs.includes(id));
  const [value, scale, zero] = node?.inputs ?? [];
  const load = async (v: ValueId | undefined): Promise<Tensor | undefined> =>
    v === undefined ? undefined : graph.values.get(v)?.constant?.load();
  return {
    value: (value ?? id ?? -1) as ValueId,
    scale: ((await load(scale))?.data as Float32Array | undefined) ?? [0],
    zero: Number((await load(zero))?.data[0] ?? 0),
    codes: await load(value),
  };
}

function largestOf({ scale, zero }: Dequantized, data: ArrayLike<number> | undefined): number {
  let most = 0;
  for (let i = 0; i < (data?.length ?? 0); i++) most = Math.max(most, Math.abs(Number(data?.[i]) - zero));
  return most * Math.max(...Array.from(scale));
}

/** Sum of the weight's magnitudes per output channel, and products per output element. */
function channelSums(
  { dims, data }: Tensor,
  axis: number,
  scale: ArrayLike<number>,
): { readonly sum: readonly number[]; readonly products: number } {
  const at = axis < 0 ? axis + dims.length : axis;
  const channels = dims[at] ?? 1;
  const inner = dims.slice(at + 1).reduce((a, b) => a * b, 1);
  const sum = new Array<number>(channels).fill(0);
  for (let i = 0; i < data.length; i++) {
    const c = Math.floor(i / inner) % channels;
    sum[c] = (sum[c] ?? 0) + Math.abs(Number(data[i])) * (scale[scale.length > 1 ? c : 0] ?? Number.NaN);
  }
  return { sum, products: data.length / channels };
}
