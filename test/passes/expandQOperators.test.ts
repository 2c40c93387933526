import { describe, expect, test } from 'vitest';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Graph, Model, Node } from '../../src/graph/model.ts';
import { expandQOperators, restoreQOperators } from '../../src/passes/expandQOperators.ts';
import { type AttributeInit, model } from '../models/model.ts';

const scale = (...values: readonly number[]): Tensor =>
  tensor('float32', values.length === 1 ? [] : [values.length], Float32Array.from(values));
const zero = (value: number): Tensor => tensor('uint8', [], Uint8Array.of(value));

interface OpCase {
  readonly opType: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeInit>>;
  readonly opset?: number;
}

/** A float image as codes `x`, an operator on them, and its codes as floats. */
function onCodes({ opType, domain = '', inputs, attributes = {}, opset = 13 }: OpCase): Model {
  return model({ opset })
    .input('image', [1, 2, 4, 4])
    .input('free', [])
    .constant('xs', scale(0.5))
    .constant('xz', zero(3))
    .constant('ys', scale(0.25))
    .constant('yz', zero(7))
    .constant('w', tensor('int8', [2, 2, 1, 1], Int8Array.of(1, 2, 3, 4)))
    .constant('matrix', tensor('int8', [4, 2], Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8)))
    .constant('ws', scale(0.125, 2))
    .constant('wz', tensor('int8', [2], new Int8Array(2)))
    .constant('bias', tensor('int32', [2], Int32Array.of(1, 2)))
    .constant('shape', tensor('int64', [1], BigInt64Array.of(-1n)))
    .constant('pads', tensor('int64', [8], new BigInt64Array(8)))
    .node('QuantizeLinear', { inputs: ['image', 'xs', 'xz'], outputs: ['x'] })
    .node(opType, { name: 'op', domain, inputs, outputs: ['y_quantized'], attributes })
    .node('DequantizeLinear', { inputs: ['y_quantized', 'ys', 'yz'], outputs: ['y_float'] })
    .output('y_float')
    .build().model;
}

const nodeOf = (graph: Graph, name: string): Node => graph.nodes.find((n) => n.name === name) as Node;
const makerOf = (graph: Graph, node: Node, input: number): Node | undefined =>
  graph.nodes.find((n) => n.outputs.includes(node.inputs[input]));
const nameOf = (graph: Graph, id: Node['inputs'][number]): string =>
  id === undefined ? '' : (graph.values.get(id)?.name ?? '');
const opTypes = (graph: Graph): string[] => graph.nodes.map((n) => n.opType).sort();

const X = ['x', 'xs', 'xz'];
const Y = ['ys', 'yz'];
const CASES: readonly (OpCase & { readonly plain: string; readonly dequantized: readonly number[] })[] = [
  { opType: 'QLinearConv', inputs: [...X, 'w', 'ws', 'wz', ...Y, 'bias'], plain: 'Conv', dequantized: [0, 1, 2] },
  { opType: 'QLinearMatMul', inputs: [...X, 'matrix', 'ws', 'wz', ...Y], plain: 'MatMul', dequantized: [0, 1] },
  ...(
    [
      ['QLinearAdd', [...X, ...X, ...Y], 'Add', [0, 1]],
      ['QLinearMul', [...X, ...X, ...Y], 'Mul', [0, 1]],
      ['QLinearSigmoid', [...X, ...Y], 'Sigmoid', [0]],
      ['QLinearLeakyRelu', [...X, ...Y], 'LeakyRelu', [0]],
      ['QLinearGlobalAveragePool', [...X, ...Y], 'GlobalAveragePool', [0]],
      ['QLinearConcat', [...Y, ...X, ...X], 'Concat', [0, 1]],
    ] as const
  ).map(([opType, inputs, plain, dequantized]) => ({ opType, domain: 'com.microsoft', inputs, plain, dequantized })),
];

