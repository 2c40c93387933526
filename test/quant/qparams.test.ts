import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PER_TENSOR, type QuantScheme } from '../../src/base/quantParams.ts';
import { tensor } from '../../src/base/tensor.ts';
import { leastWeightScale, quantizeBias } from '../../src/quant/bias.ts';
import { dequantize } from '../../src/quant/dequantize.ts';
import { mindsporeParams, onnxruntimeParams } from '../../src/quant/qparams.ts';
import { activationScheme, weightScheme } from '../../src/quant/scheme.ts';
import { quantizeWeight } from '../../src/quant/weights.ts';
import { SHARED_DATA } from '../helpers/sharedData.ts';

const at = { file: 'model.onnx' };
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });

describe('parameters of a range, target onnxruntime', () => {
  test.each([
    { lo: -123, hi: 151, scheme: activationScheme('int8'), scale: Math.fround(1.0745099), zeroPoint: -14 },
    { lo: 0, hi: 6, scheme: activationScheme('uint8'), scale: Math.fround(6 / 255), zeroPoint: 0 },
    { lo: 1, hi: 5, scheme: activationScheme('int8'), scale: Math.fround(5 / 255), zeroPoint: -128 },
    { lo: -3, hi: 2, scheme: weightScheme(PER_TENSOR), scale: Math.fround(6 / 254), zeroPoint: 0 },
  ])('[$lo, $hi] gives $scale and $zeroPoint', ({ lo, hi, scheme, scale, zeroPoint }) => {
    expect(onnxruntimeParams({ lo, hi }, scheme)).toEqual({ scale, zeroPoint, degenerate: false });
  });

  test('an all-zero range has scale 1 and zero point 0 and says so', () => {
    expect(onnxruntimeParams({ lo: 0, hi: 0 }, activationScheme('uint8'))).toEqual({
      scale: 1,
      zeroPoint: 0,
      degenerate: true,
    });
    expect(onnxruntimeParams({ lo: 0, hi: 1e-38 }, activationScheme('uint8')).degenerate).toBe(true);
  });

  test('zero is a code of every range, and the zero point lies inside the code range', () => {
    fc.assert(
      fc.property(float32, float32, fc.constantFrom('int8', 'uint8'), (a, b, dtype) => {
        const scheme = activationScheme(dtype as 'int8');
        const { zeroPoint } = onnxruntimeParams({ lo: Math.min(a, b), hi: Math.max(a, b) }, scheme);
        expect(Number.isInteger(zeroPoint)).toBe(true);
        expect(zeroPoint).toBeGreaterThanOrEqual(scheme.qmin);
        expect(zeroPoint).toBeLessThanOrEqual(scheme.qmax);
      }),
    );
  });
});

const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');

describe.skipIf(!existsSync(golden))(`parameters of a range, MindSpore targets (${golden})`, () => {
  test('every golden range gives the reference scale, zero point and nudged range', () => {
    const cases = JSON.parse(readFileSync(golden, 'utf8')).quant_params as Record<string, number>[];
    expect(cases.length).toBeGreaterThan(10);
    for (const c of cases) {
      const scheme: QuantScheme = {
        dtype: 'int8',
        mapping: c.symmetric ? 'symmetric' : 'asymmetric',
        granularity: PER_TENSOR,
        qmin: c.qmin as number,
        qmax: c.qmax as number,
      };
      const got = mindsporeParams({ lo: c.min as number, hi: c.max as number }, scheme);
      expect({ scale: got.scale, zp: got.zeroPoint, lo: got.lo, hi: got.hi }, JSON.stringify(c)).toEqual({
        scale: c.scale ?? Number.NaN,
        zp: c.zp ?? Number.NaN,
        lo: Math.fround(c.encode_min ?? Number.NaN),
        hi: Math.fround(c.encode_max ?? Number.NaN),
      });
    }
  });
});

describe('weights', () => {
  const matrix = fc.array(float32, { minLength: 12, maxLength: 12 }).map((x) => Float32Array.from(x));

  test('dequantized weights are within half a step, and the largest never clips', () => {
    fc.assert(
      fc.property(matrix, (data) => {
        const q = quantizeWeight(tensor('float32', [3, 4], data), weightScheme({ kind: 'perChannel', axis: 0 }), {
          at,
        }).quantized;
        const back = dequantize(q);
        data.forEach((x, i) => {
          const s = q.params.scale[Math.floor(i / 4)] as number;
          expect(Math.abs(x - (back[i] as number))).toBeLessThanOrEqual(s * 0.5000001);
        });
      }),
    );
  });

  test('one channel per channel equals per tensor, and permuting channels permutes the parameters', () => {
    fc.assert(
      fc.property(matrix, (data) => {
        const whole = quantizeWeight(tensor('float32', [1, 12], data), weightScheme({ kind: 'perChannel', axis: 0 }), {
          at,
        }).quantized;
        const single = quantizeWeight(tensor('float32', [1, 12], data), weightScheme(PER_TENSOR), { at }).quantized;
        expect(whole.codes).toEqual(single.codes);
        expect(whole.params.scale).toEqual(single.params.scale);
        const axis0 = { kind: 'perChannel', axis: 0 } as const;
        const straight = quantizeWeight(tensor('float32', [3, 4], data), weightScheme(axis0), { at }).quantized;
        const turned = Float32Array.from([...data.slice(4), ...data.slice(0, 4)]);
        const rotated = quantizeWeight(tensor('float32', [3, 4], turned), weightScheme(axis0), { at }).quantized;
        expect([...rotated.params.scale]).toEqual([...straight.params.scale.slice(1), straight.params.scale[0]]);
      }),
    );
  });

  test('an inner axis is quantized channel by channel', () => {
    const q = quantizeWeight(
      tensor('float32', [2, 3], Float32Array.from([1, 20, 300, -1, 10, -300])),
      weightScheme({ kind: 'perChannel', axis: 1 }),
      { at },
    );
    expect([...(q.quantized.codes.data as Int8Array)]).toEqual([127, 127, 127, -127, 64, -127]);
  });

  test('NaN and infinity in a weight are an error that counts them', () => {
    const bad = tensor('float32', [2, 2], Float32Array.from([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NaN]));
    expect(() => quantizeWeight(bad, weightScheme(PER_TENSOR), { at })).toThrow(/QNT201.*2 NaN and 1 infinite/);
  });

  test('a bias that int32 cannot hold raises the weight scale of its channel, and the weight is quantized again', () => {
    const bias = Float32Array.from([1e12, 1]);
    const least = leastWeightScale(bias, 1e-3, 2);
    const weight = tensor('float32', [2, 2], Float32Array.from([0.5, -1, 0.5, -1]));
    const { quantized, diagnostics } = quantizeWeight(weight, weightScheme({ kind: 'perChannel', axis: 0 }), {
      at,
      minimumScale: least,
    });
    expect(diagnostics.map((d) => d.code)).toEqual(['QNT207']);
    const parts = {
      bias,
      inputScale: 1e-3,
      weight: quantized.params,
      arithmetic: 'onnxruntime',
      rule: 'exact',
      at,
    } as const;
    const b = quantizeBias(parts).quantized;
    expect((dequantize(b)[0] as number) / 1e12).toBeCloseTo(1, 3);
    expect((b.codes.data as Int32Array)[0]).toBeLessThan(1073741824);
    expect((quantized.codes.data as Int8Array)[2]).toBe(64);
  });
});
