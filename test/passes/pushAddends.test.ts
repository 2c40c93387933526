import { describe, expect, test } from 'vitest';
import { Ids } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/model.ts';
import { GraphEditor } from '../../src/graph/patch.ts';
import { ConstantLoader } from '../../src/passes/foldConstants.ts';
import { pushAddends } from '../../src/passes/pushAddends.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { normal, prepared, run } from '../quant/balance/balanced.ts';

const DIMS = [1, 2, 4, 4];

describe('constant addends before convolutions', () => {
  test.each<[string, (m: ModelBuilder) => ModelBuilder]>([
    ['one number', (m) => m.add('half').conv(CONV)],
    ['one per channel', (m) => m.add('each').conv(CONV)],
    ['one that is taken off', (m) => m.elementwise('Sub', ['each']).conv(CONV)],
    ['one before a depthwise convolution', (m) => m.add('each').conv(DEPTHWISE)],
  ])('move into the bias: %s', async (_, build) => {
    const { before, after } = await pushed(build(start().relu()));
    expect(after.nodes.map((n) => n.opType)).toEqual(['Relu', 'Conv']);
    await expectSame(before, after);
  });

  test.each<[string, (m: ModelBuilder) => ModelBuilder]>([
    ['pads', (m) => m.add('each').conv({ channels: 2, kernel: 3 })],
    ['is none', (m) => m.add('each').relu()],
  ])('stay where what reads them %s', async (_, build) => {
    const { before, after } = await pushed(build(start().relu()));
    expect(after.nodes.map((n) => n.opType)).toEqual(before.nodes.map((n) => n.opType));
  });

  test('stay for other readers, while the convolution reads what the Add read', async () => {
    const m = start()
      .relu('r')
      .add('each', 'sum')
      .conv({ ...CONV, name: 'c' });
    const { before, after } = await pushed(m.output('c_out', 'sum_out'));
    expect(after.nodes.map((n) => n.opType).sort()).toEqual(['Add', 'Conv', 'Relu']);
    const relu = after.nodes.find((n) => n.opType === 'Relu');
    expect(after.nodes.find((n) => n.opType === 'Conv')?.inputs[0]).toBe(relu?.outputs[0]);
    await expectSame(before, after);
  });

  test('stay where both operands vary', async () => {
    const { before, after } = await pushed(start().relu('r').add('x').conv(CONV));
    expect(after.nodes.length).toBe(before.nodes.length);
  });
});

/** All constants are multiples of powers of two, so that no sum or product rounds. */
const CONV = { channels: 2, kernel: 1, weight: [1, 2, -1, 3], bias: [1, -2] };
const DEPTHWISE = { channels: 2, kernel: 1, group: 2, weight: [2, -3], bias: [1, -2] };

function start(): ModelBuilder {
  return model().floats('half', [], [0.5]).floats('each', [1, 2, 1, 1], [2, -4]).input('x', DIMS);
}

async function pushed(m: ModelBuilder): Promise<{ readonly before: Graph; readonly after: Graph }> {
  const { graph, facts, nextNodeId, nextValueId } = await prepared(m.build());
  const editor = new GraphEditor(graph, new Ids({ nextNodeId, nextValueId }));
  await pushAddends(editor, new ConstantLoader(editor), facts);
  return { before: graph, after: editor.finish() };
}

async function expectSame(before: Graph, after: Graph): Promise<void> {
  const x = normal(DIMS, 2);
  const exact = { ...x, data: x.data.map((v) => Math.round(8 * v) / 8) };
  expect(await run(after, exact)).toEqual(await run(before, exact));
}
