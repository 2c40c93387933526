import { rint } from '../base/round.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { gemmMacs } from './gemmShared.ts';
import { batchesOf, checkPerColumn, type PackedMatrix, prepareMatrix, productOf } from './integerProduct.ts';
import { inferMatMulDims } from './matMul.ts';
import { type MatMulDims, matMulDims } from './matMulDirect.ts';
import { numbersOf, rangeOf } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';
import { ALREADY_INTEGER } from './qlinear.ts';

interface PreparedProduct {
  readonly matrix: PackedMatrix | undefined;
  release(): void;
}

/** A, B, a_zero_point, b_zero_point: one zero point per tensor, or per row of A and column of B. */
const matMulInteger = defineOp<Record<never, never>, PreparedProduct>({
  type: 'MatMulInteger',
  domain: '',
  since: 1,
  arity: [2, 4],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    checkPerColumn(context, 3, 1);
    return [{ dtype: 'int32', dims: inferMatMulDims(context) }];
  },
  prepare: (context) => prepareMatrix(context, { b: 1, bZero: 3 }),
  run: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const dims = matMulDims(a.dims, b.dims);
    const out = context.output(0, 'int32', dims.out);
    const zeros = { aZero: context.inputs[2], bZero: context.inputs[3] };
    productOf(context.kernels, dims, { a, b, ...zeros, ...context.prepared }, out.data);
    return [out];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs) => gemmMacs(inputs, outputs),
});

/** a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point: parameters as in MatMulInteger. */
const qLinearMatMul = defineOp<Record<never, never>, PreparedProduct>({
  type: 'QLinearMatMul',
  domain: '',
  since: 10,
  arity: [8, 8],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    for (const i of [4, 5]) checkPerColumn(context, i, 3);
    return [{ dtype: context.input(7).dtype, dims: inferMatMulDims(context, 0, 3) }];
  },
  prepare: (context) => prepareMatrix(context, { b: 3, bZero: 5 }),
  run: (context) => {
    const [a, b, yZero] = [context.input(0), context.input(3), context.input(7)];
    const dims = matMulDims(a.dims, b.dims);
    const sums = context.scratch('int32', sizeOf(dims.out));
    const zeros = { aZero: context.input(2), bZero: context.input(5) };
    productOf(context.kernels, dims, { a, b, ...zeros, ...context.prepared }, sums);
    const [sa, sy, zero] = [1, 6, 7].map((i) => byRow(context.input(i), dims)) as [ByIndex, ByIndex, ByIndex];
    const sb = byColumn(context.input(4), dims);
    const dtype = yZero.dtype as 'int8' | 'uint8'; // by the operator's definition
    const out = context.output(0, dtype, dims.out);
    const [lo, hi] = rangeOf(dtype);
    for (let i = 0; i < sums.length; i++) {
      const row = Math.floor(i / dims.n);
      const multiplier = Math.fround(Math.fround(sa(row) * sb(i)) / sy(row));
      const code = rint(Math.fround(Math.fround(sums[i] as number) * multiplier)) + zero(row);
      out.data[i] = Math.min(Math.max(code, lo), hi);
    }
    return [out];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs) => gemmMacs(inputs, outputs),
});

type ByIndex = (index: number) => number;

/** A parameter of one element, [M], or [batch..., M, 1], by the flat row of the output. */
function byRow(t: Tensor, { m, batchA, batch }: MatMulDims): ByIndex {
  const list = numbersOf(t);
  if (list.length === 1) return () => list[0] as number;
  if (t.dims.length <= 2) return (row) => list[row % m] as number;
  const batches = batchesOf(batchA, batch);
  return (row) => list[(batches[Math.floor(row / m)] as number) * m + (row % m)] as number;
}

/** A parameter of one element, [N], or [batch..., 1, N], by the flat index of an output element. */
function byColumn(t: Tensor, { m, n, batchB, batch }: MatMulDims): ByIndex {
  const list = numbersOf(t);
  if (list.length === 1) return () => list[0] as number;
  if (t.dims.length <= 2) return (i) => list[i % n] as number;
  const batches = batchesOf(batchB, batch);
  return (i) => list[(batches[Math.floor(i / (m * n))] as number) * n + (i % n)] as number;
}

/** Matrix products of ONNX's own integer operators. */
export const matMulIntegerOps: readonly OpDef[] = [matMulInteger, qLinearMatMul];
