import { isBigInt } from '../base/dtype.ts';
import { broadcastDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { broadcastStrides } from './cells.ts';
import { indexOf } from './convDirect.ts';
import { bigintsOf, numbersOf } from './numbers.ts';

/** A matrix product [batch..., M, K] x [batch..., K, N] after NumPy's rules for vectors and batches. */
export interface MatMulDims {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batch: readonly number[];
  readonly batchA: readonly number[];
  readonly batchB: readonly number[];
  readonly out: readonly number[];
}

export function matMulDims(a: readonly number[], b: readonly number[]): MatMulDims {
  const m = a.length > 1 ? (a.at(-2) as number) : 1;
  const n = b.length > 1 ? (b.at(-1) as number) : 1;
  const batchA = a.slice(0, -2);
  const batchB = b.slice(0, -2);
  const batch = broadcastDims(batchA, batchB) ?? []; // infer checked that they broadcast
  const out = [...batch, ...(a.length > 1 ? [m] : []), ...(b.length > 1 ? [n] : [])];
  return { m, n, k: a.at(-1) as number, batch, batchA, batchB, out };
}

/** Values subtracted from both operands before they are multiplied. */
export interface ZeroPoints {
  /** For row i of A and column j of B. */
  a(row: number): number;
  b(column: number): number;
}

const NO_ZERO_POINTS: ZeroPoints = { a: () => 0, b: () => 0 };

/** By its definition, for types the kernels do not take. Sums in float64, or exactly for 64-bit integers. */
export function batchedMatMul(dims: MatMulDims, a: Tensor, b: Tensor, out: Tensor, zero = NO_ZERO_POINTS): void {
  const { batch, m, k, n } = dims;
  const stepsA = broadcastStrides(dims.batchA, batch);
  const stepsB = broadcastStrides(dims.batchB, batch);
  for (let i = 0; i < sizeOf(batch); i++) {
    const index = indexOf(i, batch);
    const ia = index.reduce((sum, at, d) => sum + at * (stepsA[d] as number), 0) * m * k;
    const ib = index.reduce((sum, at, d) => sum + at * (stepsB[d] as number), 0) * k * n;
    if (isBigInt(a.dtype))
      multiplyBig(bigintsOf(a).subarray(ia), bigintsOf(b).subarray(ib), bigintsOf(out).subarray(i * m * n), dims);
    else {
      const [x, w, y] = [numbersOf(a), numbersOf(b), numbersOf(out)];
      for (let r = 0; r < m; r++) {
        for (let c = 0; c < n; c++) {
          let sum = 0;
          for (let p = 0; p < k; p++) {
            sum += ((x[ia + r * k + p] as number) - zero.a(r)) * ((w[ib + p * n + c] as number) - zero.b(c));
          }
          y[i * m * n + r * n + c] = sum;
        }
      }
    }
  }
}

function multiplyBig(a: BigInt64Array, b: BigInt64Array, out: BigInt64Array, { m, k, n }: MatMulDims): void {
  for (let r = 0; r < m; r++) {
    for (let c = 0; c < n; c++) {
      let sum = 0n;
      for (let p = 0; p < k; p++) sum += (a[r * k + p] as bigint) * (b[p * n + c] as bigint);
      out[r * n + c] = sum;
    }
  }
}