describe('operators on codes become float operators between conversions', () => {
  test.each(CASES)('$opType is $plain', async (c) => {
    const file = onCodes(c);
    const { graph } = await expandQOperators(file);
    const op = nodeOf(graph, 'op');
    expect([op.opType, op.domain, op.id]).toEqual([c.plain, '', nodeOf(file.graph, 'op').id]);
    expect(op.inputs.flatMap((_, i) => (makerOf(graph, op, i)?.opType === 'DequantizeLinear' ? [i] : []))).toEqual(
      c.dequantized,
    );
    const quantize = graph.nodes.find((n) => n.inputs[0] === op.outputs[0]);
    expect([quantize?.opType, ...(quantize?.inputs.slice(1).map((id) => nameOf(graph, id)) ?? [])]).toEqual([
      'QuantizeLinear',
      ...Y,
    ]);
    expect(quantize?.outputs).toEqual(nodeOf(file.graph, 'op').outputs);
    expect(nameOf(graph, op.outputs[0])).toBe('y');

    const restored = restoreQOperators({ ...file, ...(await expandQOperators(file)) }, file.graph, graph);
    expect(opTypes(restored.graph)).toEqual(opTypes(file.graph));
    expect(nodeOf(restored.graph, 'op')).toEqual(nodeOf(file.graph, 'op'));
  });

  test('weights keep their axis, a bias the product of scales', async () => {
    const { graph } = await expandQOperators(onCodes(CASES[0] as OpCase));
    const op = nodeOf(graph, 'op');
    const [, weight, bias] = [0, 1, 2].map((i) => makerOf(graph, op, i));
    expect([weight?.domain, weight?.attributes.get('axis')]).toEqual(['', { kind: 'int', value: 0 }]);
    const scales = await graph.values.get(bias?.inputs[1] as Node['outputs'][number] & {})?.constant?.load();
    expect(scales?.data).toEqual(Float32Array.of(0.0625, 1));
  });

  test('before opset 13 parameters per channel are those of com.microsoft', async () => {
    const expanded = await expandQOperators(onCodes({ ...(CASES[0] as OpCase), opset: 12 }));
    const op = nodeOf(expanded.graph, 'op');
    expect([0, 1].map((i) => makerOf(expanded.graph, op, i)?.domain)).toEqual(['', 'com.microsoft']);
    expect(expanded.opsets.get('com.microsoft')).toBe(1);
  });

  test('what moves codes moves floats, with the parameters of what it reads', async () => {
    const moved = model()
      .input('image', [1, 4])
      .constant('s', scale(0.5))
      .constant('z', zero(3))
      .constant('shape', tensor('int64', [1], BigInt64Array.of(-1n)))
      .node('QuantizeLinear', { inputs: ['image', 's', 'z'], outputs: ['x'] })
      .node('QLinearSigmoid', { domain: 'com.microsoft', inputs: ['x', 's', 'z', 's', 'z'], outputs: ['a'] })
      .node('Reshape', { name: 'move', inputs: ['a', 'shape'], outputs: ['b'] })
      .node('DequantizeLinear', { inputs: ['b', 's', 'z'], outputs: ['c'] })
      .output('c')
      .build().model;
    const { graph } = await expandQOperators(moved);
    const move = nodeOf(graph, 'move');
    expect(makerOf(graph, move, 0)?.opType).toBe('DequantizeLinear');
    const quantize = graph.nodes.find((n) => n.inputs[0] === move.outputs[0]);
    expect(quantize?.inputs.slice(1).map((id) => nameOf(graph, id))).toEqual(['s', 'z']);
  });
});

describe('what pads codes', () => {
  /** Of codes with zero point 3, in a model with an operator on codes. */
  const padded = (value: readonly string[]): Model =>
    model()
      .input('image', [1, 1, 4, 4])
      .input('free', [], 'uint8')
      .constant('s', scale(0.5))
      .constant('z', zero(3))
      .constant('same', zero(3))
      .constant('other', zero(5))
      .constant('pads', tensor('int64', [8], new BigInt64Array(8).fill(1n)))
      .node('QuantizeLinear', { inputs: ['image', 's', 'z'], outputs: ['x'] })
      .node('Pad', { name: 'pad', inputs: ['x', 'pads', ...value], outputs: ['p'] })
      .node('QLinearSigmoid', { domain: 'com.microsoft', inputs: ['p', 's', 'z', 's', 'z'], outputs: ['a'] })
      .node('DequantizeLinear', { inputs: ['a', 's', 'z'], outputs: ['b'] })
      .output('b')
      .build().model;

  test.each([
    ['the zero point', ['z'], true],
    ['another constant like it', ['same'], true],
    ['another number', ['other'], false],
    ['code 0, which is none', [], false],
    ['what is no constant', ['free'], false],
  ])('with %s', async (_, value, isZero) => {
    const { graph } = await expandQOperators(padded(value));
    const pad = nodeOf(graph, 'pad');
    expect(makerOf(graph, pad, 0)?.opType).toBe(isZero ? 'DequantizeLinear' : 'QuantizeLinear');
    expect(pad.inputs).toHaveLength(isZero ? 2 : 2 + value.length);
  });
});

describe('operators on codes stay', () => {
  test('where a parameter is no constant', async () => {
    const file = onCodes({ opType: 'QLinearSigmoid', domain: 'com.microsoft', inputs: ['x', 'free', 'xz', ...Y] });
    expect(nodeOf((await expandQOperators(file)).graph, 'op').opType).toBe('QLinearSigmoid');
  });

  test.each([
    ['QLinearSoftmax', { opset: 12 }],
    ['QLinearGlobalAveragePool', { channels_last: 1 }],
  ])('where they do something else: %s %o', async (opType, attributes) => {
    const file = onCodes({ opType, domain: 'com.microsoft', inputs: [...X, ...Y], attributes });
    expect(nodeOf((await expandQOperators(file)).graph, 'op').opType).toBe(opType);
  });

  test('and a model without any is the same one', async () => {
    const file = model().input('x', [1]).node('Relu').build().model;
    expect(await expandQOperators(file)).toBe(file);
  });

  test('out of which floats are read', async () => {
    const file = onCodes(CASES[2] as OpCase);
    const expanded = await expandQOperators(file);
    const op = nodeOf(expanded.graph, 'op');
    const read = { ...expanded, graph: { ...expanded.graph, outputs: [...expanded.graph.outputs, ...op.outputs] } };
    const { graph } = restoreQOperators(read as Model, file.graph, expanded.graph);
    expect(nodeOf(graph, 'op').opType).toBe('Add');
  });
});
