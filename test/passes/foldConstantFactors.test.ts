import { describe, expect, test } from 'vitest';
import { Ids } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/model.ts';
import { GraphEditor } from '../../src/graph/patch.ts';
import { CONSTANT_AFFINE, foldAffine } from '../../src/passes/foldAffine.ts';
import { ConstantLoader } from '../../src/passes/foldConstants.ts';
import { pushFactors } from '../../src/passes/pushFactors.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { normal, prepared, run } from '../quant/balance/balanced.ts';

const DIMS = [1, 2, 4, 4];
const X = normal(DIMS, 2);

describe('constant factors and addends', () => {
  test.each<[string, (m: ModelBuilder) => ModelBuilder, readonly string[]]>([
    ['behind a convolution fold into it', (m) => m.conv(CONV).elementwise('Mul', ['two']).add('half'), ['Conv']],
    [
      'that divide and subtract do too',
      (m) => m.conv(CONV).elementwise('Div', ['two']).elementwise('Sub', ['half']),
      ['Conv'],
    ],
    ['before a convolution move into its weights', (m) => m.elementwise('Mul', ['two']).conv(CONV), ['Conv']],
    [
      'before an addend move through it',
      (m) => m.relu().elementwise('Div', ['two']).add('half').conv(CONV),
      ['Relu', 'Add', 'Conv'],
    ],
    [
      'meet other factors',
      (m) => m.relu().elementwise('Div', ['two']).elementwise('Mul', ['half']).conv(CONV),
      ['Relu', 'Conv'],
    ],
  ])('%s', async (_, build, left) => {
    const { before, after } = await folded(build(start()));
    expect(after.nodes.map((n) => n.opType)).toEqual(left);
    await expectSame(before, after);
  });

  test.each<[string, (m: ModelBuilder) => ModelBuilder]>([
    ['a ReLU reads', (m) => m.elementwise('Mul', ['two']).relu()],
    ['an output has', (m) => m.relu().elementwise('Mul', ['two'])],
    ['two activations are read with', (m) => m.relu('r').elementwise('Mul', ['two']).add('r_out').conv(CONV)],
    ['are 0', (m) => m.relu().elementwise('Mul', ['zero']).conv(CONV)],
    [
      'are divided by a value',
      (m) =>
        m
          .node('Div', { inputs: ['two', 'x'] })
          .follow(DIMS)
          .conv(CONV),
    ],
    ['differ by channel', (m) => m.floats('k', [1, 2, 1, 1], [2, 3]).relu().elementwise('Mul', ['k']).conv(CONV)],
  ])('that %s stay', async (_, build) => {
    const { before, after } = await folded(build(start()));
    expect(after.nodes.map((n) => n.opType)).toEqual(before.nodes.map((n) => n.opType));
  });

  test('behind a convolution that something else reads as well stay', async () => {
    const { before, after } = await folded(
      start()
        .conv({ ...CONV, name: 'c' })
        .elementwise('Mul', ['two'])
        .output('c_out', 'mul1_out'),
    );
    expect(after.nodes.length).toBe(before.nodes.length);
  });
});

/** All constants are powers of two and weights small integers, so that no sum or product rounds. */
const CONV = { channels: 2, kernel: 1, weight: [1, 2, -1, 3], bias: [1, -2] };

function start(): ModelBuilder {
  return model().floats('zero', [], [0]).floats('two', [], [2]).floats('half', [], [0.5]).input('x', DIMS);
}

async function folded(m: ModelBuilder): Promise<{ readonly before: Graph; readonly after: Graph }> {
  const { graph, facts, nextNodeId, nextValueId } = await prepared(m.build());
  const editor = new GraphEditor(graph, new Ids({ nextNodeId, nextValueId }));
  await foldAffine(editor, new ConstantLoader(editor), facts, CONSTANT_AFFINE);
  await pushFactors(editor, facts);
  return { before: graph, after: editor.finish() };
}

async function expectSame(before: Graph, after: Graph): Promise<void> {
  const x = { ...X, data: X.data.map((v) => Math.round(8 * v) / 8) };
  const [[was], [is]] = [await run(before, x), await run(after, x)];
  expect([...(is ?? [])].map((v) => v + 0)).toEqual([...(was ?? [])].map((v) => v + 0));
}
