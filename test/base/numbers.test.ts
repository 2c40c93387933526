import { describe, expect, it } from 'vitest';
import { valuesOfCodes } from '../../src/base/floatBits.ts';
import { roundInPlace, roundToBfloat16, roundToFloat16, roundToSmallFloat } from '../../src/base/half.ts';
import { cosine, metricSums, mse, sqnrDb } from '../../src/base/metrics.ts';
import { seededRandom } from '../../src/base/random.ts';
import { quartilesInPlace, selectInPlace } from '../../src/base/select.ts';

describe('narrow floats', () => {
  it('every value of a type rounds to itself', () => {
    for (const v of valuesOfCodes('float16')) expect(Object.is(roundToFloat16(v), v) || Number.isNaN(v)).toBe(true);
    for (const v of valuesOfCodes('bfloat16')) expect(Object.is(roundToBfloat16(v), v) || Number.isNaN(v)).toBe(true);
    for (const dtype of ['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz'] as const) {
      for (const v of valuesOfCodes(dtype)) {
        if (Number.isFinite(v)) expect(roundToSmallFloat(dtype, v, true)).toBe(v);
      }
    }
  });

  it('ties go to even, overflow to infinity or the largest', () => {
    expect(roundToFloat16(2049)).toBe(2048);
    expect(roundToFloat16(2051)).toBe(2052);
    expect(roundToFloat16(65519)).toBe(65504);
    expect(roundToFloat16(65520)).toBe(Infinity);
    expect(roundToFloat16(2 ** -25)).toBe(0);
    expect(roundToFloat16(-(2 ** -24) * 1.5)).toBe(-(2 ** -23));
    expect(roundToBfloat16(1.01)).toBe(1.0078125);
    expect(roundToSmallFloat('float8e4m3fn', 1000, true)).toBe(448);
    expect(roundToSmallFloat('float8e4m3fn', 1000, false)).toBeNaN();
    expect(roundToSmallFloat('float8e5m2', -1e6, false)).toBe(-Infinity);
  });
});

describe('roundInPlace', () => {
  it('equals rounding one by one, over all magnitudes', () => {
    const random = seededRandom(11);
    const x = Float32Array.from({ length: 100_000 }, () => random.normal() * 2 ** (random.below(50) - 30));
    x.set([0, -0, NaN, Infinity, 65519, 65520, -65520, 2 ** -14, 2 ** -15, 2049, 2051, 4098, 4102]);
    const rounded = x.slice();
    roundInPlace('float16', rounded);
    expect(Array.from(rounded)).toEqual(Array.from(x, roundToFloat16));
  });
});

describe('metrics', () => {
  it('equal vectors have cosine exactly 1, no noise, and no error', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 200; i++) {
      const x = Float32Array.from({ length: 17 }, () => random.normal());
      const sums = metricSums(x, x);
      expect(cosine(sums)).toBe(1);
      expect(sqnrDb(sums)).toBe(Infinity);
      expect(mse(sums)).toBe(0);
    }
  });

  it('zero vectors, and a known pair', () => {
    expect(cosine(metricSums([0, 0], [0, 0]))).toBe(1);
    expect(cosine(metricSums([0, 0], [1, 0]))).toBe(0);
    const sums = metricSums([3, 4], [3, 3]);
    expect(mse(sums)).toBe(0.5);
    expect(sqnrDb(sums)).toBeCloseTo(10 * Math.log10(25), 12);
  });
});

describe('order statistics', () => {
  it('equal sorting, with repeats and infinities', () => {
    const random = seededRandom(2);
    for (let n = 1; n < 80; n++) {
      const x = Float32Array.from({ length: n }, () => (random.below(9) === 0 ? Infinity : random.below(7) - 3));
      const sorted = x.slice().sort();
      for (const k of [0, n >> 1, n - 1]) expect(selectInPlace(x.slice(), k)).toBe(sorted[k]);
      expect(quartilesInPlace(x)).toEqual([0.25, 0.5, 0.75].map((q) => sorted[Math.floor(q * n)]));
    }
    expect(quartilesInPlace(new Float32Array())).toEqual([NaN, NaN, NaN]);
  });
});

describe('random numbers', () => {
  it('repeat with the seed, stay in range, and have the moments they should', () => {
    const [a, b] = [seededRandom(5), seededRandom(5)];
    let [sum, squares] = [0, 0];
    for (let i = 0; i < 20_000; i++) {
      const x = a.normal();
      expect(b.normal()).toBe(x);
      sum += x;
      squares += x * x;
    }
    expect(Math.abs(sum / 20_000)).toBeLessThan(0.05);
    expect(Math.abs(squares / 20_000 - 1)).toBeLessThan(0.05);
  });
});
