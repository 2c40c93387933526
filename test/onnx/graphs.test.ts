import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import type { Graph, Model, ValueId } from '../../src/graph/model.ts';
import { allNodes, capturesOf } from '../../src/graph/topo.ts';
import { type ReadResult, readModel } from '../../src/onnx/read.ts';
import { modelBytes } from '../../src/onnx/write.ts';
import { block, type GraphMessage, graphMessage, int, modelMessage, tensorMessage } from './protoMessages.ts';

async function open(graph: GraphMessage): Promise<ReadResult & { readonly messages: string[] }> {
  const result = await readModel(bytesOf(modelMessage(graph)), { file: 'm.onnx' });
  return {
    ...result,
    messages: result.diagnostics.map((d) => `${d.severity} ${d.code} ${d.at.node ?? d.at.tensor ?? ''}`),
  };
}

function handles(graph: Graph): string[] {
  return Array.from(allNodes(graph), (node) => node.handle);
}

function inputNames({ graph }: Model, handle: string): (string | undefined)[] {
  const node = graph.nodes.find((n) => n.handle === handle);
  return (node?.inputs ?? []).map((id) => id && graph.values.get(id)?.name);
}

const scalar = tensorMessage(1, [], block(9, [0, 0, 128, 63]));

describe('what is odd in a graph', () => {
  test('a dangling input becomes a value without producer', async () => {
    const { model, messages } = await open({
      nodes: [{ op: 'Relu', name: 'r', in: ['nowhere'], out: ['y'] }],
      outputs: ['y'],
    });
    expect(messages).toEqual(['error ONX402 r']);
    expect(inputNames(model, 'r')).toEqual(['nowhere']);
    expect(model.graph.inputs).toEqual([]);
  });

  test('an output that nothing makes', async () => {
    const { messages, model } = await open({ nodes: [], inputs: ['x'], outputs: ['y'] });
    expect(messages).toEqual(['error ONX403 y']);
    expect(model.graph.outputs.length).toBe(1);
  });

  test('a cycle still opens, its nodes last', async () => {
    const { model, messages } = await open({
      nodes: [
        { op: 'Add', name: 'a', in: ['x', 'b'], out: ['a'] },
        { op: 'Relu', name: 'b', in: ['a'], out: ['b'] },
        { op: 'Neg', name: 'n', in: ['x'], out: ['n'] },
      ],
      inputs: ['x'],
      outputs: ['n'],
    });
    expect(messages).toEqual(['error ONX404 a']);
    expect(handles(model.graph)).toEqual(['n', 'a', 'b']);
  });

  test('nodes out of order are sorted, and only as far as needed', async () => {
    const { model, messages } = await open({
      nodes: [
        { op: 'A', name: 'a', in: ['x'], out: ['a'] },
        { op: 'C', name: 'c', in: ['b'], out: ['c'] },
        { op: 'D', name: 'd', in: ['a'], out: ['d'] },
        { op: 'B', name: 'b', in: ['a'], out: ['b'] },
      ],
      inputs: ['x'],
      outputs: ['c', 'd'],
    });
    expect(messages).toEqual(['warning ONX407 c']);
    expect(handles(model.graph)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of a value made twice the first counts', async () => {
    const { model, messages } = await open({
      nodes: [
        { op: 'A', name: 'a', in: ['x'], out: ['v'] },
        { op: 'B', name: 'b', in: ['x'], out: ['v'] },
        { op: 'C', name: 'c', in: ['v'], out: ['y'] },
      ],
      inputs: ['x'],
      outputs: ['y'],
    });
    expect(messages).toEqual(['error ONX405 b']);
    const [a, , c] = model.graph.nodes;
    expect(c?.inputs).toEqual(a?.outputs);
  });

  test('an input with an initializer is a constant, also in old files', async () => {
    const { model, messages } = await open({
      nodes: [{ op: 'Add', name: 'a', in: ['x', 'w'], out: ['y'] }],
      initializers: { w: scalar },
      inputs: ['x', 'w'],
      outputs: ['y'],
    });
    expect(messages).toEqual([]);
    expect(model.graph.inputs.length).toBe(1);
    const old = await modelBytes({ ...model, irVersion: 3 }, 'm.onnx');
    const again = await readModel(bytesOf(old), { file: 'm.onnx' });
    expect(again.model.graph.inputs.length).toBe(1);
    expect(old.length).toBeGreaterThan((await modelBytes(model, 'm.onnx')).length);
  });

  test('an omitted optional input is undefined', async () => {
    const { model } = await open({
      nodes: [{ op: 'Clip', name: 'c', in: ['x', '', 'x'], out: ['y'] }],
      inputs: ['x'],
      outputs: ['y'],
    });
    const x = model.graph.inputs[0];
    expect(model.graph.nodes[0]?.inputs).toEqual([x, undefined, x]);
  });

  test('an initializer of a type we lack opens and is named', async () => {
    const { messages } = await open({
      nodes: [{ op: 'A', name: 'a', in: ['w'], out: ['y'] }],
      initializers: { w: tensorMessage(14, [1]) },
      outputs: ['y'],
    });
    expect(messages).toEqual(['error ONX201 w']);
  });
});

describe('handles', () => {
  test('are unique and safe in a list', async () => {
    const { model, messages } = await open({
      nodes: [
        { op: 'Relu', name: 'Relu_2', in: ['x'], out: ['a'] },
        { op: 'Relu', name: 'twin', in: ['x'], out: ['b'] },
        { op: 'Relu', in: ['x'], out: ['c'] },
        { op: 'Relu', name: 'twin', in: ['x'], out: ['d'] },
        { op: 'Relu', name: 'a,b', in: ['x'], out: ['e'] },
        { op: 'Relu', name: ' blank', in: ['x'], out: ['f'] },
        { op: 'Relu', name: 'k=v', in: ['x'], out: ['g'] },
        { op: 'Relu', name: '"q"', in: ['x'], out: ['h'] },
        { op: 'Relu', name: 'with blank inside', in: ['x'], out: ['i'] },
      ],
      inputs: ['x'],
    });
    expect(handles(model.graph)).toEqual([
      'Relu_2',
      'Relu_1',
      'Relu_2_2',
      'Relu_3',
      'Relu_4',
      'Relu_5',
      'Relu_6',
      'Relu_7',
      'with blank inside',
    ]);
    expect(messages).toEqual(['warning ONX406 Relu_1']);
  });

  test('in bodies begin with the outer node', async () => {
    const { model } = await open(ifGraph());
    expect(handles(model.graph)).toEqual(['pre', 'choose', 'choose/inner', 'choose/inner_2', 'choose/Neg_1']);
  });
});

function ifGraph(): GraphMessage {
  const branch = (op: string, ...more: GraphMessage['nodes']): number[] =>
    graphMessage({ nodes: [{ op, name: 'inner', in: ['p'], out: ['r'] }, ...more], outputs: ['r'] });
  const attribute = (name: string, graph: number[]): number[] => [...block(1, name), ...int(20, 5), ...block(6, graph)];
  return {
    nodes: [
      {
        op: 'If',
        name: 'choose',
        in: ['cond'],
        out: ['y'],
        attributes: [
          attribute('then_branch', branch('Relu')),
          attribute('else_branch', branch('Abs', { op: 'Neg', in: ['r'], out: ['s'] })),
        ],
      },
      { op: 'Exp', name: 'pre', in: ['x'], out: ['p'] },
    ],
    inputs: ['cond', 'x'],
    outputs: ['y'],
  };
}

describe('bodies', () => {
  test('capture outer values by id and order their node after them', async () => {
    const { model } = await open(ifGraph());
    const [pre, choose] = model.graph.nodes;
    expect([pre?.handle, choose?.handle]).toEqual(['pre', 'choose']);
    const branch = choose?.attributes.get('then_branch');
    if (branch?.kind !== 'graph') throw new Error('no branch');
    expect([...capturesOf(branch.value)]).toEqual(pre?.outputs);
    expect(branch.value.values.has(pre?.outputs[0] as ValueId)).toBe(false);
  });

  test('have ids unique in the model', async () => {
    const { model } = await open(ifGraph());
    const ids = Array.from(allNodes(model.graph), (node) => node.id);
    expect(new Set(ids).size).toBe(5);
    expect(Math.max(...ids)).toBeLessThan(model.nextNodeId);
  });
});

describe('attributes', () => {
  const withAttribute = (...attribute: number[]): GraphMessage => ({
    nodes: [{ op: 'A', name: 'a', in: ['x'], out: ['y'], attributes: [attribute] }],
    inputs: ['x'],
    outputs: ['y'],
  });

  test('without a type, as in IR version 1, are known by what is set', async () => {
    const { model } = await open(withAttribute(...block(1, 'ints'), ...int(8, 1), ...int(8, 2)));
    expect(model.graph.nodes[0]?.attributes.get('ints')).toEqual({ kind: 'ints', value: [1, 2] });
  });

  test('that are only kept are written back unchanged', async () => {
    const raw = [...block(1, 'type'), ...int(20, 13), ...block(14, block(1, int(1, 1)))];
    const { model, messages } = await open(withAttribute(...raw));
    expect(messages).toEqual(['warning ONX409 a']);
    const again = await readModel(bytesOf(await modelBytes(model, 'm.onnx')), { file: 'm.onnx' });
    expect(again.model.graph.nodes[0]?.attributes).toEqual(model.graph.nodes[0]?.attributes);
  });

  test('of bytes that are not text are kept', async () => {
    const { model } = await open(withAttribute(...block(1, 'blob'), ...int(20, 3), ...block(4, [255, 254])));
    expect(model.graph.nodes[0]?.attributes.get('blob')?.kind).toBe('other');
  });
});

describe('sparse initializers', () => {
  const sparse = (indexDims: readonly number[], ...indices: number[]): GraphMessage => {
    const values = [...tensorMessage(6, [2], block(5, [7, 9])), ...block(8, 'w')];
    const where = tensorMessage(7, indexDims, block(7, indices));
    return {
      nodes: [{ op: 'A', name: 'a', in: ['w'], out: ['y'] }],
      outputs: ['y'],
      extra: block(15, [...block(1, values), ...block(2, where), ...int(3, 2), ...int(3, 3)]),
    };
  };
  const load = async (message: GraphMessage): Promise<unknown> => {
    const { model } = await open(message);
    const w = [...model.graph.values.values()].find((v) => v.name === 'w');
    return w?.constant?.load();
  };

  test('become dense, from positions or coordinates', async () => {
    const dense = { dtype: 'int32', dims: [2, 3], data: Int32Array.of(0, 7, 0, 0, 0, 9) };
    expect(await load(sparse([2], 1, 5))).toEqual(dense);
    expect(await load(sparse([2, 2], 0, 1, 1, 2))).toEqual(dense);
  });

  test('with an index outside are refused', async () => {
    await expect(load(sparse([2], 1, 6))).rejects.toThrow(/^ONX207/);
  });
});
