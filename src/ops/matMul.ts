import { formatDims, sizeOf } from '../base/shape.ts';
import type { Dim } from '../graph/model.ts';
import type { Packed } from '../kernels/kernelSet.ts';
import { broadcastStrides } from './cells.ts';
import { broadcastFacts, type Inferring, sameDim } from './facts.ts';
import { gemmMacs, gemmRoles, gemmShape, prepareGemmCodes, runGemmCodes } from './gemmShared.ts';
import { batchedMatMul, type MatMulDims, matMulDims } from './matMulDirect.ts';
import { floatsOf, isFloat32Stored, stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';
import {
  acceptsWeighted,
  multipliersOf,
  type PreparedCodes,
  type PreparedWeights,
  preparedWeights,
} from './weighted.ts';

const matMul = defineOp<Record<never, never>, PreparedWeights, PreparedCodes>({
  type: 'MatMul',
  domain: '',
  since: 1,
  arity: [2, 2],
  attributes: {},
  layout: { kind: 'plain' },
  fusesClamp: true,
  infer: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    if (a.dtype !== b.dtype) context.fail(`inputs are ${a.dtype} and ${b.dtype}, expected one type`);
    return [{ dtype: a.dtype, dims: inferMatMulDims(context) }];
  },
  prepare: ({ constants: [, b], kernels }) => {
    if (b === undefined || b.dims.length !== 2 || !isFloat32Stored(b.dtype)) return preparedWeights(undefined);
    return preparedWeights(kernels.packGemmF32(floatsOf(b), undefined, gemmShape(b.dims, { transB: 0 })));
  },
  run: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const dims = matMulDims(a.dims, b.dims);
    const out = context.output(0, a.dtype, dims.out);
    if (!isFloat32Stored(a.dtype)) {
      batchedMatMul(dims, a, b, out);
      return [out];
    }
    const [x, y] = [floatsOf(a), floatsOf(out)];
    const { packed } = context.prepared;
    if (packed === undefined) multiplyBatches(context, { ...dims, transposed: false }, x, floatsOf(b), y);
    else if (y.length > 0) context.kernels.gemmF32(x, packed, y, sizeOf(dims.batch) * dims.m, context.clamp);
    return [stored(out, context.kernels)];
  },
  quant: () => ({ kind: 'weighted', activation: 0, weight: 1, channelAxis: 1 }),
  integer: {
    accepts: (context) => {
      if (context.inputs[1]?.dims?.length !== 2) return 'The integer form needs a constant weight of rank 2.';
      const roles = gemmRoles(context, { transB: 0 });
      return roles === undefined
        ? 'The weight has no static shape.'
        : acceptsWeighted(context, { ...roles, bias: undefined });
    },
    prepare: (context) => prepareGemmCodes(context, gemmRoles(context, { transB: 0 }), false),
    multipliers: (context) => multipliersOf(context, gemmRoles(context, { transB: 0 })),
    run: runGemmCodes,
  },
  macs: (inputs, outputs) => gemmMacs(inputs, outputs),
});

/** The dims of a product, whose second operand may lie as [batch..., N, K]. */
export interface BatchedProduct extends MatMulDims {
  readonly transposed: boolean;
}

/** y = a b, clamped, with one matrix of b packed at a time; a single one multiplies all rows of a at once. */
export function multiplyBatches(
  { kernels, clamp }: Pick<RunContext<AttributeSpecs>, 'kernels' | 'clamp'>,
  product: BatchedProduct,
  a: Float32Array,
  b: Float32Array,
  y: Float32Array,
): void {
  const { batch, m, k, n, batchA, batchB } = product;
  if (y.length === 0) return;
  if (b.length === k * n && a.length === sizeOf(batch) * m * k) {
    const packed = kernels.packGemmF32(b, undefined, product);
    kernels.gemmF32(a, packed, y, sizeOf(batch) * m, clamp);
    packed.release();
    return;
  }
  const stepsA = broadcastStrides(batchA, batch);
  const stepsB = broadcastStrides(batchB, batch);
  const count = sizeOf(batch);
  let packed: Packed | undefined;
  let packedAt = -1;
  for (let i = 0; i < count; i++) {
    let rest = i;
    let ia = 0;
    let ib = 0;
    for (let d = batch.length - 1; d >= 0; d--) {
      const at = rest % (batch[d] as number);
      rest = Math.floor(rest / (batch[d] as number));
      ia += at * (stepsA[d] as number);
      ib += at * (stepsB[d] as number);
    }
    if (packed === undefined || ib !== packedAt) {
      packed?.release();
      packed = kernels.packGemmF32(b.subarray(ib * k * n, (ib + 1) * k * n), undefined, product);
      packedAt = ib;
    }
    const rows = a.subarray(ia * m * k, (ia + 1) * m * k);
    kernels.gemmF32(rows, packed, y.subarray(i * m * n, (i + 1) * m * n), m, clamp);
  }
  packed?.release();
}

/** The output dims of the product of two inputs as NumPy's matmul defines them, symbols included. */
export function inferMatMulDims(context: Inferring, first = 0, second = 1): readonly Dim[] | undefined {
  const a = context.input(first).dims;
  const b = context.input(second).dims;
  return a === undefined || b === undefined ? undefined : productDims(context, a, b);
}

/** As {@link inferMatMulDims}, for dims that are not those of an input. */
export function productDims(context: Inferring, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  if (a.length === 0 || b.length === 0) context.fail('a matrix product needs inputs of rank 1 or more');
  const [ka, kb] = [a.at(-1) as Dim, (b.length === 1 ? b[0] : b.at(-2)) as Dim];
  sameDim(context, ka, kb, `inner dims of ${formatDims(a)} and ${formatDims(b)}`);
  const batch = broadcastFacts(context, a.slice(0, -2), b.slice(0, -2)) ?? [];
  return [...batch, ...(a.length > 1 ? [a.at(-2) as Dim] : []), ...(b.length > 1 ? [b.at(-1) as Dim] : [])];
}

/** The matrix product of NumPy's matmul. */
export const matMulOps: readonly OpDef[] = [matMul];
