import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { newDynamicCache, quantizeConstant, turned } from '../../src/quant/dynamicWeights.ts';
import { weightScheme } from '../../src/quant/scheme.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { goldenWeight } from './weightOnlyGolden.ts';

interface Case {
  readonly bits: number;
  readonly per_channel: 0 | 1;
  readonly symmetric: 0 | 1;
  readonly params: readonly { readonly scale: number; readonly zp: number }[];
  readonly q_first8: readonly number[];
  readonly q_sum: number;
}

const AT = { file: 'm.onnx' };

describeWithShared('weights of DYNAMIC_QUANT under strict_reference', () => {
  test('have the scales, zero points and codes of the reference', () => {
    const golden = JSON.parse(readFileSync(sharedData('../reference/mindspore-golden.json'), 'utf8'));
    const cases = (golden.weights.cases as readonly Case[]).filter((c) => c.bits === 8);
    expect(cases).toHaveLength(4);
    const weight = tensor('float32', [4, 3, 3, 3], goldenWeight());
    for (const { per_channel, symmetric, params, q_first8, q_sum } of cases) {
      const granularity =
        per_channel === 1 ? ({ kind: 'perChannel', axis: 0 } as const) : ({ kind: 'perTensor' } as const);
      const scheme = weightScheme(granularity, { bits: 8, mapping: symmetric === 1 ? 'symmetric' : 'asymmetric' });
      const { codes, params: made } = quantizeConstant(weight, scheme, 'mindspore', AT);
      expect(Array.from(made.scale)).toEqual(params.map((p) => p.scale));
      expect(Array.from(made.zeroPoint)).toEqual(params.map((p) => p.zp));
      const data = Array.from(codes.data as Int8Array);
      expect(data.slice(0, 8)).toEqual(q_first8);
      expect(data.reduce((a, b) => a + b, 0)).toBe(q_sum);
    }
  });
});

test('a turned weight has its codes and its scales along the other axis', () => {
  const weight = tensor('float32', [2, 3], Float32Array.of(1, -2, 3, 0.5, 0.25, -1));
  const scheme = weightScheme({ kind: 'perChannel', axis: 0 });
  const quantized = quantizeConstant(weight, scheme, 'onnxruntime', AT);
  const cache = newDynamicCache();
  const other = turned(quantized, cache);
  expect(other.codes.dims).toEqual([3, 2]);
  expect(codesOf(quantized.codes)).toEqual([42, -85, 127, 64, 32, -127]);
  expect(codesOf(other.codes)).toEqual([42, 64, -85, 32, 127, -127]);
  expect(other.params.scheme.granularity).toEqual({ kind: 'perChannel', axis: 1 });
  expect(other.params.scale).toBe(quantized.params.scale);
  expect(turned(quantized, cache)).toBe(other);
});

test.each([[[0, 4]], [[3, 0]], [[1, 1]]])(
  'a weight of shape %j has a scale and a code for each of its elements',
  (dims) => {
    const count = (dims[0] ?? 0) * (dims[1] ?? 0);
    const weight = tensor('float32', dims, new Float32Array(count));
    for (const axis of [0, 1]) {
      const q = quantizeConstant(weight, weightScheme({ kind: 'perChannel', axis }), 'onnxruntime', AT);
      expect(q.codes.data).toHaveLength(count);
      expect(Array.from(q.params.scale)).toEqual(new Array(dims[axis]).fill(1));
    }
  },
);

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight that holds %s is refused by name', (x) => {
  const weight = tensor('float32', [1, 2], Float32Array.of(1, x));
  expect(() =>
    quantizeConstant(weight, weightScheme({ kind: 'perTensor' }), 'onnxruntime', { ...AT, tensor: 'w' }),
  ).toThrow(/QNT201.*w/);
});

function codesOf(t: Tensor): number[] {
  return Array.from(t.data as Int8Array);
}
