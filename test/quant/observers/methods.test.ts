import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PER_TENSOR, type QuantScheme } from '../../../src/base/quantParams.ts';
import { createJsKernels } from '../../../src/kernels/js/jsKernels.ts';
import { CALIBRATION_METHODS, passesOf } from '../../../src/quant/methods.ts';
import type { MethodOptions } from '../../../src/quant/observers/firstPass.ts';
import { leastErrorRange, squaredError, type ValueHistogram } from '../../../src/quant/observers/mse.ts';
import { elementsAtRanks } from '../../../src/quant/observers/ranks.ts';
import { onnxruntimeParams } from '../../../src/quant/qparams.ts';
import { activationScheme } from '../../../src/quant/scheme.ts';
import { numbersOf } from '../../suites/numbers.ts';
import { outcomeOf, rangeBy } from './rangeBy.ts';

const UINT8 = activationScheme('uint8');
const OPTIONS: MethodOptions = {
  kernels: createJsKernels(),
  scheme: UINT8,
  percentile: 99,
  klFlavour: 'observedSides',
};
const METHODS = CALIBRATION_METHODS.map((row) => row.name);

describe.each(METHODS)('%s', (method) => {
  test('has no range without finite values, however many tensors there are', () => {
    for (const tensors of [[], [new Float32Array(0)], [Float32Array.of(Number.NaN, Infinity, -Infinity)]])
      expect(outcomeOf(method, OPTIONS, tensors)).toEqual({ kind: 'range', range: undefined });
  });

  test('leaves out NaN and infinities', () => {
    const x = numbersOf(5).floats(3000);
    const strange = Float32Array.from([...x, Number.NaN, Infinity, -Infinity]);
    expect(rangeBy(method, OPTIONS, [strange])).toEqual(rangeBy(method, OPTIONS, [x]));
  });

  test('of zeros is [0, 0], and of one value holds it', () => {
    expect(rangeBy(method, OPTIONS, [new Float32Array(100)])).toMatchObject({ lo: 0, hi: 0 });
    for (const v of [3, -3, 1e-30, 3e38].map(Math.fround)) {
      const { lo, hi } = rangeBy(method, OPTIONS, [new Float32Array(50).fill(v)]);
      expect(Math.min(lo, 0)).toBeLessThanOrEqual(Math.min(v, 0));
      expect(Math.max(hi, 0)).toBeGreaterThanOrEqual(Math.max(v, 0));
    }
  });

  test('stays inside the extremes and 0, for tensors of any length', () => {
    const float = fc.float({ min: -100, max: 100, noNaN: true });
    const tensors = fc.array(fc.array(float, { maxLength: 40 }).map(Float32Array.from.bind(Float32Array)), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(tensors, (found) => {
        const all = found.flatMap((x) => [...x]);
        const { range } = outcomeOf(method, OPTIONS, found);
        if (all.length === 0) {
          expect(range).toBeUndefined();
          return;
        }
        const [lo, hi] = [Math.min(0, ...all), Math.max(0, ...all)];
        expect(range?.lo).toBeGreaterThanOrEqual(lo);
        expect(range?.hi).toBeLessThanOrEqual(hi);
        expect(range?.lo).toBeLessThanOrEqual(range?.hi ?? Number.NaN);
      }),
      { numRuns: method === 'KL' ? 20 : 60 },
    );
  });

  test('asks for as many passes as its row says', () => {
    expect(passesOf([method])).toBe(method === 'MAX_MIN' || method === 'REMOVAL_OUTLIER' ? 1 : 2);
    expect(passesOf(['MAX_MIN', method])).toBe(passesOf([method]));
  });
});

test('elementsAtRanks are those of the sorted finite elements', () => {
  for (const change of [
    (v: number) => v,
    (v: number) => Math.max(0, v),
    (v: number) => Math.round(v),
    (v: number) => v * 1e-40,
    (v: number, i: number) => (i % 9 === 0 ? Number.NaN : i % 11 === 0 ? Infinity : -v),
  ]) {
    const x = numbersOf(17).floats(5001).map(change);
    const sorted = x.filter(Number.isFinite).sort();
    const ranks = [0, 1, 17, 2500, sorted.length - 2, sorted.length - 1];
    expect(elementsAtRanks(OPTIONS.kernels, x, ranks)).toEqual(ranks.map((rank) => (sorted[rank] as number) + 0));
  }
});

