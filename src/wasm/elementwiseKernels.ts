import { repetition } from '../kernels/js/elementwise.ts';
import { codeRange } from '../kernels/js/qdq.ts';
import type { BinaryOp, KernelSet } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

type ElementwiseKernels = Pick<
  KernelSet,
  'binaryF32' | 'binaryQ8' | 'clampF32' | 'lookup8' | 'transposeF32' | 'transpose8'
>;

/** Numbers of the operators in the wasm export `binaryQ8`. */
const OP_NUMBERS: Readonly<Record<BinaryOp, number>> = { add: 0, sub: 1, mul: 2, div: 3, max: 4, min: 5 };

/** Element-wise functions and transposition; ranges start on multiples of 16 elements. */
export function elementwiseKernels(engine: Engine): ElementwiseKernels {
  const { memory } = engine;
  return {
    binaryF32: (op, a, b, out, rows, inner) => {
      if (out.length === 0) return;
      lend(memory, (loan) => {
        const [pa, pb, po] = [loan.read(a), loan.read(b), loan.write(out)];
        const calls = binaryRanges(engine, a.length, b.length, rows, inner, out.length / 3).map((r) => [
          pa + 4 * r.firstA,
          pb + 4 * r.firstB,
          po + 4 * r.first,
          r.rows,
          r.inner,
          4 * r.a.row,
          r.a.element,
          4 * r.b.row,
          r.b.element,
        ]);
        engine.run(`${op}F32`, calls);
      });
    },
    binaryQ8: (op, a, qa, b, qb, out, qy, rows, inner) => {
      if (out.length === 0) return;
      const { lo, hi } = codeRange(qy.signed);
      lend(memory, (loan) => {
        const [pa, pb, po] = [loan.read(a), loan.read(b), loan.write(out)];
        const calls = binaryRanges(engine, a.length, b.length, rows, inner, out.length).map((r) => [
          OP_NUMBERS[op],
          pa + r.firstA,
          pb + r.firstB,
          po + r.first,
          r.rows,
          r.inner,
          r.a.row,
          r.a.element,
          r.b.row,
          r.b.element,
          a instanceof Int8Array ? 1 : 0,
          qa.zeroPoint,
          qa.scale,
          b instanceof Int8Array ? 1 : 0,
          qb.zeroPoint,
          qb.scale,
          qy.zeroPoint,
          lo,
          hi,
          qy.scale,
        ]);
        engine.run('binaryQ8', calls);
      });
    },
    clampF32: (x, out, clamp) =>
      lend(memory, (loan) => {
        const [from, to] = [loan.read(x), loan.write(out)];
        const ranges = engine.split(x.length, x.length / 3, 16);
        engine.run(
          'clampF32',
          ranges.map(([first, end]) => [from + 4 * first, to + 4 * first, end - first, clamp.lo, clamp.hi]),
        );
      }),
    lookup8: (x, table, out) =>
      lend(memory, (loan) => {
        const [from, bytes, to] = [loan.read(x), loan.read(table), loan.write(out)];
        const ranges = engine.split(x.length, x.length / 2, 16);
        engine.run(
          'lookup8',
          ranges.map(([first, end]) => [from + first, bytes, to + first, end - first]),
        );
      }),
    transposeF32: (x, out, batch, rows, columns) => transpose(engine, 'transposeF32', x, out, { batch, rows, columns }),
    transpose8: (x, out, batch, rows, columns) => transpose(engine, 'transpose8', x, out, { batch, rows, columns }),
  };
}

interface Matrices {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

function transpose(
  engine: Engine,
  kernel: 'transposeF32' | 'transpose8',
  x: Float32Array | Int8Array | Uint8Array,
  out: Float32Array | Int8Array | Uint8Array,
  { batch, rows, columns }: Matrices,
): void {
  if (x.length === 0) return;
  lend(engine.memory, (loan) => {
    const [from, to] = [loan.read(x), loan.write(out)];
    const bytes = rows * columns * x.BYTES_PER_ELEMENT;
    const ranges = engine.split(columns, x.length, 8);
    const images = Array.from({ length: batch }, (_, n) => n * bytes);
    engine.run(
      kernel,
      images.flatMap((image) => ranges.map(([first, end]) => [from + image, to + image, rows, columns, first, end])),
    );
  });
}

/** A part of a binary operation: `rows` rows of `inner` elements from `first` on. */
interface BinaryRange {
  readonly first: number;
  readonly firstA: number;
  readonly firstB: number;
  readonly rows: number;
  readonly inner: number;
  readonly a: ReturnType<typeof repetition>;
  readonly b: ReturnType<typeof repetition>;
}

/** Whole operands and single elements are one long row, split anywhere; else rows are split. */
function binaryRanges(
  engine: Engine,
  lengthA: number,
  lengthB: number,
  rows: number,
  inner: number,
  work: number,
): readonly BinaryRange[] {
  const a = repetition(lengthA, rows, inner);
  const b = repetition(lengthB, rows, inner);
  const flat = [a, b].every((step) => step.element === 0 || step.row === inner);
  if (flat || rows === 1) {
    return engine.split(rows * inner, work, 16).map(([first, end]) => ({
      first,
      firstA: first * a.element,
      firstB: first * b.element,
      rows: 1,
      inner: end - first,
      a: { row: 0, element: a.element },
      b: { row: 0, element: b.element },
    }));
  }
  return engine.split(rows, work, 1).map(([first, end]) => ({
    first: first * inner,
    firstA: first * a.row,
    firstB: first * b.row,
    rows: end - first,
    inner,
    a,
    b,
  }));
}
