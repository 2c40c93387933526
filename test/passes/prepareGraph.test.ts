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

  it('leaves other constant factors and addends, which have parameters of their own', async () => {
    const net = model()
      .input('x', DIMS)
      .floats('k', [6, 1, 1])
      .conv({ channels: 6 })
      .batchNorm()
      .elementwise('Mul', ['k']);
    expect((await prepared(net.elementwise('Add', ['k']).build())).types).toEqual(['Conv', 'Mul', 'Add']);
    const lone = model().input('x', DIMS).flatten().floats('b', [5]).matMul({ units: 5 }).elementwise('Add', ['b']);
    expect((await prepared(lone.build())).types).toEqual(['Flatten', 'MatMul', 'Add']);
  });

  it('folds into Gemm, and into MatMul of matrices, which keeps one Add', async () => {
    const flat = () => model().input('x', DIMS).flatten();
    const gemm = flat().gemm({ units: 5 }).batchNorm().build();
    const matMul = flat().floats('b', [5]).matMul({ units: 5 }).elementwise('Add', ['b']).batchNorm().build();
    expect((await prepared(gemm)).types).toEqual(['Flatten', 'Gemm']);
    expect((await prepared(matMul)).types).toEqual(['Flatten', 'MatMul', 'Add']);
    for (const built of [gemm, matMul]) {
      const { apart, largest } = distance(...(await both(built)));
      expect(apart / largest).toBeLessThan(8 * 2 ** -24 * Math.sqrt(256)); // sums of 256 products, rounded weights
    }
  });

  it('drops a Cast to the type that is there, and no other', async () => {
    const cast = (to: number) => ({ attributes: { to } });
    const net = model()
      .input('x', DIMS)
      .node('Relu')
      .node('Cast', cast(1))
      .node('Cast', cast(11))
      .node('Cast', cast(1));
    const { graph, types } = await prepared(net.node('Relu').build());
    expect(types).toEqual(['Relu', 'Cast', 'Cast', 'Relu']);
    expect(graph.nodes.filter((n) => n.opType === 'Cast').map((n) => n.attributes.get('to'))).toMatchObject([
      { value: 11 },
      { value: 1 },
    ]);
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
