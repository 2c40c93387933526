import { describe, expect, it } from 'vitest';
import { toNumbers } from '../../src/base/tensor.ts';
import { raiseOpset } from '../../src/export/raiseOpset.ts';
import { Ids } from '../../src/graph/build.ts';
import { GraphEditor } from '../../src/graph/patch.ts';
import { inferFacts } from '../../src/passes/inferFacts.ts';
import { type ModelBuilder, model } from '../models/model.ts';

/** The nodes of a model as opset 13 writes them, by operator. */
function raised(builder: ModelBuilder, opset: number) {
  const { model: built } = builder.build();
  const { facts } = inferFacts(built.graph, { opsets: built.opsets, file: 'm' });
  const editor = new GraphEditor(built.graph, new Ids(built));
  raiseOpset(editor, facts, opset, 'm');
  return new Map([...editor.nodes].map((node) => [node.opType, { node, editor }]));
}

describe('models of opsets before 10', () => {
  it('keep a Slice that ends at the largest int64 open', async () => {
    const ends = Number(2n ** 63n - 1n);
    const net = model({ opset: 9 }).input('x', [2, 3]);
    net.node('Slice', { attributes: { starts: [1], ends: [ends], axes: [1] } });
    const { node, editor } = raised(net, 9).get('Slice') as NonNullable<ReturnType<ReturnType<typeof raised>['get']>>;
    const input = editor.value(node.inputs[2] as NonNullable<(typeof node.inputs)[number]>)?.constant;
    expect((await input?.load())?.data).toEqual(BigInt64Array.of(2n ** 63n - 1n));
  });
});

describe('models of opsets before 7', () => {
  it('lose attributes that say nothing, and gain those that had another default', () => {
    const net = model({ opset: 3 }).input('x', [2, 3, 4]);
    net.node('Relu', { attributes: { consumed_inputs: [0] } }).node('Add', {
      inputs: [net.current, 'x'],
      attributes: { broadcast: 0, axis: 1 },
    });
    const nodes = raised(net.node('Concat', { inputs: [net.current, 'x'] }), 3);
    const attributesOf = (type: string) => Object.fromEntries(nodes.get(type)?.node.attributes ?? []);
    expect(attributesOf('Relu')).toEqual({});
    expect(attributesOf('Add')).toEqual({});
    expect(attributesOf('Concat')).toEqual({ axis: { kind: 'int', value: 1 } });
  });

  it('have the shape of Reshape as an input', async () => {
    const net = model({ opset: 1 })
      .input('x', [2, 3])
      .node('Reshape', { attributes: { shape: [3, 2] } });
    const { node, editor } = raised(net, 1).get('Reshape') as NonNullable<ReturnType<ReturnType<typeof raised>['get']>>;
    expect(node.attributes.size).toBe(0);
    const shape = editor.value(node.inputs[1] as NonNullable<(typeof node.inputs)[number]>)?.constant;
    expect(shape && toNumbers(await shape.load())).toEqual([3, 2]);
  });

  it('are refused, with the node, where opset 13 has no such form', () => {
    const bias = model({ opset: 6 }).input('x', [2, 3, 4]).floats('b', [3], [1, 2, 3]);
    bias.node('Add', { name: 'add', inputs: ['x', 'b'], attributes: { broadcast: 1, axis: 1 } });
    expect(() => raised(bias, 6)).toThrow(/^EXE150 m, node add .*its operands differ in rank/);
    const crop = model({ opset: 7 }).input('x', [1, 3, 4, 4]);
    crop.node('Crop', { name: 'crop', attributes: { border: [1, 1, 1, 1] } });
    expect(() => raised(crop, 7)).toThrow(/^EXE150 m, node crop .*opsets from 10 on do not have it/);
  });
});
