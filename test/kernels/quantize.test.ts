import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rint } from '../../src/base/round.ts';
import type { TensorQuant } from '../../src/kernels/kernelSet.ts';
import { numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const CODES = { lo: 0, hi: 255 } as const;

/** Equation (Q) for one number, with the rounding spelled out. */
function quantized(x: number, q: TensorQuant): number {
  const quotient = Math.fround(x / Math.fround(q.scale));
  if (Number.isNaN(quotient)) return q.zeroPoint;
  const below = Math.floor(quotient);
  const fraction = quotient - below;
  const up = fraction > 0.5 || (fraction === 0.5 && below % 2 !== 0);
  const rounded = Number.isFinite(quotient) ? below + (up ? 1 : 0) : quotient;
  return rounded + q.zeroPoint;
}

describe.each(ENGINES)('quantize ($name)', ({ create }) => {
  it('gives the numbers of the ONNX QuantizeLinear example', async () => {
    // https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html, case quantizelinear
    const kernels = await create();
    const x = Float32Array.of(0, 2, 3, 1000, -254, -1000);
    const out = new Uint8Array(6);
    const clipped = kernels.quantizeF32(x, { scale: 2, zeroPoint: 128, signed: false }, out);
    expect([...out]).toEqual([128, 129, 130, 255, 1, 0]);
    expect(clipped).toBe(2);
  });

  it('gives the numbers of the ONNX DequantizeLinear example', async () => {
    // https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html, case dequantizelinear
    const kernels = await create();
    const out = new Float32Array(4);
    kernels.dequantizeQ8(Uint8Array.of(0, 3, 128, 255), { scale: 2, zeroPoint: 128, signed: false }, out);
    expect([...out]).toEqual([-256, -250, 0, 254]);
  });

  it('divides in float32, rounds half to even, then adds the zero point', async () => {
    const kernels = await create();
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.float(),
            fc.integer({ min: -600, max: 600 }).map((i) => i / 2),
          ),
          { maxLength: 40 },
        ),
        fc.oneof(fc.constant(1), fc.constant(0.5), fc.float({ min: Math.fround(1e-6), max: 1e6, noNaN: true })),
        fc.boolean(),
        fc.integer({ min: 0, max: 255 }),
        (values, scale, signed, zero) => {
          const x = Float32Array.from(values);
          const q = { scale, signed, zeroPoint: signed ? zero - 128 : zero };
          const [lo, hi] = signed ? [-128, 127] : [CODES.lo, CODES.hi];
          const out = signed ? new Int8Array(x.length) : new Uint8Array(x.length);
          const clipped = kernels.quantizeF32(x, q, out);
          const wanted = Array.from(x, (v) => quantized(v, q));
          expect([...out]).toEqual(wanted.map((v) => Math.min(hi, Math.max(lo, v))));
          expect(clipped).toBe(wanted.filter((v) => v < lo || v > hi).length);
          expect(kernels.countClippedF32(x, q)).toBe(clipped);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('decides next to ties by the float32 quotient, not by a reciprocal or a double', async () => {
    const kernels = await create();
    const numbers = numbersOf(4);
    let [byReciprocal, byDouble] = [0, 0];
    for (let round = 0; round < 60; round++) {
      const scale = Math.fround((0.5 + numbers.next()) * 10 ** -numbers.within(0, 4));
      const q = { scale, zeroPoint: -3, signed: true };
      const x = Float32Array.from({ length: 720 }, (_, i) => {
        const tie = Math.fround((Math.floor(i / 3) - 120 + 0.5) * scale);
        return tie * (1 + ((i % 3) - 1) * 2 ** -23);
      });
      const out = new Int8Array(x.length);
      kernels.quantizeF32(x, q, out);
      expect([...out]).toEqual(Array.from(x, (v) => quantized(v, q)));
      byReciprocal += x.filter((v, i) => rint(Math.fround(v * Math.fround(1 / scale))) - 3 !== out[i]).length;
      byDouble += x.filter((v, i) => rint(v / scale) - 3 !== out[i]).length;
    }
    expect(byReciprocal).toBeGreaterThan(100);
    expect(byDouble).toBeGreaterThan(100);
  });

  it('maps NaN to the zero point and infinities to the ends', async () => {
    const kernels = await create();
    const x = Float32Array.of(NaN, Infinity, -Infinity, 0, NaN, 1, NaN, NaN, NaN);
    const out = new Int8Array(9);
    expect(kernels.quantizeF32(x, { scale: 0.5, zeroPoint: -7, signed: true }, out)).toBe(2);
    expect([...out]).toEqual([-7, 127, -128, -7, -7, -5, -7, -7, -7]);
  });

  it('dequantizes every code and quantizes it back', async () => {
    const kernels = await create();
    for (const signed of [true, false]) {
      const q = { scale: 0.0123, zeroPoint: signed ? -20 : 99, signed };
      const codes = signed
        ? Int8Array.from({ length: 256 }, (_, i) => i - 128)
        : Uint8Array.from({ length: 256 }, (_, i) => i);
      const x = new Float32Array(256);
      kernels.dequantizeQ8(codes, q, x);
      expect([...x]).toEqual(Array.from(codes, (c) => Math.fround((c - q.zeroPoint) * Math.fround(q.scale))));
      const back = signed ? new Int8Array(256) : new Uint8Array(256);
      expect(kernels.quantizeF32(x, q, back)).toBe(0);
      expect([...back]).toEqual([...codes]);
    }
  });

  it('divides in float32 and rounds half to even to 16 bits, too, and dequantizes', async () => {
    const kernels = await create();
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.float(),
            fc.constant(Number.NaN),
            fc.integer({ min: -150_000, max: 150_000 }).map((i) => i / 2),
          ),
          { maxLength: 40 },
        ),
        fc.oneof(fc.constant(1), fc.constant(0.5), fc.float({ min: Math.fround(1e-6), max: 1e6, noNaN: true })),
        fc.boolean(),
        fc.integer({ min: 0, max: 65535 }),
        (values, scale, signed, zero) => {
          const x = Float32Array.from(values);
          const q = { scale, signed, zeroPoint: signed ? zero - 32768 : zero };
          const [lo, hi] = signed ? [-32768, 32767] : [0, 65535];
          const out = signed ? new Int16Array(x.length) : new Uint16Array(x.length);
          kernels.quantizeWideF32(x, q, out);
          expect([...out]).toEqual(Array.from(x, (v) => Math.min(hi, Math.max(lo, quantized(v, q)))));
          const back = new Float32Array(x.length);
          kernels.dequantizeWide(out, q, back);
          expect([...back]).toEqual(Array.from(out, (c) => Math.fround((c - q.zeroPoint) * scale)));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('leaves what lies behind the last of 16-bit codes alone, for any length', async () => {
    const kernels = await create();
    for (let length = 0; length < 20; length++) {
      const codes = new Int16Array(24).fill(77);
      const floats = new Float32Array(24).fill(77);
      const q = { scale: 0.25, zeroPoint: -3, signed: true };
      kernels.quantizeWideF32(new Float32Array(length).fill(100), q, codes.subarray(0, length));
      kernels.dequantizeWide(new Int16Array(length).fill(397), q, floats.subarray(0, length));
      expect([...codes]).toEqual([...new Array(length).fill(397), ...new Array(24 - length).fill(77)]);
      expect([...floats]).toEqual([...new Array(length).fill(100), ...new Array(24 - length).fill(77)]);
    }
  });

  it('counts saturated codes', async () => {
    const kernels = await create();
    for (const length of [0, 1, 15, 16, 17, 5000, 70000]) {
      const codes = numbersOf(length).codes(length, 'signed');
      const expected = codes.filter((c) => c === -128 || c === 127).length;
      expect(kernels.countSaturated8(codes, -128, 127)).toBe(expected);
      expect(kernels.countSaturated8(codes, -300, 127)).toBe(codes.filter((c) => c === 127).length);
      const unsigned = new Uint8Array(codes.buffer);
      expect(kernels.countSaturated8(unsigned, 0, 255)).toBe(unsigned.filter((c) => c === 0 || c === 255).length);
    }
  });
});