describe('REMOVAL_OUTLIER', () => {
  test('takes the means over tensors of the ranks floor(0.0001 n) and floor(0.9999 n), products in float32', () => {
    const tensors = [10_000, 10_001, 30_000, 123_457].map((n, i) => numbersOf(i).floats(n));
    const ends = (q: number) =>
      tensors.map((x) => x.slice().sort()[Math.trunc(Math.fround(Math.fround(q) * x.length))] as number);
    const mean = (list: readonly number[]) => Math.fround(list.reduce((s, v) => s + v, 0) / list.length);
    expect(rangeBy('REMOVAL_OUTLIER', OPTIONS, tensors)).toEqual({ lo: mean(ends(0.0001)), hi: mean(ends(0.9999)) });
  });

  test('averages extremes where tensors are small', () => {
    const tensors = [Float32Array.of(-1, 5), Float32Array.of(-3, 2, 0), new Float32Array(0)];
    expect(rangeBy('REMOVAL_OUTLIER', OPTIONS, tensors)).toEqual({ lo: -2, hi: 3.5 });
  });
});

describe('PERCENTILE', () => {
  test.each([50.001, 90, 99, 99.9, 99.999])(
    '%d cuts at most half of the rest on each side, to 2^-19 of the ends',
    (percentile) => {
      const tensors = [1, 3, 4000, 9001].map((n, i) =>
        numbersOf(i)
          .floats(n)
          .map((v) => v ** 3),
      );
      const sorted = Float32Array.from(tensors.flatMap((x) => [...x])).sort();
      const cut = Math.floor((sorted.length * (1 - percentile / 100)) / 2);
      const [low, high] = [sorted[cut] as number, sorted[sorted.length - 1 - cut] as number];
      const { lo, hi } = rangeBy('PERCENTILE', { ...OPTIONS, percentile }, tensors);
      expect(lo).toBeLessThanOrEqual(low);
      expect(low - lo).toBeLessThan(Math.abs(low) * 2 ** -19);
      expect(hi).toBeGreaterThanOrEqual(high);
      expect(hi - high).toBeLessThan(Math.abs(high) * 2 ** -19);
      const inside = sorted.filter((v) => v >= lo && v <= hi).length;
      expect(inside / sorted.length).toBeGreaterThanOrEqual(percentile / 100);
    },
  );

  test('keeps 0 as the lower end of what is rectified, exactly', () => {
    const x = numbersOf(3)
      .floats(20_000)
      .map((v) => Math.max(v, 0));
    const { lo, hi } = rangeBy('PERCENTILE', OPTIONS, [x]);
    expect(lo).toBe(0);
    expect(hi).toBeCloseTo(2.576, 1); // the 99.5 % quantile of a normal distribution
  });

  test('takes the extremes, and says why, where all within the percentile is 0', () => {
    const x = new Float32Array(10_000);
    x[5] = 7;
    expect(outcomeOf('PERCENTILE', OPTIONS, [x])).toEqual({
      kind: 'extremes',
      range: { lo: 0, hi: 7 },
      why: 'all values within the percentile are 0',
    });
  });

  test('is blind to the order and the cuts of the data', () => {
    const x = numbersOf(8).floats(9000);
    const turned = x.slice().reverse();
    const parts = [turned.subarray(0, 1), turned.subarray(1, 4001), turned.subarray(4001)];
    expect(rangeBy('PERCENTILE', OPTIONS, parts)).toEqual(rangeBy('PERCENTILE', OPTIONS, [x]));
  });
});

describe('KL', () => {
  test('says so where values are too small for its bins', () => {
    const x = Float32Array.of(1e-14, -2e-14, 3e-14);
    expect(outcomeOf('KL', OPTIONS, [x])).toEqual({
      kind: 'extremes',
      range: { lo: Math.fround(-2e-14), hi: Math.fround(3e-14) },
      why: "values up to 2.99999994735501e-14 are too small for KL's 2048 bins",
    });
  });

  test('keeps each side that was seen up to the threshold, and both in the flavour of the reference', () => {
    const x = numbersOf(4)
      .floats(300_000)
      .map((v) => (v < 0 ? v / 10 : v));
    x[9] = 8;
    const ours = rangeBy('KL', OPTIONS, [x]);
    const reference = rangeBy('KL', { ...OPTIONS, klFlavour: 'reference' }, [x]);
    expect(reference).toEqual({ lo: -reference.hi, hi: reference.hi, zeroPoint: 0 });
    expect(ours.lo).toBe(x.reduce((m, v) => Math.min(m, v), 0));
    expect(ours.hi).toBeLessThan(6);
  });

  test('keeps the range of an image, whose 256 values lie apart in the bins', () => {
    const random = numbersOf(6);
    const x = Float32Array.from({ length: 50_000 }, () => random.within(0, 255) - 104);
    expect(rangeBy('KL', OPTIONS, [x])).toEqual({ lo: -104, hi: 151 });
    expect(rangeBy('KL', { ...OPTIONS, klFlavour: 'reference' }, [x]).hi).toBeLessThan(11);
  });
});

