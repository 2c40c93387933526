import { describe, expect, it } from 'vitest';
import type { Dim } from '../../src/graph/model.ts';
import { findOp, supportedOps } from '../../src/ops/registry.ts';
import { fact, infer, type NodeSpec } from './runOp.ts';

const ints = (...elements: Dim[]) => fact([elements.length], 'int64', elements);
const dims = (spec: NodeSpec, ...inputs: Parameters<typeof infer>[1]) => infer(spec, inputs)[0]?.dims;
const elements = (spec: NodeSpec, ...inputs: Parameters<typeof infer>[1]) => infer(spec, inputs)[0]?.elements;

describe('shape arithmetic keeps symbols', () => {
  it('Shape, Gather, Unsqueeze, Concat, Reshape: [N, 16, H, W] to [N, 16 H W]', () => {
    const image = fact(['N', 16, 'H', 'W']);
    const shape = infer({ type: 'Shape', opset: 11 }, [image])[0];
    expect(shape?.elements).toEqual(['N', 16, 'H', 'W']);
    const batch = infer({ type: 'Gather', opset: 11 }, [shape, fact([], 'int64', [0])])[0];
    expect(batch).toEqual({ dtype: 'int64', dims: [], elements: ['N'] });
    const row = infer({ type: 'Unsqueeze', opset: 11, attributes: { axes: [0] } }, [batch])[0];
    const target = infer({ type: 'Concat', opset: 11, attributes: { axis: 0 } }, [row, ints(-1)])[0];
    expect(target?.elements).toEqual(['N', -1]);
    expect(dims({ type: 'Reshape', opset: 11 }, image, target)).toEqual(['N', 'reshape1']);
  });

  it('Reshape cancels symbols for -1', () => {
    expect(dims({ type: 'Reshape', opset: 13 }, fact(['N', 3, 8]), ints(0, -1))).toEqual(['N', 24]);
    expect(dims({ type: 'Reshape', opset: 13 }, fact(['N', 3, 8]), ints(-1, 24))).toEqual(['N', 24]);
    expect(dims({ type: 'Reshape', opset: 13 }, fact(['N', 3, 'W']), ints(-1, 3))).toEqual(['reshape1', 3]);
  });

  it('Slice, Squeeze and arithmetic of shapes', () => {
    const slice = { type: 'Slice', opset: 10 };
    expect(elements(slice, ints('N', 3, 'H', 'W'), ints(2), ints(4))).toEqual(['H', 'W']);
    expect(elements(slice, ints('N', 3, 'H', 'W'), ints(-1), ints(-9), ints(0), ints(-1))).toEqual(['W', 'H', 3, 'N']);
    expect(elements({ type: 'Mul', opset: 13 }, ints('H', 4), ints(1, 2))).toEqual(['H', 8]);
    expect(elements({ type: 'Div', opset: 13 }, ints('H', -7), ints('H', 2))).toEqual([1, -3]);
    expect(elements({ type: 'Squeeze', opset: 13 }, ints('H'), ints(0))).toEqual(['H']);
    expect(elements({ type: 'Cast', opset: 13, attributes: { to: 6 } }, ints('H', 2))).toEqual(['H', 2]);
    expect(elements({ type: 'Cast', opset: 13, attributes: { to: 1 } }, ints('H', 2))).toBeUndefined();
  });

  it('windows, broadcasting and Resize keep what they do not change', () => {
    const conv = { type: 'Conv', opset: 11, attributes: { pads: [1, 1, 1, 1] } };
    expect(dims(conv, fact(['N', 3, 'H', 32]), fact([8, 3, 3, 3]))).toEqual(['N', 8, 'window1', 32]);
    expect(dims({ type: 'Add', opset: 13 }, fact(['N', 3, 1]), fact([1, 'W']))).toEqual(['N', 3, 'W']);
    expect(
      dims({ type: 'Resize', opset: 11 }, fact(['N', 3, 4, 4]), undefined, undefined, ints('N', 3, 'H', 9)),
    ).toEqual(['N', 3, 'H', 9]);
    expect(dims({ type: 'MatMul', opset: 13 }, fact(['B', 'S', 64]), fact([64, 10]))).toEqual(['B', 'S', 10]);
  });
});

describe('messages say what was found and what was expected', () => {
  const cases: readonly (readonly [NodeSpec, Parameters<typeof infer>[1], string])[] = [
    [{ type: 'Add', opset: 13 }, [fact([2, 3]), fact([4])], 'shapes [2, 3] and [4] do not broadcast: 3 against 4'],
    [
      { type: 'Reshape', opset: 13 },
      [fact([2, 3]), ints(4, -1)],
      '[2, 3] does not reshape to [4, -1]: no whole number fits -1',
    ],
    [{ type: 'Reshape', opset: 13 }, [fact([2, 3]), ints(7)], '[2, 3] does not reshape to [7]: 6 elements against 7'],
    [
      { type: 'Softmax', opset: 13, attributes: { axis: 3 } },
      [fact([2, 3])],
      'axis 3 is outside a tensor of rank 2 [-2, 1]',
    ],
    [
      { type: 'Concat', opset: 13, attributes: { axis: 0 } },
      [fact([2, 3]), fact([2, 4])],
      'dimension 1 of [2, 3] and [2, 4]: 3 and 4 differ',
    ],
    [
      { type: 'Conv', opset: 11, attributes: { strides: [1] } },
      [fact([1, 3, 8, 8]), fact([4, 3, 3, 3])],
      'strides has 1 entries, expected 2',
    ],
    [
      { type: 'Conv', opset: 11 },
      [fact([1, 4, 8, 8]), fact([4, 3, 3, 3])],
      'channels of x [1, 4, 8, 8] and w [4, 3, 3, 3] times group 1: 4 and 3 differ',
    ],
    [
      { type: 'Gemm', opset: 13 },
      [fact([2, 3]), fact([4, 5])],
      'inner dims of A [2, 3] and B [4, 5] (transA 0, transB 0): 3 and 4 differ',
    ],
    [
      { type: 'Squeeze', opset: 11, attributes: { axes: [1] } },
      [fact([2, 3])],
      'dimension 1 of [2, 3] is 3, expected 1',
    ],
    [{ type: 'Mul', opset: 13 }, [fact([1]), fact([1], 'int64')], 'inputs are float32 and int64, expected one type'],
  ];
  for (const [spec, inputs, message] of cases) {
    it(`${spec.type}: ${message}`, () => {
      expect(() => infer(spec, inputs)).toThrow(message);
    });
  }
});

describe('the registry', () => {
  it('finds the definition that holds for an opset', () => {
    expect(findOp('', 'Softmax', 12)?.since).toBe(1);
    expect(findOp('ai.onnx', 'Softmax', 13)?.since).toBe(13);
    expect(findOp('', 'Clip', 10)?.attributes).toHaveProperty('min');
    expect(findOp('', 'Clip', 11)?.attributes).not.toHaveProperty('min');
    expect(findOp('', 'ReduceSum', 13)?.arity).toEqual([1, 2]);
    expect(findOp('', 'ReduceMean', 13)?.arity).toEqual([1, 1]);
    expect(findOp('', 'Resize', 9)).toBeUndefined();
    expect(findOp('', 'Frobnicate', 99)).toBeUndefined();
  });

  it('has no definition twice, in a fixed order', () => {
    const keys = supportedOps().map((d) => `${d.domain}:${d.type}:${String(d.since).padStart(3, '0')}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toEqual([...keys].sort());
    expect(keys.length).toBeGreaterThan(100);
  });
});
