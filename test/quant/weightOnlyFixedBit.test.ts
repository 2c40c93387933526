import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Granularity, PER_TENSOR } from '../../src/base/quantParams.ts';
import { dequantize } from '../../src/quant/dequantize.ts';
import { quantizeFixedBit } from '../../src/quant/weightOnly/fixedBit.ts';
import { SHARED_DATA } from '../helpers/sharedData.ts';
import { goldenWeight } from './weightOnlyGolden.ts';

const at = { file: 'm.onnx' };
const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');

interface Case {
  readonly bits: number;
  readonly per_channel: number;
  readonly symmetric: number;
  readonly params: readonly {
    readonly scale: number | null;
    readonly zp: number;
    readonly var_corr: number | null;
    readonly mean_corr: number | null;
  }[];
  readonly q_first8: readonly number[];
  readonly q_sum: number;
}

describe.skipIf(!existsSync(golden))('golden weights of the reference', () => {
  const { cases } = JSON.parse(readFileSync(golden, 'utf8')).weights as { cases: readonly Case[] };
  const weight = goldenWeight();

  test('there are 28', () => expect(cases).toHaveLength(28));

  test.each(cases.filter((c) => c.bits > 1 || c.symmetric === 0))(
    '$bits bits, per channel $per_channel, symmetric $symmetric',
    ({ bits, per_channel, symmetric, params, q_first8, q_sum }) => {
      const granularity: Granularity = per_channel === 1 ? { kind: 'perChannel', axis: 0 } : PER_TENSOR;
      const mapping = symmetric === 1 ? 'symmetric' : 'asymmetric';
      const q = quantizeFixedBit(weight, [4, 3, 3, 3], { bits, granularity, mapping, correction: 'applied' }, at);
      const codes = Array.from(q.codes.data as Int8Array);
      expect(q.params.correction).toBeDefined();
      expect(
        params.map((_, c) => ({
          scale: q.params.scale[c],
          zp: q.params.zeroPoint[c],
          var_corr: q.params.correction?.variance[c],
          mean_corr: q.params.correction?.mean[c],
        })),
      ).toEqual(
        params.map((p) => ({
          ...p,
          var_corr: Math.fround(p.var_corr as number),
          mean_corr: Math.fround(p.mean_corr as number),
        })),
      );
      expect(codes.slice(0, 8)).toEqual(q_first8);
      expect(codes.reduce((a, b) => a + b, 0)).toBe(q_sum);
    },
  );
});

describe('codes of fixed bits', () => {
  const numbers = fc.array(fc.float({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true }), {
    minLength: 1,
    maxLength: 24,
  });

  test('stand for numbers within a step of the weights, and zero for zero, in any width', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 16 }), (list, bits) => {
        const weight = Float32Array.from([...list, 0]);
        const options = { bits, granularity: PER_TENSOR, mapping: 'asymmetric', correction: 'none' } as const;
        const q = quantizeFixedBit(weight, [weight.length], options, at);
        const codes = Array.from(q.codes.data as Int8Array);
        expect(Math.min(...codes)).toBeGreaterThanOrEqual(-(2 ** (bits - 1)));
        expect(Math.max(...codes)).toBeLessThanOrEqual(2 ** (bits - 1) - 1);
        const made = dequantize(q);
        const step = q.params.scale[0] as number;
        // Half a step of rounding, and half of one by which nudging the range onto a code for 0 cuts off its end.
        const farthest = weight.reduce((most, w, i) => Math.max(most, Math.abs(w - (made[i] as number))), 0);
        expect(farthest).toBeLessThanOrEqual(step * (1 + 2 ** -20));
        expect(made.at(-1)).toBe(0);
      }),
    );
  });

  test('with correction have the mean and the deviation of the weights', () => {
    const spread = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(spread, fc.integer({ min: 3, max: 8 }), (list, bits) => {
        const weight = Float32Array.from(list);
        const options = { bits, granularity: PER_TENSOR, mapping: 'asymmetric', correction: 'applied' } as const;
        const q = quantizeFixedBit(weight, [weight.length], options, at);
        const moments = (x: Float32Array) => {
          const mean = x.reduce((a, b) => a + b, 0) / x.length;
          return { mean, deviation: Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length) };
        };
        const [ours, theirs] = [moments(dequantize(q)), moments(weight)];
        // Numbers are below 8, and each is rounded to float32 a handful of times.
        expect(Math.abs(ours.mean - theirs.mean)).toBeLessThan(8 * 8 * 2 ** -24);
        if (q.params.correction?.variance[0] !== 1)
          expect(Math.abs(ours.deviation - theirs.deviation)).toBeLessThan(8 * 8 * 2 ** -24);
      }),
    );
  });

  test('one bit has the codes -1 and 0', () => {
    const options = { bits: 1, granularity: PER_TENSOR, mapping: 'asymmetric', correction: 'none' } as const;
    const q = quantizeFixedBit(Float32Array.of(-3, -2.9, 0, 0.1), [4], options, at);
    expect([...(q.codes.data as Int8Array)]).toEqual([-1, -1, 0, 0]);
    expect(q.codes.dtype).toBe('int8');
  });

  test('above 8 bits are held in int16; channels along any axis have ranges of their own', () => {
    const granularity = { kind: 'perChannel', axis: 1 } as const;
    const options = { bits: 9, granularity, mapping: 'asymmetric', correction: 'none' } as const;
    const weight = Float32Array.of(1, 0, -300, 20, 5, 0);
    const q = quantizeFixedBit(weight, [2, 3], options, at);
    expect(q.codes.dtype).toBe('int16');
    expect(Array.from(q.params.scale, (s) => Math.round(s * 511))).toEqual([20, 5, 300]);
    expect([...(q.codes.data as Int16Array)]).toEqual([-230, -256, -256, 255, 255, 255]);
  });

  test('a channel of zeros, or of one number, comes back as it is', () => {
    const granularity = { kind: 'perChannel', axis: 0 } as const;
    const options = { bits: 8, granularity, mapping: 'asymmetric', correction: 'applied' } as const;
    const made = dequantize(quantizeFixedBit(Float32Array.of(0, 0, 7, 7, -2, -2), [3, 2], options, at));
    expect([...made]).toEqual([0, 0, 7, 7, -2, -2]);
  });
});
