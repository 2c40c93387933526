import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dequantize } from '../../src/quant/dequantize.ts';
import { hasUnseenSmallest, quantizeByStep, searchStep, stepForScale } from '../../src/quant/weightOnly/mixedBit.ts';
import { SHARED_DATA } from '../helpers/sharedData.ts';
import { goldenMixedWeight } from './weightOnlyGolden.ts';

const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');

interface Case {
  readonly init_scale: number;
  readonly case: number;
  readonly scale: number;
  readonly var_corr: number;
  readonly mean_corr: number;
  readonly distinct: number;
  readonly entropy_bits: number;
  readonly rel_err: number;
  readonly auto_tune_scale: number;
}

describe.skipIf(!existsSync(golden))('golden mixed-bit steps of the reference', () => {
  const { cases } = JSON.parse(readFileSync(golden, 'utf8')).mixed_bit as { cases: readonly Case[] };

  test('there are 8', () => expect(cases).toHaveLength(8));

  test.each(cases)('init_scale $init_scale, weight $case', (c) => {
    const weight = goldenMixedWeight(c.case);
    const step = searchStep(weight, { target: c.init_scale, asReference: true }) as number;
    expect(step).toBe(Math.fround(c.scale));
    expect(searchStep(weight, { target: c.init_scale, asReference: false })).toBe(step);
    const q = quantizeByStep(weight, [16, 8, 3, 3], step);
    if (q === undefined) throw new Error('16 bits hold the codes');
    expect(q.params.correction?.variance[0]).toBe(Math.fround(c.var_corr));
    expect(Math.abs((q.params.correction?.mean[0] as number) - c.mean_corr)).toBeLessThan(1e-10);
    const counts = new Map<number, number>();
    for (const code of q.codes.data as Int16Array) counts.set(code, (counts.get(code) ?? 0) + 1);
    expect(counts.size).toBe(c.distinct);
    const entropy = [...counts.values()].reduce((sum, n) => sum - (n / 1152) * Math.log2(n / 1152), 0);
    expect(Math.abs(entropy - c.entropy_bits)).toBeLessThan(1e-6); // the golden one has six decimals
    expect(stepForScale(weight, c.init_scale)).toBe(Math.fround(c.auto_tune_scale));
    const made = dequantize(q);
    let [norm, distance] = [0, 0];
    weight.forEach((w, i) => {
      norm += w * w;
      distance += (w - (made[i] as number)) ** 2;
    });
    expect(Math.abs(Math.sqrt(distance / norm) / c.rel_err - 1)).toBeLessThan(1e-5); // float32 sums in the reference
  });
});

describe('a step', () => {
  const rising = Float32Array.from({ length: 200 }, (_, i) => i / 100 - 1);
  const errorOf = (weight: Float32Array, step: number): number => {
    const q = quantizeByStep(weight, [weight.length], step);
    if (q === undefined) throw new Error('16 bits hold the codes');
    const made = dequantize(q);
    const sum = (f: (i: number) => number) => weight.reduce((all, _, i) => all + f(i), 0);
    return Math.sqrt(
      sum((i) => ((weight[i] as number) - (made[i] as number)) ** 2) / sum((i) => (weight[i] as number) ** 2),
    );
  };

  test('of a rising weight has the error asked for; converter_lite sees no smallest element and takes a huge one', () => {
    const step = searchStep(rising, { target: 0.05, asReference: false }) as number;
    expect(Math.abs(errorOf(rising, step) / 0.05 - 1)).toBeLessThan(0.011);
    expect(searchStep(rising, { target: 0.05, asReference: true })).toBe(Math.fround((rising[199] as number) + 1e-5));
    expect([hasUnseenSmallest(rising), hasUnseenSmallest(rising.slice().reverse())]).toEqual([true, false]);
  });

  test('of equal elements, of zeros, of one element is found', () => {
    for (const weight of [new Float32Array(5), new Float32Array(4).fill(-3), Float32Array.of(2)]) {
      const step = searchStep(weight, { target: 0.02, asReference: false }) as number;
      expect(step).toBe(Math.fround(Math.abs(weight[0] as number) + 1e-5));
      expect(quantizeByStep(weight, [weight.length], step)?.codes.data).toEqual(
        Int16Array.from(weight, (w) => Math.round(w / step)),
      );
    }
  });

  test('too small for 16-bit codes makes none', () => {
    expect(quantizeByStep(Float32Array.of(1, -1), [2], 1 / 32768)).toBeUndefined();
    expect(quantizeByStep(Float32Array.of(1, -1), [2], 1 / 32767)?.codes.data).toEqual(Int16Array.of(32767, -32767));
    expect(quantizeByStep(new Float32Array(2), [2], stepForScale(new Float32Array(2), 0.1))).toBeUndefined();
  });

  test('of a weight whose spread is small beside its mean cannot be found', () => {
    const weight = Float32Array.from({ length: 100 }, (_, i) => 100 + (i % 10) / 100);
    expect(searchStep(weight, { target: 0.5, asReference: false })).toBeUndefined();
  });
});
