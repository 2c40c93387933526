import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { codeStats } from '../../src/report/codeStats.ts';
import { compareTensors } from '../../src/report/compare.ts';
import { tensorStats } from '../../src/report/stats.ts';
import { pairFigures } from '../../src/whatif/figures.ts';

const kernels = createJsKernels();
const EPSILON_F64 = 2 ** -53;

describe('what the histogram of the codes tells', () => {
  test.each([
    [true, 1],
    [true, 1000],
    [false, 7],
    [false, 4096],
  ])('is what the dequantized tensor tells (signed %s, %i codes)', (signed, length) => {
    const random = seededRandom(length);
    const codes = signed ? new Int8Array(length) : new Uint8Array(length);
    for (let i = 0; i < length; i++) codes[i] = (signed ? 0 : 128) + Math.round(40 * random.normal());
    const q = { scale: Math.fround(0.037), zeroPoint: signed ? -3 : 117, signed };
    const floats = new Float32Array(length);
    kernels.dequantizeQ8(codes, q, floats);
    const { mean, variance, ...exact } = tensorStats(kernels, floats);
    const { stats, sumOfSquares, saturated } = codeStats(kernels.histogram8(codes), q);
    expect(stats).toMatchObject(exact);
    expect(saturated).toBe(kernels.countSaturated8(codes, signed ? -128 : 0, signed ? 127 : 255));
    // n additions of terms of this magnitude, in two orders
    const magnitude = floats.reduce((s, v) => s + Math.abs(v), 0);
    const squares = kernels.momentsF32(floats).sumOfSquares;
    const slack = 2 * (length + 2) * EPSILON_F64;
    expect(Math.abs(stats.mean - mean)).toBeLessThanOrEqual((slack * magnitude) / length);
    expect(Math.abs(sumOfSquares - squares)).toBeLessThanOrEqual(slack * squares);
    expect(Math.abs(stats.variance - variance)).toBeLessThanOrEqual((4 * slack * squares) / length);
  });
});

describe('a pair with codes', () => {
  test('has the cosine and errors of its two tensors', () => {
    const random = seededRandom(5);
    const origin = Float32Array.from({ length: 3000 }, () => random.normal());
    const q = { scale: Math.fround(0.02), zeroPoint: 120, signed: false };
    const codes = new Uint8Array(3000);
    const dequant = new Float32Array(3000);
    kernels.quantizeF32(origin, q, codes);
    kernels.dequantizeQ8(codes, q, dequant);
    const quant = { dtype: 'uint8', scale: Float32Array.of(0.02), zeroPoint: Int32Array.of(120) } as const;
    const withCodes = compareTensors(kernels, origin, dequant, { codes, quant });
    const without = compareTensors(kernels, origin, dequant);
    const slack = 2 * 3002 * EPSILON_F64;
    expect(Math.abs(withCodes.cosine - without.cosine)).toBeLessThanOrEqual(4 * slack);
    expect(Math.abs(withCodes.mse - without.mse)).toBeLessThanOrEqual(slack * without.mse);
    expect(withCodes.clipRate).toBe(kernels.countClippedF32(origin, q) / 3000);
  });

  test('of equal tensors has cosine 1, whatever the order of sums', () => {
    const codes = Uint8Array.from({ length: 999 }, (_, i) => i % 250);
    const quant = { dtype: 'uint8', scale: Float32Array.of(0.1), zeroPoint: Int32Array.of(9) } as const;
    const x = new Float32Array(999);
    kernels.dequantizeQ8(codes, { scale: Math.fround(0.1), zeroPoint: 9, signed: false }, x);
    expect(compareTensors(kernels, x, x, { codes, quant })).toMatchObject({ cosine: 1, sqnrDb: Infinity, mse: 0 });
  });

  test('with an infinite element counts it as clipped', () => {
    const quant = { dtype: 'uint8', scale: Float32Array.of(1), zeroPoint: Int32Array.of(0) } as const;
    const report = compareTensors(kernels, Float32Array.of(Infinity, 1), Float32Array.of(255, 1), {
      codes: Uint8Array.of(255, 1),
      quant,
    });
    expect([report.clipRate, report.saturation]).toEqual([0.5, 0.5]);
  });

  test.each(['with codes', 'left float'])('whose figures are known takes no sums of the pair again, %s', (which) => {
    const codes = Uint8Array.from({ length: 999 }, (_, i) => i % 250);
    const quant = { dtype: 'uint8', scale: Float32Array.of(0.1), zeroPoint: Int32Array.of(9) } as const;
    const dequant = new Float32Array(999);
    kernels.dequantizeQ8(codes, { scale: Math.fround(0.1), zeroPoint: 9, signed: false }, dequant);
    const origin = dequant.map((v, i) => v + 0.01 * (i % 3));
    const coded = which === 'with codes' ? { codes, quant } : undefined;
    const figures = pairFigures(kernels, origin, dequant, coded);
    const never = (): never => {
      throw new Error('these sums are known');
    };
    const without = { ...kernels, pairSumsF32: never, momentsAndErrorF32: never, countClippedF32: never };
    const { cosine, sqnrDb, mse, clipRate, saturation, ...stats } = compareTensors(
      without,
      origin,
      dequant,
      coded,
      figures,
    );
    expect({ cosine, sqnrDb, mse, saturation }).toEqual({
      cosine: figures.cosine,
      sqnrDb: figures.sqnrDb,
      mse: figures.mse,
      saturation: figures.saturation,
    });
    const fresh = compareTensors(kernels, origin, dequant, coded);
    expect(clipRate).toBe(fresh.clipRate);
    expect(saturation).toBe(fresh.saturation);
    expect(stats).toEqual({ origin: fresh.origin, dequant: fresh.dequant });
  });
});
