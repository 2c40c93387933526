import type { Tensor } from '../../src/base/tensor.ts';
import type { Graph, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { inferFacts } from '../../src/passes/inferFacts.ts';
import { insertQdq, type QdqGraph } from '../../src/passes/insertQdq.ts';
import { planQuantization } from '../../src/quant/planQuantization.ts';
import { newQuantizeCache, quantizeGraph } from '../../src/quant/quantize.ts';
import { onnxruntimeTarget } from '../../src/quant/targets.ts';
import type { BuiltModel } from '../models/model.ts';
import { valuesOf } from './reference.ts';

export interface QuantizedForm extends QdqGraph {
  /** All float values of the graph that was quantized, for the same feeds. */
  readonly floats: ReadonlyMap<ValueId, Tensor>;
}

/** The QDQ form of a model, calibrated on one feed. */
export async function quantizedForm(
  { model }: BuiltModel,
  feeds: ReadonlyMap<ValueId, Tensor>,
  kernels: KernelSet,
  activationType: 'int8' | 'uint8',
): Promise<QuantizedForm> {
  const { graph, opsets } = model;
  const inputDims = new Map([...feeds].map(([id, t]) => [id, t.dims] as const));
  const constants = await constantsOf(graph);
  const { facts } = inferFacts(graph, { opsets, file: 'random', inputDims, constants });
  const plan = planQuantization(graph, {
    target: onnxruntimeTarget,
    general: { perChannel: true, activationType, activationSymmetry: 'asymmetric', weightSymmetry: 'symmetric' },
    overrides: new Map(),
    skip: new Set(),
    opsets,
    facts,
  });
  const floats = await valuesOf(graph, feeds, opsets, kernels);
  const ranges = new Map(
    [...plan.activations.keys()].map((id) => {
      const data = floats.get(id)!.data as Float32Array;
      return [id, { lo: Math.min(0, ...data), hi: Math.max(0, ...data) }] as const;
    }),
  );
  const { assignment } = quantizeGraph(graph, plan, {
    file: 'random',
    ranges,
    calibrationSamples: 1,
    constants,
    corrections: new Map(),
    cache: newQuantizeCache(),
  });
  const { nextNodeId, nextValueId } = model;
  return { ...insertQdq(graph, assignment, { nextNodeId, nextValueId, sources: new WeakMap() }), floats };
}

async function constantsOf(graph: Graph): Promise<Map<ValueId, Tensor>> {
  const constants = new Map<ValueId, Tensor>();
  for (const { id, constant } of graph.values.values()) {
    if (constant !== undefined) constants.set(id, await constant.load());
  }
  return constants;
}
