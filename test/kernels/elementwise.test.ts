import { describe, expect, it } from 'vitest';
import { clamp, rint } from '../../src/base/round.ts';
import type { BinaryOp, TensorQuant } from '../../src/kernels/kernelSet.ts';
import { firstDifference, numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const OPS: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
};
const NAMES = Object.keys(OPS) as BinaryOp[];
const SHAPES = [1, 2, 3, 4, 5, 8, 9, 17, 40].flatMap((inner) => [1, 2, 5].map((rows) => ({ rows, inner })));

/** Operand lengths: whole, one row, one element. */
function lengths(rows: number, inner: number): readonly number[] {
  return [rows * inner, inner, 1];
}

/** The element of an operand of `length` at [row, i]. */
function elementAt(length: number, rows: number, inner: number, at: number): number {
  return length === rows * inner ? at : length === inner ? at % inner : 0;
}

describe.each(ENGINES)('element-wise ($name)', ({ create }) => {
  it.each(NAMES)('binaryF32 %s repeats operands and passes NaN', async (op) => {
    const kernels = await create();
    let cases = 0;
    for (const { rows, inner } of SHAPES) {
      for (const lengthA of lengths(rows, inner)) {
        for (const lengthB of lengths(rows, inner)) {
          const numbers = numbersOf(cases++);
          const a = numbers.floats(lengthA);
          const b = numbers.floats(lengthB);
          if (cases % 3 === 0) a[0] = NaN;
          if (cases % 5 === 0) b[0] = 0;
          const out = new Float32Array(rows * inner).fill(77);
          kernels.binaryF32(op, a, b, out, rows, inner);
          const expected = out.map((_, at) =>
            OPS[op](a[elementAt(lengthA, rows, inner, at)] as number, b[elementAt(lengthB, rows, inner, at)] as number),
          );
          expect(firstDifference(out, expected), `${lengthA} and ${lengthB} to ${rows}x${inner}`).toBeUndefined();
        }
      }
    }
    expect(cases).toBeGreaterThan(200);
  });

  it.each(NAMES)('binaryQ8 %s is exact', async (op) => {
    const kernels = await create();
    let cases = 0;
    for (const { rows, inner } of SHAPES) {
      for (const lengthA of lengths(rows, inner)) {
        for (const lengthB of lengths(rows, inner)) {
          const numbers = numbersOf(cases++);
          const [qa, qb, qy] = [quant(cases, 0.02), quant(cases + 1, 0.031), quant(cases + (cases >> 2), 0.04)];
          const a = numbers.codes(lengthA, qa.signed ? 'signed' : 'unsigned');
          const b = numbers.codes(lengthB, qb.signed ? 'signed' : 'unsigned');
          if (cases % 4 === 0) b[0] = qb.zeroPoint;
          if (cases % 8 === 0) a[0] = qa.zeroPoint;
          const out = qy.signed ? new Int8Array(rows * inner) : new Uint8Array(rows * inner);
          kernels.binaryQ8(op, a, qa, b, qb, out, qy, rows, inner);
          const expected = Array.from(out, (_, at) => {
            const x = Math.fround(
              Math.fround(qa.scale) * ((a[elementAt(lengthA, rows, inner, at)] as number) - qa.zeroPoint),
            );
            const y = Math.fround(
              Math.fround(qb.scale) * ((b[elementAt(lengthB, rows, inner, at)] as number) - qb.zeroPoint),
            );
            const steps = rint(Math.fround(Math.fround(OPS[op](x, y)) / Math.fround(qy.scale)));
            if (Number.isNaN(steps)) return qy.zeroPoint;
            return qy.signed ? clamp(steps + qy.zeroPoint, -128, 127) : clamp(steps + qy.zeroPoint, 0, 255);
          });
          expect(firstDifference(out, expected), `${lengthA} and ${lengthB} to ${rows}x${inner}`).toBeUndefined();
        }
      }
    }
  });

  it('clampF32 keeps NaN, in place as well', async () => {
    const kernels = await create();
    for (let length = 0; length < 20; length++) {
      const x = numbersOf(length).floats(length);
      if (length > 3) x[3] = NaN;
      const expected = x.map((v) => clamp(v, -0.5, 0.75));
      kernels.clampF32(x, x, { lo: -0.5, hi: 0.75 });
      expect(x).toEqual(expected);
    }
  });

  it('lookup8 takes bytes of either signedness', async () => {
    const kernels = await create();
    const table = Uint8Array.from({ length: 256 }, (_, i) => (i * 7 + 3) & 255);
    for (const length of [0, 1, 7, 8, 9, 16, 300]) {
      const x = numbersOf(length).codes(length, 'signed');
      const out = new Int8Array(length);
      kernels.lookup8(x, table, out);
      expect([...out]).toEqual(Array.from(x, (v) => ((table[v & 255] as number) << 24) >> 24));
    }
  });

  it('transposes matrices of any size and back', async () => {
    const kernels = await create();
    for (const [batch, rows, columns] of [
      [1, 1, 1],
      [2, 3, 20],
      [1, 20, 3],
      [3, 8, 8],
      [1, 9, 17],
      [2, 33, 12],
      [1, 64, 7],
      [1, 0, 4],
    ] as const) {
      const length = batch * rows * columns;
      const x = numbersOf(length).floats(length);
      const codes = numbersOf(length).codes(length, 'unsigned');
      const source = (at: number) => {
        const n = Math.floor(at / (rows * columns));
        const column = Math.floor(at / rows) % columns;
        return (n * rows + (at % rows)) * columns + column;
      };
      const out = new Float32Array(length);
      kernels.transposeF32(x, out, batch, rows, columns);
      expect(out).toEqual(out.map((_, at) => x[source(at)] as number));
      const out8 = new Uint8Array(length);
      kernels.transpose8(codes, out8, batch, rows, columns);
      expect(out8).toEqual(out8.map((_, at) => codes[source(at)] as number));
      const back = new Float32Array(length);
      kernels.transposeF32(out, back, batch, columns, rows);
      expect(back).toEqual(x);
    }
  });
});

function quant(seed: number, scale: number): TensorQuant {
  const signed = seed % 2 === 0;
  return { scale, signed, zeroPoint: signed ? (seed % 256) - 128 : seed % 256 };
}
