import { describe, expect, it } from 'vitest';
import type { Attribute } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { prepareGraph } from '../../src/passes/prepareGraph.ts';
import { noise } from '../exec/randomGraph.ts';
import { valuesOf } from '../exec/reference.ts';
import { type BuiltModel, model } from '../models/model.ts';

const kernels = createJsKernels();
const IMAGE = [1, 3, 6, 6] as const;

/** Types of the prepared nodes; the outputs of both graphs on one input must be equal bit for bit. */
async function unfused(built: BuiltModel, dims: readonly number[]): Promise<string[]> {
  const x = built.ids.get('x')!;
  const { graph } = await prepareGraph(built.model, { inputDims: new Map([[x, dims]]), file: 'm.onnx', kernels });
  const feeds = new Map([[x, noise(1, dims)]]);
  const { opsets } = built.model;
  const before = await valuesOf(built.model.graph, feeds, opsets, kernels);
  const after = await valuesOf(graph, feeds, opsets, kernels);
  expect(after.get(graph.outputs[0]!)).toEqual(before.get(built.model.graph.outputs[0]!));
  expect(graph.nodes.every((n) => n.origin.length === 1)).toBe(true);
  return graph.nodes.map((n) => n.opType);
}

function fusedConv(opset: number, attributes: Readonly<Record<string, string | Attribute>>, inputs: readonly string[]) {
  return model({ opset })
    .opset('com.microsoft', 1)
    .input('x', IMAGE)
    .floats('w', [3, 3, 1, 1])
    .floats('b', [3])
    .floats('z', IMAGE)
    .node('FusedConv', { domain: 'com.microsoft', inputs, attributes })
    .build();
}

describe('unfuse', () => {
  const CASES = [
    { activation: 'Relu', parameters: [] },
    { activation: 'Tanh', parameters: [] },
    { activation: 'Sigmoid', parameters: [] },
    { activation: 'LeakyRelu', parameters: [0.25] },
    { activation: 'HardSigmoid', parameters: [0.125, 0.5] },
    { activation: 'Clip', parameters: [-0.25, 0.5] },
  ];

  it.each(CASES)('makes Conv and $activation of FusedConv', async ({ activation, parameters }) => {
    const attributes = { activation, activation_params: { kind: 'floats', value: parameters } as const };
    for (const opset of [8, 17]) {
      expect(await unfused(fusedConv(opset, attributes, ['x', 'w', 'b']), IMAGE)).toEqual(['Conv', activation]);
    }
  });

  it('makes Conv and Add of a tensor that is added', async () => {
    expect(await unfused(fusedConv(17, {}, ['x', 'w', 'b', 'z']), IMAGE)).toEqual(['Conv', 'Add']);
    const relu = fusedConv(17, { activation: 'Relu' }, ['x', 'w', '', 'z']);
    expect(await unfused(relu, IMAGE)).toEqual(['Conv', 'Add', 'Relu']);
  });

  it('makes Gemm and its activation of FusedGemm', async () => {
    const attributes = { activation: 'LeakyRelu', activation_alpha: 0.25, transB: 1 };
    const built = model()
      .opset('com.microsoft', 1)
      .input('x', [2, 5])
      .floats('w', [4, 5])
      .floats('b', [4])
      .node('FusedGemm', { domain: 'com.microsoft', inputs: ['x', 'w', 'b'], attributes })
      .build();
    expect(await unfused(built, [2, 5])).toEqual(['Gemm', 'LeakyRelu']);
  });

  it('leaves a node whose activation has another name', async () => {
    const built = fusedConv(17, { activation: 'Softplus' }, ['x', 'w', 'b']);
    expect(await unfused(built, IMAGE)).toEqual(['FusedConv']);
  });
});
