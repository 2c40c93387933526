import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PER_TENSOR, type QuantizedTensor, type QuantScheme } from '../../src/base/quantParams.ts';
import { rint } from '../../src/base/round.ts';
import { tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { compareTensors, withGridRates } from '../../src/report/compare.ts';
import { formatNumber } from '../../src/report/format.ts';
import { tensorStats } from '../../src/report/stats.ts';
import { SHARED_DATA } from '../helpers/sharedData.ts';

const kernels = createJsKernels();
const f32 = (...x: number[]) => Float32Array.from(x);

describe('figures of one tensor', () => {
  test('are those of the finite elements, beside the count of the others', () => {
    expect(tensorStats(kernels, f32(4, 0, -2, NaN, 2, Infinity))).toEqual({
      count: 6,
      min: -2,
      q1: 0,
      median: 2,
      q3: 4,
      max: 4,
      mean: 1,
      variance: 5,
      sparsity: 1 / 6,
      nan: 1,
      inf: 1,
    });
  });

  test('of no elements are NaN, with no share of zeros', () => {
    const { count, sparsity, nan, inf, ...figures } = tensorStats(kernels, f32());
    expect([count, sparsity, nan, inf]).toEqual([0, 0, 0, 0]);
    expect(Object.values(figures).every(Number.isNaN)).toBe(true);
  });

  test('of one element are that element', () => {
    expect(tensorStats(kernels, f32(3))).toMatchObject({
      min: 3,
      q1: 3,
      median: 3,
      q3: 3,
      max: 3,
      mean: 3,
      variance: 0,
    });
  });
});

describe('a pair', () => {
  test('of equal tensors has cosine 1 and no error', () => {
    const x = f32(0.1, -0.7, 3.3);
    const report = compareTensors(kernels, x, x);
    expect(report).toMatchObject({ cosine: 1, sqnrDb: Infinity, mse: 0, clipRate: 0, saturation: null });
  });

  test('of a weight and its centroids is not clipped, whatever their indices are', () => {
    const scheme: QuantScheme = {
      dtype: 'int8',
      mapping: 'asymmetric',
      granularity: { kind: 'perTensor' },
      qmin: -2,
      qmax: 1,
      bits: 2,
    };
    const params = { scheme, scale: f32(1), zeroPoint: Int32Array.of(0), table: f32(-90, 0, 90) };
    const clustered: QuantizedTensor = { codes: tensor('int8', [3], Int8Array.of(-2, -1, 0)), params };
    const report = compareTensors(kernels, f32(-91, 1, 90), f32(-90, 0, 90), clustered);
    expect(report).toMatchObject({ clipRate: 0, saturation: null });
    expect(report.mse).toBeCloseTo(2 / 3, 12);
  });

  test('of empty tensors has no error', () => {
    expect(compareTensors(kernels, f32(), f32())).toMatchObject({ cosine: 1, mse: 0, clipRate: 0 });
  });

  test('with 8-bit codes counts elements outside the range and codes at its ends', () => {
    const quant = { dtype: 'int8', scale: f32(1), zeroPoint: Int32Array.of(0) } as const;
    const report = compareTensors(kernels, f32(-128.5, -129, 127.4, 128), f32(-128, -128, 127, 127), {
      codes: Int8Array.of(-128, -128, 127, 127),
      quant,
    });
    expect(report.clipRate).toBe(0.5); // -128.5 rounds to the even -128
    expect(report.saturation).toBe(1);
  });

  test('with unsigned codes uses 0..255', () => {
    const quant = { dtype: 'uint8', scale: f32(0.5), zeroPoint: Int32Array.of(10) } as const;
    const codes = Uint8Array.of(0, 10, 255, 30);
    const report = compareTensors(kernels, f32(-6, 0, 200, 10), f32(-5, 0, 122.5, 10), { codes, quant });
    expect([report.clipRate, report.saturation]).toEqual([0.5, 0.5]);
  });

  test.each([0, 1])('counts constants per channel along axis %i', (axis) => {
    const scheme: QuantScheme = {
      dtype: 'int8',
      mapping: 'symmetric',
      granularity: { kind: 'perChannel', axis },
      qmin: -127,
      qmax: 127,
    };
    const params = { scheme, scale: f32(1, 2), zeroPoint: Int32Array.of(0, 0) };
    const x = [200, 200, -254, 10];
    const codes = x.map((v, i) => {
      const s = [1, 2][axis === 0 ? i >> 1 : i & 1] as number;
      return Math.max(-127, Math.min(127, rint(v / s)));
    });
    const quantized: QuantizedTensor = { codes: tensor('int8', [2, 2], Int8Array.from(codes)), params };
    const report = compareTensors(kernels, f32(...x), f32(...x), quantized);
    // Axis 0: rows have scales 1 and 2, so both 200 clip and -254 lies on the end. Axis 1: columns do.
    expect(report.clipRate).toBe(0.5);
    expect(report.saturation).toBe(axis === 0 ? 0.75 : 0.5);
  });
});

interface DebugCase {
  readonly n: number;
  readonly row: 'Origin' | 'Dequant';
  readonly csv_tail: string;
}

const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');

describe.skipIf(!existsSync(golden))(`figures as converter_lite prints them (${golden})`, () => {
  test('min, max, mean, deviation, sparsity and cosine agree, quartiles within one rank', () => {
    const { cases } = JSON.parse(readFileSync(golden, 'utf8')).debug_stats as { cases: DebugCase[] };
    expect(cases.length).toBe(18);
    for (const { n, row, csv_tail } of cases) {
      const { a, b } = pairOf(n);
      const report = compareTensors(kernels, a, b);
      const stats = row === 'Origin' ? report.origin : report.dequant;
      const [min, q1, median, q3, max, mean, deviation, sparsity, , cos] = csv_tail.split(',');
      const ours = [stats.min, stats.max, stats.mean, stats.sparsity].map((x) => formatNumber(x));
      expect(ours, `n = ${n}, ${row}`).toEqual([min, max, mean, sparsity]);
      expect(Math.sqrt(stats.variance)).toBeCloseTo(Number(deviation), 5);
      if (row === 'Dequant') expect(formatNumber(report.cosine)).toBe(cos);
      if (n >= 4) {
        const sorted = (row === 'Origin' ? a : b).slice().sort();
        for (const [q, theirs] of [
          [stats.q1, q1],
          [stats.median, median],
          [stats.q3, q3],
        ] as const) {
          const last = sorted.lastIndexOf(q);
          const near = Array.from(sorted.slice(Math.max(0, sorted.indexOf(q) - 1), last + 2), (x) => formatNumber(x));
          expect(near, `n = ${n}, ${row}`).toContain(theirs);
        }
      }
    }
  });
});

/** The reference's synthetic tensor of n elements, and itself through the grid of [-2, 2]. */
function pairOf(n: number): { a: Float32Array; b: Float32Array } {
  let state = 7;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const gauss = () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum - 6;
  };
  const a = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const g = gauss();
    a[i] = i % 5 === 3 ? 0 : g;
  }
  const scale = Math.fround(4 / 255);
  const b = a.map((x) => scale * Math.max(-128, Math.min(127, rint(x / scale))));
  return { a, b };
}

