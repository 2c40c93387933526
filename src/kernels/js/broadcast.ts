import { assertNever } from '../../base/assertNever.ts';
import type { BroadcastLevel, BroadcastOp, Comparison } from '../kernelSet.ts';
import { functionOf } from './elementwise.ts';

/** out = op(a, b) in the order of the loops. */
export function broadcastF32(
  op: BroadcastOp,
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  levels: readonly BroadcastLevel[],
): void {
  walk(levels, op === 'prelu' ? (x, slope) => (x < 0 ? x * slope : x) : functionOf(op), { a, b, out });
}

/** 1 or 0 in the order of the loops. */
export function compare(
  op: Comparison,
  a: Float32Array | Int32Array,
  b: Float32Array | Int32Array,
  out: Uint8Array,
  levels: readonly BroadcastLevel[],
): void {
  const test = testOf(op);
  walk(levels, (x, y) => (test(x, y) ? 1 : 0), { a, b, out });
}

function testOf(op: Comparison): (a: number, b: number) => boolean {
  switch (op) {
    case 'equal':
      return (a, b) => a === b;
    case 'less':
      return (a, b) => a < b;
    case 'lessOrEqual':
      return (a, b) => a <= b;
    default:
      return assertNever(op);
  }
}

interface Operands {
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
  readonly out: { [index: number]: number };
}

function walk(levels: readonly BroadcastLevel[], f: (a: number, b: number) => number, { a, b, out }: Operands): void {
  let to = 0;
  const loop = (depth: number, ia: number, ib: number): void => {
    const level = levels[depth];
    if (level === undefined) {
      out[to++] = f(a[ia] as number, b[ib] as number);
      return;
    }
    for (let i = 0; i < level.size; i++) loop(depth + 1, ia + i * level.a, ib + i * level.b);
  };
  loop(0, 0, 0);
}
