import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { sourceOf } from '../../src/graph/build.ts';
import type { Graph, ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { evaluateGraph } from '../../src/ops/evaluateGraph.ts';
import { prepareGraph } from '../../src/passes/prepareGraph.ts';
import { type Equalized, equalizeLayers } from '../../src/quant/equalize.ts';
import { type BuiltModel, type ModelBuilder, model } from '../models/model.ts';

const kernels = createJsKernels();
const POINT = { kernel: 1, pad: 0 };

describe('cross-layer equalization of a pair', () => {
  test('gives both weights the geometric mean of their ranges, channel by channel', async () => {
    const { graph, pairs, triples } = await equalized(pair((m) => m).build());
    expect([pairs, triples]).toEqual([1, 0]);
    // r1 = [4, 1] and r2 = [1, 4], so s = [4 / 2, 1 / 2]
    expect(await floatsOf(graph, 'first_w')).toEqual([2, 2]);
    expect(await floatsOf(graph, 'first_b')).toEqual([4, -2]);
    expect(await floatsOf(graph, 'second_w')).toEqual([2, 2]);
    expect(await floatsOf(graph, 'second_b')).toEqual([3]);
  });

  test('goes through ReLU', async () => {
    expect(await equalized(pair((m) => m.relu()).build())).toMatchObject({ pairs: 1, triples: 0 });
  });

  test.each<[string, (m: ModelBuilder) => ModelBuilder]>([
    ['a Clip between them', (m) => m.elementwise('Clip', ['zero', 'six'])],
    ['a Sigmoid between them', (m) => m.elementwise('Sigmoid')],
    ['a second reader of what is between them', (m) => m.relu('between').output('between_out', 'second_out')],
    ['a sum of the value with itself', (m) => m.add(m.current)],
  ])('leaves the weights alone where there is %s', async (_, between) => {
    const { graph, pairs } = await equalized(pair(between).build());
    expect(pairs).toBe(0);
    expect(await floatsOf(graph, 'first_w')).toEqual([4, 1]);
  });

  test('is not done where the last convolution ends in a Clip: the reference refuses ReLU6', async () => {
    const built = pair((m) => m)
      .elementwise('Clip', ['zero', 'six'])
      .build();
    expect(await equalized(built)).toMatchObject({ pairs: 0 });
  });

  test('leaves a channel alone whose weights are all zero on one side', async () => {
    const { graph } = await equalized(pair((m) => m, [4, 0]).build());
    expect(await floatsOf(graph, 'first_w')).toEqual([2, 0]);
    expect(await floatsOf(graph, 'second_w')).toEqual([2, 4]);
  });

  test('does not change a weight that another node reads as well', async () => {
    const shared = pair((m) => m)
      .node('Conv', { inputs: ['x', 'first_w', 'first_b'], outputs: ['other'] })
      .output('second_out', 'other')
      .build();
    const { graph, pairs } = await equalized(shared);
    expect(pairs).toBe(1);
    const other = graph.nodes.find((n) => n.outputs.some((id) => id && graph.values.get(id)?.name === 'other'));
    expect([...(await constantOf(graph, other?.inputs[1])).data]).toEqual([4, 1]);
  });
});

describe('cross-layer equalization of longer chains', () => {
  test('a triple shares the cubic mean of three ranges, the depthwise weight in the middle', async () => {
    const built = model()
      .input('x', [1, 1, 2, 2])
      .conv({ name: 'first', channels: 2, ...POINT, weight: [8, 1], bias: [8, -1] })
      .conv({ name: 'middle', channels: 2, group: 2, ...POINT, weight: [8, 1], bias: [4, 2] })
      .conv({ name: 'last', channels: 1, ...POINT, weight: [1, 1], bias: [3] })
      .build();
    const { graph, pairs, triples } = await equalized(built);
    expect([pairs, triples]).toEqual([0, 1]);
    // Channel 0: r = [8, 8, 1], c = 4, s12 = 2, s23 = 4. Channel 1: all are 1.
    expect(await floatsOf(graph, 'first_w')).toEqual([4, 1]);
    expect(await floatsOf(graph, 'first_b')).toEqual([4, -1]);
    expect(await floatsOf(graph, 'middle_w')).toEqual([4, 1]);
    expect(await floatsOf(graph, 'middle_b')).toEqual([1, 2]);
    expect(await floatsOf(graph, 'last_w')).toEqual([4, 1]);
  });

  test('groups are balanced from last to first', async () => {
    const built = model()
      .input('x', [1, 1, 2, 2])
      .conv({ name: 'a', channels: 1, ...POINT, weight: [16], bias: false })
      .conv({ name: 'b', channels: 1, ...POINT, weight: [1], bias: false })
      .conv({ name: 'c', channels: 1, ...POINT, weight: [16], bias: false })
      .build();
    const { graph } = await equalized(built);
    // (b, c) first: both 4. Then (a, b): sqrt(16 * 4) = 8.
    const weights = await Promise.all(['a_w', 'b_w', 'c_w'].map((name) => floatsOf(graph, name)));
    expect(weights).toEqual([[8], [8], [4]]);
  });

  test('outputs stay those of the model within the rounding of float32', async () => {
    const channels = 8;
    const built = model({ seed: 7 })
      .input('x', [1, 3, 6, 6])
      .conv({ channels })
      .relu()
      .conv({ channels, group: channels })
      .relu()
      .conv({ channels: 5, kernel: 1 })
      .conv({ channels: 4, kernel: 1 })
      .build();
    const ready = await prepared(built);
    const result = await equalizeLayers(ready);
    expect(result).toMatchObject({ pairs: 1, triples: 1 });
    const random = seededRandom(3);
    const x = tensor(
      'float32',
      [1, 3, 6, 6],
      Float32Array.from({ length: 108 }, () => random.normal()),
    );
    const [was, is] = [await run(ready.graph, x), await run(result.graph, x)];
    const bound = await run(await magnitudes(ready.graph), { ...x, data: x.data.map(Math.abs) });
    // A layer of n products rounds n products, n sums and its weight once; both graphs do. ReLU does not amplify.
    const roundings = 2 * [27, 9, 8, 5].reduce((sum, n) => sum + 2 * n + 1, 0);
    was.forEach((v, i) => {
      expect(Math.abs(v - (is[i] as number))).toBeLessThanOrEqual(roundings * 2 ** -24 * 1.01 * (bound[i] as number));
    });
    expect([...is]).not.toEqual([...was]);
  });
});

/** x → first (ranges 4 and 1 by default) → what `between` adds → second (ranges 1 and 4). */
function pair(between: (m: ModelBuilder) => ModelBuilder, weight: readonly number[] = [4, 1]): ModelBuilder {
  const start = model()
    .floats('zero', [], [0])
    .floats('six', [], [6])
    .input('x', [1, 1, 2, 2])
    .conv({ name: 'first', channels: 2, ...POINT, weight, bias: [8, -1] });
  return between(start)
    .follow([1, 2, 2, 2])
    .conv({ name: 'second', channels: 1, ...POINT, weight: [1, 4], bias: [3] });
}

function prepared({ model: m }: BuiltModel) {
  const inputDims = new Map(m.graph.inputs.map((id) => [id, (m.graph.values.get(id)?.dims ?? []).map(Number)]));
  return prepareGraph(m, { inputDims, file: 'test.onnx', kernels });
}

async function equalized(built: BuiltModel): Promise<Equalized> {
  return equalizeLayers(await prepared(built));
}

async function constantOf(graph: Graph, id: number | undefined): Promise<Tensor<'float32'>> {
  const value = [...graph.values.values()].find((v) => v.id === id);
  return (await value?.constant?.load()) as Tensor<'float32'>;
}

/** The constant of this name that the chain itself reads: equalization makes new ones, the first node has them. */
async function floatsOf(graph: Graph, name: string): Promise<readonly number[]> {
  const reader = graph.nodes.find((n) => n.inputs.some((id) => id && graph.values.get(id)?.name === name));
  const id = reader?.inputs.find((i) => i && graph.values.get(i)?.name === name);
  return [...(await constantOf(graph, id)).data];
}

/** The graph with the magnitudes of its constants: its outputs bound every sum of magnitudes inside the model. */
async function magnitudes(graph: Graph): Promise<Graph> {
  const values = new Map(graph.values);
  for (const value of graph.values.values()) {
    if (value.constant === undefined) continue;
    const t = (await value.constant.load()) as Tensor<'float32'>;
    values.set(value.id, { ...value, constant: sourceOf(tensor('float32', t.dims, t.data.map(Math.abs))) });
  }
  return { ...graph, values };
}

async function run(graph: Graph, x: Tensor): Promise<Float32Array> {
  const constants = new Map<ValueId, Tensor>();
  for (const { id, constant } of graph.values.values()) if (constant) constants.set(id, await constant.load());
  const fail = (_: unknown, message: string): never => {
    throw new Error(message);
  };
  const [out] = evaluateGraph(graph, [x], constants, { kernels, opsets: new Map([['', 17]]), fail });
  return (out as Tensor<'float32'>).data;
}