describe('a tensor that was rounded to a grid and is held in floats', () => {
  const scheme = { dtype: 'int16', mapping: 'symmetric', granularity: PER_TENSOR, qmin: -2, qmax: 1 } as const;
  const params = { scheme, scale: Float32Array.of(0.5), zeroPoint: Int32Array.of(0) };
  const [origin, dequant] = [Float32Array.of(-1, -1.25, 0.2, 0.75, 0.7), Float32Array.of(-1, -1, 0, 0.5, 0.5)];
  const report = compareTensors(kernels, origin, dequant);

  test('has the clip rate of its elements before rounding and the saturation of its codes', () => {
    // -1.25 / 0.5 = -2.5 ties to -2, which is inside; 0.75 / 0.5 = 1.5 ties to 2, which is not
    const found = withGridRates(report, { origin, dequant }, params);
    expect([found.clipRate, found.saturation]).toEqual([1 / 5, 4 / 5]);
    expect(found.cosine).toBe(report.cosine);
  });

  test('has neither with parameters per channel, nor without elements', () => {
    const two = { ...params, scale: Float32Array.of(0.5, 1), zeroPoint: Int32Array.of(0, 0) };
    expect(withGridRates(report, { origin, dequant }, two)).toMatchObject({ clipRate: null, saturation: null });
    const none = new Float32Array(0);
    expect(withGridRates(report, { origin: none, dequant: none }, params).clipRate).toBeNull();
  });
});
