import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { type BuiltModel, type ModelBuilder, model } from '../models/model.ts';
import { valuesOf } from './reference.ts';

/** Sizes around a vector and around the block of elements that stays in the cache; ranks 0 to 5; none, one, an image. */
const SHAPES: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [3],
  [4, 1],
  [2, 5, 7, 3],
  [1, 2, 1, 2, 2],
  [2047],
  [2048],
  [2049],
  [1, 3, 40, 41],
];

/** What exporters write, from the current value on; numbers are of rank 0. */
const WAYS: Readonly<Record<string, (net: ModelBuilder, x: string) => unknown>> = {
  'x * Sigmoid(x)': (net, x) => net.elementwise('Sigmoid').elementwise('Mul', [x]),
  'Sigmoid(x) on the right': (net, x) => {
    net.elementwise('Sigmoid');
    const gate = net.current;
    net.at(x).elementwise('Mul', [gate]);
  },
  'x * HardSigmoid(x)': (net, x) => net.elementwise('HardSigmoid').elementwise('Mul', [x]),
  'x * Clip(x + 3, 0, 6) / 6': (net, x) =>
    net.elementwise('Add', ['3']).elementwise('Clip', ['0', '6']).elementwise('Mul', [x]).elementwise('Div', ['6']),
  'x * (Clip(3 + x, 0, 6) * (1 / 6))': (net, x) => {
    net.at('3').elementwise('Add', [x]).elementwise('Clip', ['0', '6']).elementwise('Mul', ['sixth']);
    net.elementwise('Mul', [x]);
  },
  'that by a factor and a term': (net, x) => {
    net.elementwise('Add', ['3']).elementwise('Clip', ['0', '6']).elementwise('Mul', [x]).elementwise('Div', ['6']);
    net.elementwise('Mul', ['root2']).elementwise('Add', ['sixth']);
  },
  'a gate by another number than its bound': (net, x) =>
    net.elementwise('Add', ['3']).elementwise('Clip', ['0', '6']).elementwise('Mul', [x]).elementwise('Div', ['3']),
  'Clip(x + 3, 0, 6) / 6': (net) =>
    net.elementwise('Add', ['3']).elementwise('Clip', ['0', '6']).elementwise('Div', ['6']),
  'gelu by Erf': (net, x) =>
    net
      .elementwise('Div', ['root2'])
      .elementwise('Erf')
      .elementwise('Add', ['1'])
      .elementwise('Mul', [x])
      .elementwise('Mul', ['half']),
  '6 - 3 / (x - 1), left and right': (net) => {
    net.elementwise('Sub', ['1']);
    const divisor = net.current;
    net.at('3').elementwise('Div', [divisor]);
    const quotient = net.current;
    net.at('6').elementwise('Sub', [quotient]);
  },
  'Relu, Exp, Log, Neg, Abs, Sqrt': (net) =>
    ['Relu', 'Exp', 'Log', 'Neg', 'Abs', 'Sqrt'].map((type) => net.elementwise(type)),
};

/** x with the numbers that the ways use. */
function start(dims: readonly number[]): ModelBuilder {
  const net = model().input('x', dims);
  for (const number of [0, 1, 3, 6]) net.floats(`${number}`, [], [number]);
  return net
    .floats('sixth', [], [1 / 6])
    .floats('half', [], [0.5])
    .floats('root2', [], [Math.SQRT2])
    .at('x');
}

const SPECIALS = [0, -0, NaN, Infinity, -Infinity, 1, -3, 3, 1e-40, -1e30, 3e38, -89];

