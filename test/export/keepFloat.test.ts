import { expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { keepFloat } from '../../src/export/keepFloat.ts';
import { Ids } from '../../src/graph/build.ts';
import { GraphEditor } from '../../src/graph/patch.ts';
import { type ModelBuilder, model } from '../models/model.ts';

/** x → codes → convolution, with whatever follows it. */
function coded(): ModelBuilder {
  const net = model({ opset: 13 }).input('x', [1, 4, 6, 6]).floats('s', [], [0.02]);
  net.constant('z', tensor('int8', [], Int8Array.of(0))).floats('w', [8, 4, 3, 3]);
  net.node('QuantizeLinear', { inputs: ['x', 's', 'z'], outputs: ['q'] });
  net.node('DequantizeLinear', { inputs: ['q', 's', 'z'], outputs: ['d'] });
  return net.node('Conv', { name: 'conv', inputs: ['d', 'w'], outputs: ['c'] });
}

const toCodes = (net: ModelBuilder): ModelBuilder =>
  net.node('QuantizeLinear', { inputs: ['c', 's', 'z'], outputs: ['q2'] });

/** Operators of the edited graph in order, and what was kept. */
function kept(builder: ModelBuilder, floats: readonly string[] = ['conv']) {
  const { model: built } = builder.output().build();
  const editor = new GraphEditor(built.graph, new Ids(built));
  const ids = new Set(built.graph.nodes.filter((n) => floats.includes(n.name)).map((n) => n.id));
  const names = keepFloat(editor, ids);
  return { names, operators: editor.finish().nodes.map((n) => n.opType) };
}

test('a node that stays float between codes reads through a Max of one input', () => {
  expect(kept(toCodes(coded()))).toEqual({
    names: ['conv'],
    operators: ['QuantizeLinear', 'DequantizeLinear', 'Max', 'Conv', 'QuantizeLinear'],
  });
});

test('nothing is put before a node that is not to stay float, or whose output is read as float', () => {
  expect(kept(toCodes(coded()), []).names).toEqual([]);
  expect(kept(coded()).names).toEqual([]);
  expect(kept(coded().node('Relu', { inputs: ['c'] })).names).toEqual([]);
  expect(kept(toCodes(coded()).node('Relu', { inputs: ['c'] })).names).toEqual([]);
});
