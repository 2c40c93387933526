import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { prepareGraph } from '../../src/passes/prepareGraph.ts';
import { noise } from '../exec/randomGraph.ts';
import { valuesOf } from '../exec/reference.ts';
import { distance } from '../exec/tolerance.ts';
import { type BuiltModel, model } from '../models/model.ts';

const DIMS = [1, 4, 8, 8] as const;
const kernels = createJsKernels();

async function prepared(built: BuiltModel) {
  const inputDims = new Map([[built.ids.get('x')!, DIMS]]);
  const ready = await prepareGraph(built.model, { inputDims, file: 'm.onnx', kernels });
  return { ...ready, types: ready.graph.nodes.map((n) => n.opType) };
}

/** Runs the model and its prepared form on the same noise; the outputs in order. */
async function both(built: BuiltModel): Promise<[Tensor, Tensor]> {
  const { graph } = await prepared(built);
  const feeds = new Map([[built.ids.get('x')!, noise(1, DIMS)]]);
  const { opsets } = built.model;
  const before = await valuesOf(built.model.graph, feeds, opsets, kernels);
  const after = await valuesOf(graph, feeds, opsets, kernels);
  return [before.get(built.model.graph.outputs[0]!)!, after.get(graph.outputs[0]!)!];
}

describe('prepareGraph', () => {
  it('folds BatchNormalization into the convolution, which then stands for both', async () => {
    const built = model().input('x', DIMS).conv({ channels: 6, name: 'c', bias: false }).batchNorm('bn').relu().build();
    const { graph, types } = await prepared(built);
    expect(types).toEqual(['Conv', 'Relu']);
    const ids = new Map(built.model.graph.nodes.map((n) => [n.handle, n.id]));
    expect(graph.nodes[0]!.origin).toEqual([ids.get('c'), ids.get('bn')]);
    const { apart, largest } = distance(...(await both(built)));
    expect(apart / largest).toBeLessThan(8 * 2 ** -24 * Math.sqrt(4 * 3 * 3)); // sums of 36 products, rounded weights
  });

  it('leaves BatchNormalization where the value between has another reader or is an output', async () => {
    const net = () => model().input('x', DIMS).conv({ channels: 4, name: 'c' }).batchNorm('bn');
    expect((await prepared(net().add('c_out').build())).types).toContain('BatchNormalization');
    expect((await prepared(net().output('c_out', 'bn_out').build())).types).toContain('BatchNormalization');
  });

  it('computes shapes of known dims and what follows from constants', async () => {
    const net = model().input('x', DIMS).node('Shape', { name: 's' }).ints('first', [1], [0]);
    net.node('Gather', { name: 'g', inputs: ['s_out', 'first'] }).ints('rest', [1], [-1]);
    net.node('Concat', { name: 'k', inputs: ['g_out', 'rest'], attributes: { axis: 0 } });
    const built = net.node('Reshape', { inputs: ['x', 'k_out'] }).build();
    const { types, facts, graph } = await prepared(built);
    expect(types).toEqual(['Reshape']);
    expect(facts.get(graph.outputs[0]!)?.dims).toEqual([1, 256]);
    const [before, after] = await both(built);
    expect(after).toEqual(before);
  });

  it('drops Identity and Dropout, also before an output, whose name stays', async () => {
    const built = model().input('x', DIMS).node('Identity').node('Relu').node('Dropout', { name: 'd' }).build();
    const { graph, types } = await prepared(built);
    expect(types).toEqual(['Relu']);
    expect(graph.values.get(graph.outputs[0]!)?.name).toBe('d_out');
  });

  it('leaves codes of constants beside their DequantizeLinear', async () => {
    const built = model().input('x', DIMS).quantizeDequantize(0.1, 3).build();
    expect((await prepared(built)).types).toEqual(['QuantizeLinear', 'DequantizeLinear']);
  });

  it('leaves the model as it was', async () => {
    const built = model().input('x', DIMS).conv({ channels: 4 }).batchNorm().node('Identity').build();
    const before = built.model.graph.nodes.map((n) => [n.handle, [...n.inputs], [...n.outputs]]);
    await prepared(built);
    expect(built.model.graph.nodes.map((n) => [n.handle, [...n.inputs], [...n.outputs]])).toEqual(before);
  });
});
