import { expect, test } from 'vitest';
import type { QuantParams } from '../../src/base/quantParams.ts';
import { tensor } from '../../src/base/tensor.ts';
import type { Graph, ValueId } from '../../src/graph/model.ts';
import { insertQdq, type QdqAssignment } from '../../src/passes/insertQdq.ts';
import { activationScheme } from '../../src/quant/scheme.ts';
import { type BuiltModel, model } from '../models/model.ts';

const NOTHING: QdqAssignment = {
  activations: new Map(),
  conversions: [],
  constants: [],
  halves: new Map(),
  folded: new Map(),
};

function params(dtype: 'int8' | 'int16'): QuantParams {
  return { scheme: activationScheme(dtype), scale: Float32Array.of(0.5), zeroPoint: Int32Array.of(0) };
}

/** Every node as `operator(inputs) -> outputs`, in names. */
function told({ nodes, values }: Graph): string[] {
  const names = (ids: readonly (ValueId | undefined)[]): string =>
    ids.map((id) => (id === undefined ? '-' : (values.get(id)?.name ?? '?'))).join(', ');
  return nodes.map((n) => `${n.opType}(${names(n.inputs)}) -> ${names(n.outputs)}`);
}

function inserted({ model: { graph, nextNodeId, nextValueId } }: BuiltModel, assignment: QdqAssignment) {
  return insertQdq(graph, assignment, { nextNodeId, nextValueId, sources: new WeakMap() });
}

/** x → Erf → e; e → Neg (left), e → Abs (right): two consumers of a float value. */
function fork() {
  return model()
    .input('x', [4])
    .node('Erf', { name: 'erf', outputs: ['e'] })
    .node('Neg', {
      name: 'left',
      outputs: ['l'],
    })
    .node('Abs', { name: 'right', inputs: ['e'], outputs: ['r'] })
    .output('l', 'r')
    .build();
}

test('an edge that converts reads codes; its neighbour reads the raw float', () => {
  const built = fork();
  const left = built.model.graph.nodes.find((n) => n.name === 'left')!.id;
  const e = built.ids.get('e')!;
  const conversion = { value: e, params: params('int8'), uses: [{ node: left, input: 0 }] };
  const { graph, codes, floatOf } = inserted(built, { ...NOTHING, conversions: [conversion] });
  expect(told(graph)).toEqual([
    'Erf(x) -> e',
    'QuantizeLinear(e, e_scale, e_zero_point) -> e_QuantizeLinear_Output',
    'DequantizeLinear(e_QuantizeLinear_Output, e_scale, e_zero_point) -> e_DequantizeLinear_Output',
    'Neg(e_DequantizeLinear_Output) -> l',
    'Abs(e) -> r',
  ]);
  expect(floatOf.get(codes.get(e)!)).toBe(e);
});

test('a value with codes of its own is converted from what they stand for, under names of their own', () => {
  const built = fork();
  const left = built.model.graph.nodes.find((n) => n.name === 'left')!.id;
  const e = built.ids.get('e')!;
  const { graph, codes, floatOf } = inserted(built, {
    ...NOTHING,
    activations: new Map([[e, params('int8')]]),
    conversions: [{ value: e, params: params('int16'), uses: [{ node: left, input: 0 }] }],
  });
  expect(told(graph).slice(3)).toEqual([
    'QuantizeLinear(e_DequantizeLinear_Output, e_int16_scale, e_int16_zero_point) -> e_int16_QuantizeLinear_Output',
    'DequantizeLinear(e_int16_QuantizeLinear_Output, e_int16_scale, e_int16_zero_point) -> e_int16_DequantizeLinear_Output',
    'Neg(e_int16_DequantizeLinear_Output) -> l',
    'Abs(e_DequantizeLinear_Output) -> r',
  ]);
  expect(graph.values.get(codes.get(e)!)?.dtype).toBe('int8');
  expect([...floatOf.values()]).toEqual([e, e]);
});

test('one conversion serves all its edges', () => {
  const built = fork();
  const e = built.ids.get('e')!;
  const uses = built.model.graph.nodes.filter((n) => n.name !== 'erf').map((n) => ({ node: n.id, input: 0 }));
  const { graph } = inserted(built, { ...NOTHING, conversions: [{ value: e, params: params('int8'), uses }] });
  expect(told(graph).filter((n) => n.startsWith('QuantizeLinear'))).toHaveLength(1);
  expect(told(graph).slice(3)).toEqual(['Neg(e_DequantizeLinear_Output) -> l', 'Abs(e_DequantizeLinear_Output) -> r']);
});

