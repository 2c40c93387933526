import { describe, expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { GraphView } from '../../src/protocol/views.ts';
import { mobileNet } from '../webview/fixtures.ts';

const EMPTY: GraphView = {
  file: 'empty.onnx',
  name: '',
  opsets: '',
  producer: '',
  nodes: [],
  values: [],
  inputs: [],
  outputs: [],
  diagnostics: [],
  quantization: null,
  runnable: true,
};

const SMALL: GraphView = {
  ...EMPTY,
  file: 'größe.onnx',
  diagnostics: [{ code: 'GRA001', severity: 'warning', message: 'größer', at: { file: 'größe.onnx', node: 'b' } }],
  nodes: [
    {
      id: 7,
      handle: 'a',
      name: 'a',
      opType: 'Relu',
      domain: '',
      inputs: [40],
      outputs: [41],
      attributes: [],
      supported: true,
    },
    {
      id: 3,
      handle: 'Mystery_0',
      name: '',
      opType: 'Mystery',
      domain: 'com.example',
      inputs: [41, null, 41, 42],
      outputs: [43],
      attributes: [{ name: 'axis', value: '[1, 2]' }],
      supported: false,
    },
  ],
  values: [
    { id: 40, name: 'Eingang', kind: 'input', dtype: 'float32', dims: ['batch', 3, 'ширина'] },
    { id: 41, name: 'middle', kind: 'activation', dtype: '', dims: null },
    { id: 42, name: '重み', kind: 'constant', dtype: 'int8', dims: [] },
    { id: 43, name: 'y', kind: 'activation', dtype: 'float32', dims: [2 ** 40, 0] },
  ],
  inputs: [40],
  outputs: [43],
};

describe('a graph in one buffer', () => {
  test.each([
    ['of no nodes', EMPTY],
    ['with every kind of gap', SMALL],
    ['of a real network', mobileNet()],
  ])('%s says what the graph said', (_, view) => {
    const table = new GraphTable(structuredClone(encodeGraph(view)));
    const { nodes, values, ...rest } = view;
    for (const [key, value] of Object.entries(rest)) expect(Reflect.get(table, key), key).toEqual(value);
    expect([...table.nodes]).toEqual(nodes);
    expect([...table.values]).toEqual(values);
  });

  test('finds nodes and values by id, and none that is not there', () => {
    const table = new GraphTable(encodeGraph(SMALL));
    expect(table.nodeOf(3)?.handle).toBe('Mystery_0');
    expect(table.nodeIndex(1)).toBe(-1);
    expect(table.nodeOf(1)).toBeUndefined();
    expect(table.valueOf(42)?.name).toBe('重み');
  });

  test('knows who writes and reads a value, a reader that reads it twice once', () => {
    const table = new GraphTable(encodeGraph(SMALL));
    expect([0, 1, 2, 3].map((v) => table.producerOf(v))).toEqual([-1, 0, -1, 1]);
    expect([0, 1, 2, 3].map((v) => [...table.consumersOf(v)])).toEqual([[0], [1], [1], []]);
    expect([...table.inputsOf(1)]).toEqual([1, -1, 1, 2]);
  });
});
