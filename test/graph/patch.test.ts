import { describe, expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { GraphBuilder, Ids } from '../../src/graph/build.ts';
import type { Graph, Model, Node, NodeId, ValueId } from '../../src/graph/model.ts';
import { editModel, GraphEditor } from '../../src/graph/patch.ts';
import { body, model } from '../models/model.ts';

const built = () =>
  model().input('x', [1, 3, 8, 8]).conv({ name: 'c', channels: 4 }).relu('r').node('Neg', { name: 'n' }).build();

const handles = (graph: Graph): string[] => graph.nodes.map((n) => n.handle);

function byHandle(graph: Graph, handle: string): Node {
  const node = graph.nodes.find((n) => n.handle === handle);
  if (node === undefined) throw new Error(`no node ${handle}`);
  return node;
}

/** Inserts QuantizeLinear and DequantizeLinear behind the value `name`, as a quantizing pass does. */
function insertPair(m: Model, value: ValueId, origin: NodeId): Model {
  return editModel(m, (edit) => {
    const scale = edit.addConstant('s', tensor('float32', [], Float32Array.of(0.5)));
    const q = edit.addValue({ name: 'q', dtype: 'uint8' });
    const dq = edit.addValue({ name: 'dq', dtype: 'float32' });
    const quantize = edit.addNode({
      name: 'c',
      opType: 'QuantizeLinear',
      inputs: [value, scale],
      outputs: [q],
      origin: [origin],
    });
    edit.addNode({ opType: 'DequantizeLinear', inputs: [q, scale], outputs: [dq], origin: [origin] });
    edit.replaceUses(value, dq, { except: new Set([quantize]) });
  });
}

describe('an edited graph', () => {
  test('has new nodes in order, with unique handles and the origin given', () => {
    const { model: m, ids } = built();
    const conv = byHandle(m.graph, 'c');
    const edited = insertPair(m, ids.get('c_out') as ValueId, conv.id);
    expect(handles(edited.graph)).toEqual(['c', 'c_2', 'DequantizeLinear_4', 'r', 'n']);
    expect(byHandle(edited.graph, 'c_2').origin).toEqual([conv.id]);
    expect(byHandle(edited.graph, 'r').inputs).toEqual(byHandle(edited.graph, 'DequantizeLinear_4').outputs);
    expect(byHandle(edited.graph, 'c_2').inputs[0]).toBe(conv.outputs[0]);
    expect(edited.nextNodeId).toBe(m.nextNodeId + 2);
    expect(edited.nextValueId).toBe(m.nextValueId + 3);
  });

  test('leaves the old one alone', () => {
    const { model: m, ids } = built();
    const before = JSON.stringify({ nodes: m.graph.nodes, values: [...m.graph.values.keys()] });
    insertPair(m, ids.get('c_out') as ValueId, byHandle(m.graph, 'c').id);
    expect(JSON.stringify({ nodes: m.graph.nodes, values: [...m.graph.values.keys()] })).toBe(before);
  });

  test('replaces nodes by one that stands for all of them', () => {
    const { model: m, ids } = built();
    const [c, r] = [byHandle(m.graph, 'c'), byHandle(m.graph, 'r')];
    const edited = editModel(m, (edit) => {
      edit.replaceNodes([c.id, r.id], { name: 'c', opType: 'ConvRelu', inputs: c.inputs, outputs: r.outputs });
    });
    expect(edited.graph.nodes.map((n) => n.opType)).toEqual(['ConvRelu', 'Neg']);
    expect(edited.graph.nodes[0]?.origin).toEqual([c.id, r.id]);
    expect(edited.graph.values.has(ids.get('c_out') as ValueId)).toBe(false);
  });

  test('drops what nobody reads, but never inputs or outputs', () => {
    const { model: m, ids } = built();
    const edited = editModel(m, (edit) => {
      for (const node of [...edit.nodes]) edit.removeNode(node.id);
    });
    expect([...edited.graph.values.keys()]).toEqual([ids.get('x'), ids.get('n_out')]);
  });

  test('redirects outputs unless told to keep them', () => {
    const { model: m, ids } = built();
    const [from, to] = [ids.get('n_out') as ValueId, ids.get('r_out') as ValueId];
    const moved = editModel(m, (edit) => edit.replaceUses(from, to));
    const kept = editModel(m, (edit) => edit.replaceUses(from, to, { outputs: 'keep' }));
    expect(moved.graph.outputs).toEqual([to]);
    expect(kept.graph.outputs).toEqual([from]);
  });

  test('sets single inputs, and pads omitted ones', () => {
    const { model: m, ids } = built();
    const x = ids.get('x') as ValueId;
    const edited = editModel(m, (edit) => edit.setInput(byHandle(m.graph, 'n').id, 2, x));
    expect(byHandle(edited.graph, 'n').inputs).toEqual([ids.get('r_out'), undefined, x]);
  });

  test('refuses ids of another graph', () => {
    const { model: m } = built();
    const edit = new GraphEditor(m.graph, new Ids(m));
    expect(() => edit.setInput(999 as NodeId, 0, undefined)).toThrow(/invariant: node 999/);
    expect(() => edit.updateValue(999 as ValueId, { name: 'a' })).toThrow(/invariant: value 999/);
  });
});

describe('uses inside bodies', () => {
  const ids = new Ids();
  const builder = new GraphBuilder('main', ids);
  const x = builder.input('x', 'float32', [1]);
  const other = builder.input('other', 'float32', [1]);
  const then = body('then', ids, (b) => {
    const y = b.value({ name: 'y' });
    b.node({ handle: 'if/neg', opType: 'Neg', inputs: [x], outputs: [y] });
    b.output(y);
    b.output(x);
  });
  const out = builder.value({ name: 'out' });
  builder.node({
    handle: 'if',
    opType: 'If',
    inputs: [other],
    outputs: [out],
    attributes: { then_branch: { kind: 'graph', value: then } },
  });
  builder.output(out);
  const graph = builder.build();

  test('are replaced too', () => {
    const edit = new GraphEditor(graph, ids);
    edit.replaceUses(x, other);
    const branch = edit.finish().nodes[0]?.attributes.get('then_branch');
    if (branch?.kind !== 'graph') throw new Error('no branch');
    expect(branch.value.nodes[0]?.inputs).toEqual([other]);
    expect(branch.value.outputs[1]).toBe(other);
    expect(then.nodes[0]?.inputs).toEqual([x]);
  });

  test('keep a captured constant alive', () => {
    const edit = new GraphEditor(graph, ids);
    const c = edit.addConstant('c', tensor('float32', [1], Float32Array.of(1)));
    edit.replaceUses(x, c);
    expect(edit.finish().values.has(c)).toBe(true);
  });
});
