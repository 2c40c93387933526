import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { rint } from '../../src/base/round.ts';
import { tensor } from '../../src/base/tensor.ts';
import { dequantizeCode, lookupTable, quantizeNumber } from '../../src/ops/codes.ts';
import { runFloat } from '../ops/runOp.ts';

const f32 = (dims: number[], ...v: number[]) => tensor('float32', dims, Float32Array.from(v));
const u8 = (dims: number[], ...v: number[]) => tensor('uint8', dims, Uint8Array.from(v));

/** Literals of the ONNX operator cases of the same names. */
describe('QuantizeLinear and DequantizeLinear, vectors of the specification', () => {
  it('test_quantizelinear: halves go to even, then the zero point is added', () => {
    const x = f32([6], 0, 2, 3, 1000, -254, -1000);
    const [y] = runFloat({ type: 'QuantizeLinear', opset: 19 }, [x, f32([], 2), u8([], 128)]);
    expect(Array.from(y?.data as Uint8Array)).toEqual([128, 129, 130, 255, 1, 0]);
  });

  it('test_quantizelinear_axis: one scale per channel', () => {
    const x = f32(
      [1, 3, 3, 2],
      -162,
      10,
      -100,
      232,
      -20,
      -50,
      -76,
      0,
      0,
      252,
      32,
      -44,
      245,
      -485,
      -960,
      -270,
      -375,
      -470,
    );
    const [y] = runFloat({ type: 'QuantizeLinear', opset: 13 }, [x, f32([3], 2, 4, 5), u8([3], 84, 24, 196)]);
    expect(Array.from(y?.data as Uint8Array)).toEqual([
      3, 89, 34, 200, 74, 59, 5, 24, 24, 87, 32, 13, 245, 99, 4, 142, 121, 102,
    ]);
  });

  it('test_dequantizelinear', () => {
    const [y] = runFloat({ type: 'DequantizeLinear', opset: 13 }, [u8([4], 0, 3, 128, 255), f32([], 2), u8([], 128)]);
    expect(Array.from(y?.data as Float32Array)).toEqual([-256, -250, 0, 254]);
  });

  it('test_dynamicquantizelinear', () => {
    const x = f32([6], 0, 2, -3, -2.5, 1.34, 0.5);
    const [y, scale, zero] = runFloat({ type: 'DynamicQuantizeLinear', opset: 11 }, [x], { outputCount: 3 });
    expect(scale?.data[0]).toBe(Math.fround(0.019607843831181526));
    expect(zero?.data[0]).toBe(153);
    expect(Array.from(y?.data as Uint8Array)).toEqual([153, 255, 0, 26, 221, 179]);
  });

  it('the quotient is a float32 one: at s = 0.0003 float64 would give other codes', () => {
    const random = seededRandom(3);
    const q = { scale: Math.fround(0.0003), zeroPoint: 0, signed: true };
    let different = 0;
    for (let i = 0; i < 200_000; i++) {
      const x = Math.fround((random.next() - 0.5) * 0.07);
      if (quantizeNumber(x, q) !== Math.min(127, Math.max(-128, rint(x / q.scale)))) different++;
    }
    expect(different).toBeGreaterThan(0);
  });

  it('a table of the identity keeps every code', () => {
    for (const signed of [true, false]) {
      const q = { scale: Math.fround(0.0173), zeroPoint: 11, signed };
      expect(Array.from(lookupTable(q, q, (x) => x))).toEqual(Array.from({ length: 256 }, (_, i) => i));
      expect(dequantizeCode(11, q)).toBe(0);
    }
  });
});
