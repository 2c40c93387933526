import { formatDims } from '../base/shape.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

/**
 * Inverse of the n x n matrix in the left half of `rows` [n, 2 n], made in its right half: Gauss-Jordan elimination
 * with partial pivoting. A singular matrix has infinite or NaN elements there.
 */
function invert(rows: Float64Array, n: number): void {
  const width = 2 * n;
  for (let r = 0; r < n; r++) for (let c = 0; c < n; c++) rows[r * width + n + c] = r === c ? 1 : 0;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let r = k + 1; r < n; r++) {
      if (Math.abs(rows[r * width + k] as number) > Math.abs(rows[pivot * width + k] as number)) pivot = r;
    }
    const head = rows[pivot * width + k] as number;
    for (let c = 0; c < width; c++) {
      const value = (rows[pivot * width + c] as number) / head;
      rows[pivot * width + c] = rows[k * width + c] as number;
      rows[k * width + c] = value;
    }
    for (let r = 0; r < n; r++) {
      const factor = r === k ? 0 : (rows[r * width + k] as number);
      for (let c = 0; factor !== 0 && c < width; c++) {
        rows[r * width + c] = (rows[r * width + c] as number) - factor * (rows[k * width + c] as number);
      }
    }
  }
}

/** @source ONNX Runtime, com.microsoft.Inverse. */
const inverse = defineOp({
  type: 'Inverse',
  domain: 'com.microsoft',
  since: 1,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const [rows, columns] = dims?.slice(-2) ?? [];
    const isOblong = typeof rows === 'number' && typeof columns === 'number' && rows !== columns;
    if (dims !== undefined && (dims.length < 2 || isOblong)) {
      context.fail(`shape ${formatDims(dims)} is not that of square matrices`);
    }
    return [{ dtype, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const n = x.dims.at(-1) as number;
    const out = context.output(0, x.dtype, x.dims);
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const rows = new Float64Array(2 * n * n);
    for (let at = 0; at < to.length; at += n * n) {
      for (let i = 0; i < n * n; i++) rows[Math.floor(i / n) * 2 * n + (i % n)] = from[at + i] as number;
      invert(rows, n);
      for (let i = 0; i < n * n; i++) to[at + i] = rows[Math.floor(i / n) * 2 * n + n + (i % n)] as number;
    }
    return [stored(out)];
  },
  quant: () => ({ kind: 'float', why: 'An inverse divides by differences of products; it has no 8-bit form.' }),
});

/** Inverses of matrices [..., n, n]. */
export const inverseOps: readonly OpDef[] = [inverse];