describe.each(ENGINES)('a chain of element-wise float steps, on $name', ({ create }) => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await create();
  });

  /** Checks all outputs against node by node, to the last bit; the nodes of each step. */
  async function groupsOf(built: BuiltModel, dims: readonly number[], keep: readonly string[] = []) {
    const { graph, opsets } = built.model;
    const random = seededRandom(7);
    const x = tensor(
      'float32',
      dims,
      Float32Array.from({ length: sizeOf(dims) }, (_, i) => SPECIALS[i - 1] ?? 4 * random.normal()),
    );
    const kept = new Set(keep.map((name) => built.ids.get(name)!));
    expect(kept.has(undefined!)).toBe(false);
    const [input] = graph.inputs;
    const feeds = new Map([[input!, x]]);
    const inputDims = new Map([[input!, dims]]);
    const program = await compile(graph, {
      kernels,
      opsets,
      file: 'chain',
      inputDims,
      requantizer: 'fp32',
      keep: kept,
    });
    const expected = await valuesOf(graph, feeds, opsets, kernels);
    const run = program.start(feeds, { poison: true });
    while (run.next !== undefined) {
      const step = run.advance();
      for (const id of step?.outputs ?? []) if (kept.has(id)) expect(run.value(id)?.tensor).toEqual(expected.get(id));
    }
    const outputs = run.finish();
    expect(outputs.size).toBeGreaterThan(0);
    for (const [id, t] of outputs) expect(t).toEqual(expected.get(id));
    const groups = program.steps.map((s) => s.group.map((n) => n.opType));
    program.release();
    return groups;
  }

  describe.each(Object.entries(WAYS))('%s', (_, write) => {
    it.each(SHAPES)('is one step with the bits of its nodes, of shape [%s %s %s %s]', async (...dims) => {
      const net = start(dims);
      write(net, 'x');
      const built = net.build();
      const groups = await groupsOf(built, dims);
      expect(groups).toEqual([built.model.graph.nodes.map((n) => n.opType)]);
    });

    it('is in parts where a value between is kept', async () => {
      const net = start([2, 5, 7, 3]);
      write(net, 'x');
      const built = net.build();
      const { nodes, values } = built.model.graph;
      const between = nodes.slice(0, -1).map((n) => values.get(n.outputs[0]!)!.name);
      for (const name of between) {
        const groups = await groupsOf(built, [2, 5, 7, 3], [name]);
        expect(groups.length).toBeGreaterThan(1);
        expect(groups.flat().sort()).toEqual(nodes.map((n) => n.opType).sort());
      }
    });
  });

  it('is apart where every value is to be seen', async () => {
    const net = start([4, 6]);
    net.elementwise('Sigmoid').elementwise('Mul', ['x']);
    const { graph, opsets } = net.build().model;
    const inputDims = new Map([[graph.inputs[0]!, [4, 6]]]);
    const options = { kernels, opsets, file: 'chain', inputDims, requantizer: 'fp32', apart: true } as const;
    const program = await compile(graph, options);
    expect(program.steps.map((s) => s.node.opType)).toEqual(['Sigmoid', 'Mul']);
    program.release();
  });

  it('runs on the layout of what it starts from', async () => {
    const net = model().input('x', [1, 3, 9, 10]).conv({ channels: 6, kernel: 3 });
    const x = net.current;
    net.elementwise('Sigmoid').elementwise('Mul', [x]).conv({ channels: 5, kernel: 1 });
    const built = net.build();
    const { graph, opsets } = built.model;
    const inputDims = new Map([[graph.inputs[0]!, [1, 3, 9, 10]]]);
    const program = await compile(graph, { kernels, opsets, file: 'chain', inputDims, requantizer: 'fp32' });
    const step = program.steps.find((s) => s.group.some((n) => n.opType === 'Sigmoid'));
    expect(step?.group.map((n) => n.opType)).toEqual(['Sigmoid', 'Mul']);
    expect(program.slots.get(step!.outputs[0]!)?.layout).toBe('nhwc');
    program.release();
  });

  it('leaves a value alone that another node reads', async () => {
    const net = start([4, 6]);
    net.elementwise('Sigmoid');
    const gate = net.current;
    net.elementwise('Mul', ['x']);
    const product = net.current;
    net.at(gate).elementwise('Tanh').output(product, net.current);
    expect(await groupsOf(net.build(), [4, 6])).toEqual([['Sigmoid'], ['Mul'], ['Tanh']]);
  });

  it('does not join what broadcasts, squares itself or starts at two values', async () => {
    const net = start([3]).floats('wide', [1, 1], [2]).floats('row', [3], [1, 2, 3]);
    net.elementwise('Sigmoid').elementwise('Mul', ['wide']).elementwise('Add', ['row']).elementwise('Exp');
    const x = net.current;
    net.elementwise('Mul', [x]);
    expect(await groupsOf(net.build(), [3])).toEqual([['Sigmoid'], ['Mul'], ['Add'], ['Exp'], ['Mul']]);
  });
});