test('half precision casts there and back around the node, and keeps the names of its outputs', async () => {
  const built = model()
    .input('x', [2])
    .floats('w', [2], [1, 1 / 3])
    .node('Add', { name: 'add', inputs: ['x', 'w'] })
    .output()
    .build();
  const [node] = built.model.graph.nodes;
  const w = tensor('float16', [2], Float32Array.of(1, 0.333251953125));
  const half = { type: 'float16', inputs: [0, 1], outputs: [0], constants: new Map([[1, w]]) } as const;
  const { graph } = inserted(built, { ...NOTHING, halves: new Map([[node!.id, half]]) });
  expect(told(graph)).toEqual([
    'Cast(x) -> x_float16',
    'Cast(x_float16) -> x_float16_float32',
    'Cast(w_float16) -> w_float16_float32',
    'Add(x_float16_float32, w_float16_float32) -> add_out_exact',
    'Cast(add_out_exact) -> add_out_made_float16',
    'Cast(add_out_made_float16) -> add_out',
  ]);
  expect(graph.nodes.map((n) => n.attributes.get('to')?.value)).toEqual([10, 1, 1, undefined, 10, 1]);
  const stored = [...graph.values.values()].find((v) => v.name === 'w_float16')?.constant;
  expect([stored?.dtype, stored?.byteLength]).toEqual(['float16', 4]);
});

test('a graph output that is half precision and codes is rounded, then quantized, and keeps its name', () => {
  const built = model()
    .input('x', [2])
    .node('Erf', { name: 'erf', outputs: ['y'] })
    .output()
    .build();
  const [node] = built.model.graph.nodes;
  const half = { type: 'bfloat16', inputs: [], outputs: [0], constants: new Map() } as const;
  const activations = new Map([[built.ids.get('y')!, params('int8')]]);
  const { graph } = inserted(built, { ...NOTHING, activations, halves: new Map([[node!.id, half]]) });
  expect(told(graph)).toEqual([
    'Erf(x) -> y_QuantizeLinear_Input_exact',
    'Cast(y_QuantizeLinear_Input_exact) -> y_QuantizeLinear_Input_made_bfloat16',
    'Cast(y_QuantizeLinear_Input_made_bfloat16) -> y_QuantizeLinear_Input',
    'QuantizeLinear(y_QuantizeLinear_Input, y_scale, y_zero_point) -> y_QuantizeLinear_Output',
    'DequantizeLinear(y_QuantizeLinear_Output, y_scale, y_zero_point) -> y',
  ]);
});

test('a clamp that goes into its producer is removed, or stays as its activation', () => {
  const built = model()
    .input('x', [2])
    .node('Erf', { outputs: ['a'] })
    .node('Relu', { name: 'r', outputs: ['b'] })
    .output()
    .build();
  const relu = built.model.graph.nodes.find((n) => n.name === 'r')!.id;
  const fold = { from: built.ids.get('a')!, to: built.ids.get('b')! };
  const removed = inserted(built, { ...NOTHING, folded: new Map([[relu, { ...fold, clamp: 'removed' }]]) });
  expect(told(removed.graph)).toEqual(['Erf(x) -> b']);
  const kept = inserted(built, { ...NOTHING, folded: new Map([[relu, { ...fold, clamp: 'activation' }]]) });
  expect(told(kept.graph)).toEqual(['Erf(x) -> a', 'Relu(a) -> b']);
});

test('half precision after half precision reads what was rounded already', () => {
  const built = model()
    .input('x', [2])
    .node('Erf', { outputs: ['a'] })
    .node('Neg', { outputs: ['b'] })
    .output()
    .build();
  const half = { type: 'float16', inputs: [0], outputs: [0], constants: new Map() } as const;
  const { graph } = inserted(built, {
    ...NOTHING,
    halves: new Map(built.model.graph.nodes.map((n) => [n.id, half])),
  });
  expect(told(graph)).toContain('Neg(a) -> b_exact');
  expect(new Set(graph.nodes.map((n) => n.name)).size).toBe(graph.nodes.length);
});

test('a constant that two nodes hold in other codes has both, under names of their own', () => {
  const built = model()
    .input('x', [2])
    .floats('w', [2], [1, 2])
    .node('Add', { name: 'a', inputs: ['x', 'w'] })
    .node('Add', { name: 'b', inputs: ['a_out', 'w'] })
    .output()
    .build();
  const [a, b] = built.model.graph.nodes;
  const codes = (dtype: 'int8' | 'int16') => ({
    codes: tensor('int16', [2], Int16Array.of(2, 4)),
    params: params(dtype),
  });
  const constants = [
    { node: a!.id, input: 1, quantized: codes('int8') },
    { node: b!.id, input: 1, quantized: codes('int16') },
  ];
  const { graph } = inserted(built, { ...NOTHING, constants });
  expect(told(graph)).toEqual([
    'DequantizeLinear(w_quantized, w_scale, w_zero_point) -> w_DequantizeLinear_Output',
    'Add(x, w_DequantizeLinear_Output) -> a_out',
    'DequantizeLinear(w_quantized_2, w_scale_2, w_zero_point_2) -> w_DequantizeLinear_Output_2',
    'Add(a_out, w_DequantizeLinear_Output_2) -> b_out',
  ]);
  expect(new Set(graph.nodes.map((n) => n.name)).size).toBe(graph.nodes.length);
});
