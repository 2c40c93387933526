import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multiplyByFixedPoint, toFixedPoint } from '../../src/base/fixedPoint.ts';
import type { Requantizer } from '../../src/kernels/kernelSet.ts';
import { fixedPointExactly, multiplyExactly, requantizeExactly } from '../suites/requantize.ts';
import { ENGINES } from './engines.ts';

const INT32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const ACCUMULATOR = fc.oneof(INT32, fc.integer({ min: -4096, max: 4096 }));
const multipliers = (min: number, max: number) =>
  fc
    .tuple(fc.double({ min: 0.5, max: 1, noNaN: true, maxExcluded: true }), fc.integer({ min, max }))
    .map(([significand, exponent]) => significand * 2 ** exponent);
const MULTIPLIER = multipliers(-30, 8);
/** Below one half and not tiny, as those of networks are. */
const COMMON_MULTIPLIER = multipliers(-20, -1);

describe('fixed point', () => {
  it('has the mantissa and shift of the nearest 31-bit number', () => {
    expect(toFixedPoint(0.75)).toEqual({ mantissa: 1610612736, shift: 31 });
    expect(toFixedPoint(1)).toEqual({ mantissa: 2 ** 30, shift: 30 });
    expect(toFixedPoint(1 - 2 ** -40)).toEqual({ mantissa: 2 ** 30, shift: 30 });
    expect(toFixedPoint(0)).toEqual({ mantissa: 0, shift: 31 });
    expect(toFixedPoint(2 ** -40)).toEqual({ mantissa: 0, shift: 31 });
    expect(() => toFixedPoint(-1)).toThrow(RangeError);
    fc.assert(
      fc.property(MULTIPLIER, (real) => {
        const { mantissa, shift } = toFixedPoint(real);
        expect([BigInt(mantissa), BigInt(shift)]).toEqual(fixedPointExactly(real));
      }),
    );
  });

  it('multiplies exactly', () => {
    fc.assert(
      fc.property(ACCUMULATOR, MULTIPLIER, (acc, real) => {
        const exact = multiplyExactly(acc, fixedPointExactly(real));
        expect(BigInt(multiplyByFixedPoint(acc, toFixedPoint(real)))).toBe(exact);
      }),
      { numRuns: 2000 },
    );
  });
});

describe.each(ENGINES)('requantize ($name)', ({ create }) => {
  it.each(['fp32', 'fixedPoint'] as const)('is exact for any accumulator and multiplier (%s)', async (flavour) => {
    const kernels = await create();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(fc.tuple(ACCUMULATOR, MULTIPLIER), { minLength: 1, maxLength: 20 }),
          fc.array(fc.tuple(ACCUMULATOR, COMMON_MULTIPLIER), { minLength: 1, maxLength: 20 }),
        ),
        fc.boolean(),
        fc.integer({ min: -128, max: 127 }),
        fc.tuple(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 128, max: 255 })),
        (pairs, signed, zero, [lowest, highest]) => {
          const bias = Int32Array.from(pairs, ([acc]) => acc);
          const real = Float64Array.from(pairs, ([, m]) => m);
          const offset = signed ? 0 : 128;
          const requantizer: Requantizer = {
            flavour,
            real,
            multiplier: Float32Array.from(real),
            zeroPoint: zero + offset,
            signed,
            lo: lowest - 128 + offset,
            hi: highest - 128 + offset,
          };
          // with k = 0 the accumulators are the bias
          const n = pairs.length;
          const weights = { codes: new Int8Array(0), zeroPoint: new Int32Array(1), bias };
          const packed = kernels.packGemmQ8(weights, { k: 0, n, transposed: false }, 0);
          for (const rows of [1, 5]) {
            const out = signed ? new Int8Array(rows * n) : new Uint8Array(rows * n);
            kernels.gemmQ8(new Uint8Array(0), packed, requantizer, out, rows);
            const sums = Array.from({ length: rows }, () => [...bias]).flat();
            expect([...out]).toEqual(requantizeExactly(sums, requantizer));
          }
          packed.release();
        },
      ),
      { numRuns: 500 },
    );
  });

  it('rounds ties to even in fp32 and upwards in fixed point', async () => {
    const kernels = await create();
    const bias = Int32Array.of(1, 3, 5, -1, -3, -5);
    const n = bias.length;
    const weights = { codes: new Int8Array(0), zeroPoint: new Int32Array(1), bias };
    const packed = kernels.packGemmQ8(weights, { k: 0, n, transposed: false }, 0);
    const half = { multiplier: new Float32Array(n).fill(0.5), real: new Float64Array(n).fill(0.5) };
    const range = { zeroPoint: 0, signed: true, lo: -128, hi: 127 };
    const out = new Int8Array(n);
    kernels.gemmQ8(new Uint8Array(0), packed, { ...half, ...range, flavour: 'fp32' }, out, 1);
    expect([...out]).toEqual([0, 2, 2, 0, -2, -2]);
    kernels.gemmQ8(new Uint8Array(0), packed, { ...half, ...range, flavour: 'fixedPoint' }, out, 1);
    expect([...out]).toEqual([1, 2, 3, 0, -1, -2]);
  });
});
