import { assertNever } from '../../base/assertNever.ts';
import { invariant } from '../../base/diagnostics.ts';
import { clamp, rint } from '../../base/round.ts';
import type { BinaryOp, ChainLink, ClampRange, TensorQuant, UnaryOp } from '../kernelSet.ts';
import { unaryFunction } from './functions.ts';
import { codeRange } from './qdq.ts';

type Codes = Int8Array | Uint8Array;

/** out[r, i] = op(a, b) where each operand is whole, one row or one element. */
export function binaryF32(
  op: BinaryOp,
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  rows: number,
  inner: number,
): void {
  const compute = functionOf(op);
  const stepA = repetition(a.length, rows, inner);
  const stepB = repetition(b.length, rows, inner);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let i = 0; i < inner; i++, at++) {
      const left = a[row * stepA.row + i * stepA.element] as number;
      out[at] = compute(left, b[row * stepB.row + i * stepB.element] as number);
    }
  }
}

/** What a float operator between DequantizeLinear and QuantizeLinear computes, in float32; NaN gives the zero point. */
export function binaryQ8(
  op: BinaryOp,
  a: Codes,
  qa: TensorQuant,
  b: Codes,
  qb: TensorQuant,
  out: Codes,
  qy: TensorQuant,
  rows: number,
  inner: number,
): void {
  const compute = functionOf(op);
  const stepA = repetition(a.length, rows, inner);
  const stepB = repetition(b.length, rows, inner);
  const [scaleA, scaleB, scaleY] = [qa, qb, qy].map((q) => Math.fround(q.scale)) as [number, number, number];
  const { lo, hi } = codeRange(qy.signed);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let i = 0; i < inner; i++, at++) {
      const codeA = (a[row * stepA.row + i * stepA.element] as number) - qa.zeroPoint;
      const codeB = (b[row * stepB.row + i * stepB.element] as number) - qb.zeroPoint;
      const value = Math.fround(compute(Math.fround(scaleA * codeA), Math.fround(scaleB * codeB)));
      const code = rint(Math.fround(value / scaleY)) + qy.zeroPoint;
      out[at] = Number.isNaN(code) ? qy.zeroPoint : clamp(code, lo, hi);
    }
  }
}

/** out[i] = table[256 (a & 255) + (b & 255)], a byte per pair of codes; operands repeat as in {@link binaryQ8}. */
export function lookupPairs(
  a: Codes,
  b: Codes,
  table: Uint8Array,
  out: Codes,
  { rows, inner }: { readonly rows: number; readonly inner: number },
): void {
  const stepA = repetition(a.length, rows, inner);
  const stepB = repetition(b.length, rows, inner);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let i = 0; i < inner; i++, at++) {
      const codeA = (a[row * stepA.row + i * stepA.element] as number) & 255;
      const codeB = (b[row * stepB.row + i * stepB.element] as number) & 255;
      out[at] = table[256 * codeA + codeB] as number;
    }
  }
}

/** out[i] = op(x[i]) by {@link unaryFunction}. */
export function unaryF32(op: UnaryOp, x: Float32Array, out: Float32Array, alpha?: number, beta?: number): void {
  const f = unaryFunction(op, alpha, beta);
  for (let i = 0; i < x.length; i++) out[i] = f(x[i] as number);
}

/** The links one after the other, on each element. */
export function chainF32(links: readonly ChainLink[], x: Float32Array, out: Float32Array): void {
  const functions = links.map((link) =>
    link.op === 'timesStart' ? undefined : unaryFunction(link.op, link.alpha, link.beta),
  );
  for (let i = 0; i < x.length; i++) {
    const start = x[i] as number;
    let value = start;
    for (const f of functions) value = f === undefined ? Math.fround(value * start) : f(value);
    out[i] = value;
  }
}

/** NaN stays NaN. */
export function clampF32(x: Float32Array, out: Float32Array, range: ClampRange): void {
  for (let i = 0; i < x.length; i++) out[i] = clamp(x[i] as number, range.lo, range.hi);
}

/** out[i] = table[x[i] & 255], as bytes. */
export function lookup8(x: Codes, table: Uint8Array, out: Codes): void {
  for (let i = 0; i < x.length; i++) out[i] = table[(x[i] as number) & 255] as number;
}

/** [batch, rows, columns] to [batch, columns, rows]. */
export function transpose<T extends Float32Array | Codes>(
  x: T,
  out: T,
  batch: number,
  rows: number,
  columns: number,
): void {
  for (let n = 0; n < batch; n++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        out[(n * columns + column) * rows + row] = x[(n * rows + row) * columns + column] as number;
      }
    }
  }
}

/** How far an operand moves per row and per element: whole, one row for all, or one element for all. */
export function repetition(
  length: number,
  rows: number,
  inner: number,
): { readonly row: number; readonly element: number } {
  if (length === rows * inner) return { row: inner, element: 1 };
  if (length === inner) return { row: 0, element: 1 };
  invariant(length === 1, `an operand of ${length} elements for ${rows} rows of ${inner}`);
  return { row: 0, element: 0 };
}

/** The function of two float32 numbers behind an operation, before its result is stored. */
export function functionOf(op: BinaryOp): (a: number, b: number) => number {
  switch (op) {
    case 'add':
      return (a, b) => a + b;
    case 'sub':
      return (a, b) => a - b;
    case 'mul':
      return (a, b) => a * b;
    case 'div':
      return (a, b) => a / b;
    case 'max':
      return Math.max;
    case 'min':
      return Math.min;
    default:
      return assertNever(op);
  }
}
