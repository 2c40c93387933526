import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FULL_WIDTH,
  multiplyByFixedPoint,
  type RequantizerFlavour,
  relativeError,
  toFixedPoint,
} from '../../src/base/fixedPoint.ts';
import type { Requantizer } from '../../src/kernels/kernelSet.ts';
import { fixedPointExactly, multipliersOf, multiplyExactly, requantizeExactly } from '../suites/requantize.ts';
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

const BITS = fc.integer({ min: 1, max: 31 });

const FORM = fc.oneof(
  fc.record({ bits: BITS }),
  fc.record({ bits: BITS, tolerance: fc.double({ min: 1e-9, max: 0.9, noNaN: true }) }),
);

describe('fixed point', () => {
  it('has the mantissa and shift of the nearest 31-bit number', () => {
    expect(toFixedPoint(0.75, FULL_WIDTH)).toEqual({ mantissa: 1610612736, shift: 31 });
    expect(toFixedPoint(1, FULL_WIDTH)).toEqual({ mantissa: 2 ** 30, shift: 30 });
    expect(toFixedPoint(1 - 2 ** -40, FULL_WIDTH)).toEqual({ mantissa: 2 ** 30, shift: 30 });
    expect(toFixedPoint(0, FULL_WIDTH)).toEqual({ mantissa: 0, shift: 31 });
    expect(toFixedPoint(2 ** -40, FULL_WIDTH)).toEqual({ mantissa: 0, shift: 31 });
    expect(() => toFixedPoint(-1, FULL_WIDTH)).toThrow('outside [0, 2^30)');
    expect(() => toFixedPoint(NaN, FULL_WIDTH)).toThrow('outside [0, 2^30)');
    expect(() => toFixedPoint(2 ** 30, FULL_WIDTH)).toThrow('outside [0, 2^30)');
    fc.assert(
      fc.property(MULTIPLIER, (real) => {
        const { mantissa, shift } = toFixedPoint(real, FULL_WIDTH);
        expect([BigInt(mantissa), BigInt(shift)]).toEqual(fixedPointExactly(real));
      }),
    );
  });

  it('has the bits it may have, and errs by half of the last at most', () => {
    expect(toFixedPoint(0.7, { bits: 4 })).toEqual({ mantissa: 11, shift: 4 });
    expect(toFixedPoint(0.99, { bits: 4 })).toEqual({ mantissa: 8, shift: 3 });
    expect(toFixedPoint(300.4, { bits: 8 }), 'what 8 bits hold is less').toEqual({ mantissa: 255, shift: 0 });
    fc.assert(
      fc.property(multipliers(-30, 0), BITS, (real, bits) => {
        const fixed = toFixedPoint(real, { bits });
        expect(Math.floor(Math.log2(fixed.mantissa)) + 1).toBe(bits);
        expect(relativeError(real, fixed)).toBeLessThanOrEqual(2 ** -bits);
      }),
    );
  });

  it('searches the smallest n that is near enough, from 0', () => {
    expect(toFixedPoint(3, { bits: 31, tolerance: 0.01 })).toEqual({ mantissa: 3, shift: 0 });
    expect(toFixedPoint(0.75, { bits: 31, tolerance: 0.01 })).toEqual({ mantissa: 3, shift: 2 });
    expect(toFixedPoint(0.7, { bits: 31, tolerance: 0.01 }), '45/64 is 0.0045 off').toEqual({ mantissa: 45, shift: 6 });
    expect(toFixedPoint(0.7, { bits: 5, tolerance: 0.01 }), 'none is near enough').toEqual({ mantissa: 11, shift: 4 });
    const tolerances = fc.double({ min: 1e-9, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(multipliers(-30, 12), BITS, tolerances, (real, bits, tolerance) => {
        const all = Array.from({ length: 63 }, (_, shift) => ({ mantissa: Math.round(real * 2 ** shift), shift }));
        const fitting = all.filter(({ mantissa }) => mantissa < 2 ** bits);
        const near = fitting.find((fixed) => relativeError(real, fixed) <= tolerance);
        const found = toFixedPoint(real, { bits, tolerance });
        if (near !== undefined) expect(found).toEqual(near);
        else if (fitting.length === 0) expect(found).toEqual({ mantissa: 2 ** bits - 1, shift: 0 });
        else {
          const least = Math.min(...fitting.map((fixed) => relativeError(real, fixed)));
          expect(found).toEqual(fitting.find((fixed) => relativeError(real, fixed) === least));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('multiplies exactly', () => {
    const within53 = (x: bigint): boolean => x > -(2n ** 53n) && x < 2n ** 53n;
    let exact = 0;
    fc.assert(
      fc.property(ACCUMULATOR, MULTIPLIER, FORM, (acc, real, form) => {
        const fixed = toFixedPoint(real, form);
        const expected = multiplyExactly(acc, [BigInt(fixed.mantissa), BigInt(fixed.shift)]);
        if (!within53(expected)) return;
        exact++;
        expect(BigInt(multiplyByFixedPoint(acc, fixed))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
    expect(exact).toBeGreaterThan(1000);
  });
});

describe.each(ENGINES)('requantize ($name)', ({ create }) => {
  it.each([
    ['fp32', fc.constant('fp32' as const)],
    ['fixedPoint of 31 bits', fc.constant(FULL_WIDTH)],
    ['fixedPoint of any bits and tolerance', FORM],
  ])('is exact for any accumulator and multiplier (%s)', async (_, flavours) => {
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
        flavours as fc.Arbitrary<RequantizerFlavour>,
        (pairs, signed, zero, [lowest, highest], flavour) => {
          const bias = Int32Array.from(pairs, ([acc]) => acc);
          const real = pairs.map(([, m]) => m);
          const offset = signed ? 0 : 128;
          const requantizer: Requantizer = {
            ...multipliersOf(real, flavour),
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
    const half = new Array<number>(n).fill(0.5);
    const range = { zeroPoint: 0, signed: true, lo: -128, hi: 127 };
    const out = new Int8Array(n);
    kernels.gemmQ8(new Uint8Array(0), packed, { ...multipliersOf(half, 'fp32'), ...range }, out, 1);
    expect([...out]).toEqual([0, 2, 2, 0, -2, -2]);
    for (const form of [FULL_WIDTH, { bits: 1 }, { bits: 5, tolerance: 0.1 }]) {
      kernels.gemmQ8(new Uint8Array(0), packed, { ...multipliersOf(half, form), ...range }, out, 1);
      expect([...out]).toEqual([1, 2, 3, 0, -1, -2]);
    }
    kernels.gemmQ8(
      new Uint8Array(0),
      packed,
      { ...multipliersOf([3, 3, 3, 3, 3, 3], { bits: 2, tolerance: 0.1 }), ...range },
      out,
      1,
    );
    expect([...out], 'n = 0').toEqual([3, 9, 15, -3, -9, -15]);
  });
});