describe('MSE', () => {
  const SCHEMES: Readonly<Record<string, QuantScheme>> = {
    uint8: UINT8,
    int8: activationScheme('int8'),
    'symmetric int8': activationScheme('int8', 'symmetric'),
    int16: activationScheme('int16'),
    '3 bits': { dtype: 'int8', mapping: 'asymmetric', granularity: PER_TENSOR, qmin: -4, qmax: 3 },
  };

  test.each(Object.entries(SCHEMES))('squaredError is what quantizing the values costs (%s)', (_, scheme) => {
    const x = numbersOf(6)
      .floats(40_000)
      .map((v) => v + 1);
    const histogram = histogramOf(x);
    for (const range of [
      { lo: -1, hi: 2 },
      { lo: 0, hi: 3 },
      { lo: -3, hi: 5 },
    ]) {
      const { scale, zeroPoint } = onnxruntimeParams(range, scheme);
      const each = Array.from(x, (v) => {
        const q = Math.min(Math.max(Math.round(v / scale) + zeroPoint, scheme.qmin), scheme.qmax);
        return (v - (q - zeroPoint) * scale) ** 2;
      });
      const real = each.reduce((s, e) => s + e, 0);
      // A value moves by at most a bin b when it is spread over it: (|e| + b)^2 - e^2, and the sums follow Cauchy-Schwarz.
      const bound = 2 * histogram.step * Math.sqrt(real * x.length) + x.length * histogram.step ** 2;
      expect(Math.abs(squaredError(histogram, range, scheme) - real)).toBeLessThanOrEqual(bound);
    }
  });

  test.each(Object.entries(SCHEMES))('no end of the range can be moved to a better place (%s)', (_, scheme) => {
    for (const change of [
      (v: number) => v,
      (v: number) => v ** 3,
      (v: number) => Math.max(0, v),
      (v: number) => v ** 5 - 3,
    ]) {
      const x = numbersOf(7).floats(20_000).map(change);
      const histogram = histogramOf(x);
      const whole = { lo: Math.min(0, ...x), hi: Math.max(0, ...x) };
      const best = leastErrorRange(histogram, whole, scheme);
      const least = squaredError(histogram, best, scheme);
      for (let k = 1; k <= 128; k++) {
        const [lo, hi] = [Math.fround((whole.lo * k) / 128), Math.fround((whole.hi * k) / 128)];
        const most = Math.fround((Math.max(-whole.lo, whole.hi) * k) / 128);
        const others =
          scheme.mapping === 'symmetric'
            ? [{ lo: -most, hi: most }]
            : [
                { lo, hi: best.hi },
                { lo: best.lo, hi },
              ];
        for (const other of others) expect(squaredError(histogram, other, scheme)).toBeGreaterThanOrEqual(least);
      }
    }
  });

  test('clips outliers at few codes and none at many', () => {
    const x = numbersOf(2).floats(50_000);
    x[7] = 60;
    const at = (scheme: QuantScheme) => rangeBy('MSE', { ...OPTIONS, scheme }, [x]).hi;
    expect(at(SCHEMES['3 bits'] as QuantScheme)).toBeLessThan(4);
    expect(at(UINT8)).toBeLessThan(60);
    expect(at(activationScheme('int16'))).toBe(60);
  });

  test('beats MAX_MIN on data with outliers, judged on the values themselves', () => {
    const x = numbersOf(3)
      .floats(50_000)
      .map((v, i) => (i % 5000 === 0 ? 20 * v : v));
    const cost = (range: { lo: number; hi: number }): number => {
      const { scale, zeroPoint } = onnxruntimeParams(range, UINT8);
      const quantized = (v: number) => Math.min(Math.max(Math.round(v / scale) + zeroPoint, 0), 255);
      return x.reduce((s, v) => s + (v - (quantized(v) - zeroPoint) * scale) ** 2, 0);
    };
    expect(cost(rangeBy('MSE', OPTIONS, [x]))).toBeLessThan(cost(rangeBy('MAX_MIN', OPTIONS, [x])));
  });

  function histogramOf(x: Float32Array): ValueHistogram {
    const [lo, hi] = [Math.min(...x), Math.max(...x)];
    const step = Math.fround((hi - lo) / 2048);
    const counts = new Float64Array(2048);
    OPTIONS.kernels.histogramF32(x, { of: 'values', origin: lo, step }, counts);
    return { origin: lo, step, counts };
  }
});
