import { assertNever } from '../../base/assertNever.ts';
import type { ReduceOp } from '../kernelSet.ts';
import { unaryFunction } from './functions.ts';

const f32 = Math.fround;
const exp = unaryFunction('exp');
const log = unaryFunction('log');

/** [outer, count, inner] to [outer, inner], sums in float64. */
export function reduceF32(
  op: ReduceOp,
  x: Float32Array,
  out: Float32Array,
  outer: number,
  count: number,
  inner: number,
): void {
  const column = new Float64Array(count);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      for (let c = 0; c < count; c++) column[c] = x[(o * count + c) * inner + i] as number;
      out[o * inner + i] = reduceColumn(op, column, inner === 1);
    }
  }
}

function reduceColumn(op: ReduceOp, column: Float64Array, isRow: boolean): number {
  const sum = isRow ? sumByLanes : sumInOrder;
  switch (op) {
    case 'sum':
      return sum(column);
    case 'mean':
      return sum(column) / column.length;
    case 'max':
      return column.reduce((a, b) => Math.max(a, b), -Infinity);
    case 'min':
      return column.reduce((a, b) => Math.min(a, b), Infinity);
    case 'sumSquare':
      return sum(column.map((v) => v * v));
    case 'l1':
      return sum(column.map(Math.abs));
    case 'l2':
      return Math.sqrt(sum(column.map((v) => v * v)));
    default:
      return assertNever(op);
  }
}

/** The order in which four lanes add a contiguous row: element i to lane i mod 4, then (0 + 2) + (1 + 3). */
export function sumByLanes(x: ArrayLike<number>): number {
  const lanes: [number, number, number, number] = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) lanes[i & 3] = (lanes[i & 3] as number) + (x[i] as number);
  return lanes[0] + lanes[2] + (lanes[1] + lanes[3]);
}

function sumInOrder(x: Float64Array): number {
  return x.reduce((a, b) => a + b, 0);
}

/** Softmax, or its logarithm, over the middle dimension: float32 exponentials of x - max, their sum in float64. */
export function softmaxF32(
  kind: 'softmax' | 'logSoftmax',
  x: Float32Array,
  out: Float32Array,
  outer: number,
  count: number,
  inner: number,
): void {
  const shifted = new Float64Array(count);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = (c: number) => (o * count + c) * inner + i;
      let most = -Infinity;
      for (let c = 0; c < count; c++) if ((x[at(c)] as number) > most) most = x[at(c)] as number;
      for (let c = 0; c < count; c++) shifted[c] = f32((x[at(c)] as number) - most);
      const exponentials = shifted.map(exp);
      const sum = f32(inner === 1 ? sumByLanes(exponentials) : sumInOrder(exponentials));
      const logarithm = log(sum);
      for (let c = 0; c < count; c++) {
        out[at(c)] = kind === 'softmax' ? (exponentials[c] as number) / sum : (shifted[c] as number) - logarithm;
      }
    }
  }
}
