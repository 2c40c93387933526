import { broadcastF32, compare } from '../kernels/js/broadcast.ts';
import type { BinaryOp, BroadcastLevel, BroadcastOp, Comparison, KernelSet } from '../kernels/kernelSet.ts';
import { LEVEL_BYTES } from './assembly/layout.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

/** Numbers of the operations in assembly/broadcast.ts. */
const BROADCAST_OPS: Readonly<Record<BroadcastOp, number>> = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  max: 4,
  min: 5,
  prelu: 6,
};
const COMPARISONS_F32: Readonly<Record<Comparison, number>> = { equal: 7, less: 8, lessOrEqual: 9 };
const COMPARISONS_I32: Readonly<Record<Comparison, number>> = { equal: 10, less: 11, lessOrEqual: 12 };

/** Fewer elements are computed in JavaScript, which takes less time than a call. */
const FEW_ELEMENTS = 8;
/** A loop that is none. */
const ONCE: BroadcastLevel = { size: 1, a: 0, b: 0 };
/** Nanoseconds per element, roughly. */
const ELEMENT_NS = 0.4;

/** Functions of two operands that broadcast over any number of dimensions. */
export function broadcastKernels(engine: Engine): Pick<KernelSet, 'broadcastF32' | 'compare'> {
  return {
    broadcastF32: (op, a, b, out, levels) => {
      if (out.length <= FEW_ELEMENTS) broadcastF32(op, a, b, out, levels);
      else if (op !== 'prelu' && levels.length <= 2) runRows(engine, op, { a, b, out }, levels);
      else run(engine, BROADCAST_OPS[op], { a, b, out }, levels);
    },
    compare: (op, a, b, out, levels) => {
      const numbers = a instanceof Float32Array ? COMPARISONS_F32 : COMPARISONS_I32;
      if (out.length <= FEW_ELEMENTS) compare(op, a, b, out, levels);
      else run(engine, numbers[op], { a, b, out }, levels);
    },
  };
}

interface Operands {
  readonly a: Float32Array | Int32Array;
  readonly b: Float32Array | Int32Array;
  readonly out: Float32Array | Uint8Array;
}

/** One or two loops: their sizes and steps are arguments, which saves the block that describes more. */
function runRows(engine: Engine, op: BinaryOp, { a, b, out }: Operands, levels: readonly BroadcastLevel[]): void {
  const [inner = ONCE, row = ONCE] = [...levels].reverse();
  lend(engine.memory, (loan) => {
    const [pa, pb, po] = [loan.read(a), loan.read(b), loan.write(out)];
    const isRow = row.size === 1;
    const split = isRow ? inner : row;
    const calls = engine.split(split.size, out.length * ELEMENT_NS, isRow ? 16 : 1).map(([first, end]) => {
      const [rows, count] = isRow ? [1, end - first] : [end - first, inner.size];
      const to = po + 4 * first * (isRow ? 1 : inner.size);
      const [fromA, fromB] = [pa + 4 * first * split.a, pb + 4 * first * split.b];
      return [fromA, fromB, to, rows, count, 4 * row.a, inner.a, 4 * row.b, inner.b];
    });
    engine.run(`${op}F32`, calls);
  });
}

function run(engine: Engine, op: number, { a, b, out }: Operands, levels: readonly BroadcastLevel[]): void {
  const { memory } = engine;
  lend(memory, (loan) => {
    const [pa, pb, po] = [loan.read(a), loan.read(b), loan.write(out)];
    const work = out.length * ELEMENT_NS;
    const [outermost = ONCE, ...rest] = levels;
    const width = out.BYTES_PER_ELEMENT;
    if (rest.length === 0) {
      const calls = engine.split(outermost.size, work, 16).map(([first, end]) => {
        const descriptor = describe([{ ...outermost, size: end - first }]);
        return [op, descriptor, 2, 1, pa + 4 * first * outermost.a, pb + 4 * first * outermost.b, po + width * first];
      });
      engine.run('broadcast32', calls);
      return;
    }
    const descriptor = describe(levels);
    const block = out.length / outermost.size;
    const calls = engine.split(outermost.size, work, 1).map(([first, end]) => {
      const [ia, ib, io] = [4 * first * outermost.a, 4 * first * outermost.b, width * first * block];
      return [op, descriptor, levels.length, end - first, pa + ia, pb + ib, po + io];
    });
    engine.run('broadcast32', calls);

    /** The levels as the kernel reads them, two at least. */
    function describe(loops: readonly BroadcastLevel[]): number {
      const all = loops.length === 1 ? [ONCE, ...loops] : loops;
      const fields = all.flatMap((level) => [level.size, 4 * level.a, 4 * level.b]);
      const pointer = loan.scratch(LEVEL_BYTES * all.length);
      memory.at('int32', pointer, fields.length).set(fields);
      return pointer;
    }
  });
}
