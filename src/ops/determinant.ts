import { formatDims } from '../base/shape.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** The determinant of the n x n matrix in `a`, which is overwritten: Gaussian elimination with partial pivoting. */
function determinant(a: Float64Array, n: number): number {
  let result = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let r = k + 1; r < n; r++) {
      if (Math.abs(a[r * n + k] as number) > Math.abs(a[pivot * n + k] as number)) pivot = r;
    }
    const head = a[pivot * n + k] as number;
    if (head === 0) return 0;
    if (pivot !== k) result = -result;
    for (let c = k; pivot !== k && c < n; c++) {
      const upper = a[k * n + c] as number;
      a[k * n + c] = a[pivot * n + c] as number;
      a[pivot * n + c] = upper;
    }
    result *= head;
    for (let r = k + 1; r < n; r++) {
      const factor = (a[r * n + k] as number) / head;
      for (let c = k + 1; c < n; c++) a[r * n + c] = (a[r * n + c] as number) - factor * (a[k * n + c] as number);
    }
  }
  return result;
}

const det = defineOp({
  type: 'Det',
  domain: '',
  since: 11,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    if (dims === undefined) return [{ dtype, dims }];
    const [rows, columns] = dims.slice(-2);
    if (dims.length < 2 || (typeof rows === 'number' && typeof columns === 'number' && rows !== columns)) {
      context.fail(`shape ${formatDims(dims)} is not that of square matrices`);
    }
    return [{ dtype, dims: dims.slice(0, -2) }];
  },
  run: (context) => {
    const x = context.input(0);
    const n = x.dims.at(-1) as number;
    const out = context.output(0, x.dtype as 'float32', x.dims.slice(0, -2)); // a floating-point type
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const matrix = new Float64Array(n * n);
    for (let m = 0; m < to.length; m++) {
      for (let i = 0; i < matrix.length; i++) matrix[i] = from[m * matrix.length + i] as number;
      to[m] = determinant(matrix, n);
    }
    return [stored(out)];
  },
  quant: () => ({ kind: 'float', why: 'A determinant multiplies many numbers; it has no 8-bit form.' }),
});

/** Determinants of matrices [..., n, n]. */
export const determinantOps: readonly OpDef[] = [det];
