import { beforeAll, describe, expect, it } from 'vitest';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type ModelBuilder, model, type NodeInit } from '../models/model.ts';

/** A model whose `kept` is what Compress leaves of x along an axis: of a length that planning does not know. */
function compressed(dims: readonly number[], axis: number): ModelBuilder {
  return model()
    .input('x', dims)
    .input('mask', [dims[axis] ?? 0], 'bool')
    .node('Compress', { inputs: ['x', 'mask'], outputs: ['kept'], attributes: { axis } });
}

async function run(built: ReturnType<ModelBuilder['build']>, mask: readonly number[], kernels: KernelSet) {
  const { graph, opsets } = built.model;
  const feeds = new Map<ValueId, Tensor>();
  for (const id of graph.inputs) {
    const { dims, dtype } = graph.values.get(id) ?? {};
    const shape = dims as readonly number[]; // inputs here have static shapes
    const length = shape.reduce((a, b) => a * b, 1);
    const values = dtype === 'bool' ? Uint8Array.from(mask) : Float32Array.from({ length }, (_, i) => i);
    feeds.set(id, tensor(dtype as 'float32', shape, values as Float32Array)); // bool or float32, and so are values
  }
  const inputDims = new Map([...feeds].map(([id, t]) => [id, t.dims]));
  const program = await compile(graph, { kernels, opsets, file: 'judged', inputDims, requantizer: 'fp32' });
  try {
    return [...program.start(feeds, { poison: true }).finish().values()];
  } finally {
    program.release();
  }
}

const THREE_OF_SIX = [1, 0, 1, 1, 0, 0];
const NONE_OF_SIX = [0, 0, 0, 0, 0, 0];

/** What a node does with three rows, columns or channels where the model's weights want another number. */
const CASES: readonly {
  readonly type: string;
  readonly x: readonly number[];
  readonly axis: number;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly attributes?: NodeInit['attributes'];
  readonly says: string;
}[] = [
  {
    type: 'MatMul',
    x: [4, 6],
    axis: 1,
    weights: { w: [5, 3] },
    says: 'inner dims of [4, 3] and [5, 3]: 3 and 5 differ',
  },
  { type: 'Gemm', x: [4, 6], axis: 1, weights: { w: [5, 3] }, says: '3 and 5 differ' },
  {
    type: 'Conv',
    x: [1, 6, 6, 6],
    axis: 1,
    weights: { w: [2, 4, 3, 3] },
    says: 'channels of x [1, 3, 6, 6] and w [2, 4, 3, 3] times group 1: 3 and 4 differ',
  },
  {
    type: 'Conv',
    x: [1, 4, 6, 6],
    axis: 2,
    weights: { w: [2, 4, 5, 3] },
    says: 'a window of 5 does not fit a dimension of 3 with its pads (inputs [1, 4, 3, 6], [2, 4, 5, 3])',
  },
  {
    type: 'MaxPool',
    x: [1, 4, 6, 6],
    axis: 2,
    weights: {},
    attributes: { kernel_shape: [5, 5] },
    says: 'a window of 5 does not fit a dimension of 3',
  },
  {
    type: 'InstanceNormalization',
    x: [1, 6, 6, 6],
    axis: 1,
    weights: { s: [4], b: [4] },
    says: 'channels and length of scale: 3 and 4 differ',
  },
  { type: 'PRelu', x: [6], axis: 0, weights: { s: [4] }, says: 'shapes [3] and [4] do not broadcast' },
  {
    type: 'Concat',
    x: [6, 4],
    axis: 0,
    weights: { w: [4, 4] },
    attributes: { axis: 1 },
    says: 'dimension 0 of [3, 4] and [4, 4]: 3 and 4 differ',
  },
  {
    type: 'DepthToSpace',
    x: [1, 6, 6, 6],
    axis: 1,
    weights: {},
    attributes: { blocksize: 2 },
    says: '3 of [1, 3, 6, 6] does not divide by 4',
  },
];

describe.each(['js', 'wasm'] as const)('shapes that only a run shows, on %s', (engine) => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = engine === 'js' ? createJsKernels() : await wasmKernels();
  });

  it.each(CASES)('$type says that $says', async ({ type, x, axis, weights, attributes = {}, says }) => {
    const m = compressed(x, axis);
    for (const [name, dims] of Object.entries(weights)) m.floats(name, dims);
    const built = m.node(type, { name: 'node', inputs: ['kept', ...Object.keys(weights)], attributes }).build();
    await expect(run(built, THREE_OF_SIX, kernels)).rejects.toThrow(says);
    await expect(run(built, THREE_OF_SIX, kernels)).rejects.toThrow(`EXE304 judged, node node (${type})`);
  });

  it.each([
    ['Reshape', [2, -1], '[3] does not reshape to [2, -1]: no whole number fits -1'],
    ['Expand', [5], '[3] does not expand to [5]'],
    ['Pad', [-3, -2], 'pads [-3, -2] cut more than [3] has'],
    ['Split', [2, 2], 'split [2, 2] adds up to 4, but dimension 0 is 3'],
  ])('%s to %j says what is wrong with it', async (type, elements, says) => {
    const outputs = type === 'Split' ? ['a', 'b'] : ['a'];
    const built = compressed([6], 0)
      .ints('to', [elements.length], elements)
      .node(type, { inputs: ['kept', 'to'], outputs })
      .output(...outputs)
      .build();
    await expect(run(built, THREE_OF_SIX, kernels)).rejects.toThrow(says);
  });

  it.each(['ConstantOfShape', 'Expand', 'Tile', 'OneHot'])('%s refuses a size below 0', async (type) => {
    const m = model().input('size', [1], 'int64').floats('y', [1]).floats('values', [2]).ints('indices', [1], [0]);
    const inputs = { ConstantOfShape: ['size'], OneHot: ['indices', 'size', 'values'] }[type] ?? ['y', 'size'];
    const { graph, opsets } = m.node(type, { name: 'node', inputs }).build().model;
    const feeds = new Map(graph.inputs.map((id) => [id, int64Tensor([1], [-5])]));
    const inputDims = new Map(graph.inputs.map((id) => [id, [1]]));
    const program = await compile(graph, { kernels, opsets, file: 'judged', inputDims, requantizer: 'fp32' });
    expect(() => program.start(feeds).finish()).toThrow(/would have shape \[.*-5\], expected lengths of at least 0/);
    program.release();
  });

  it('a convolution runs on whatever fits, in either layout', async () => {
    const built = compressed([1, 4, 6, 6], 2)
      .floats('w', [2, 4, 2, 3])
      .node('Conv', { inputs: ['kept', 'w'] })
      .node('Relu')
      .build();
    const [three] = await run(built, THREE_OF_SIX, kernels);
    expect(three?.dims).toEqual([1, 2, 2, 4]);
    const [two] = await run(built, [0, 1, 0, 0, 0, 1], kernels);
    expect(two?.dims).toEqual([1, 2, 1, 4]);
    await expect(run(built, NONE_OF_SIX, kernels)).rejects.toThrow('a window of 2 does not fit a dimension of 0');
  });
});
