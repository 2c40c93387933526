import type { Tensor } from '../base/tensor.ts';
import { quantizeByRange } from './dynamicQuant.ts';
import { gemmMacs } from './gemmShared.ts';
import {
  batchesOf,
  checkPerColumn,
  type PackedMatrix,
  type Product,
  prepareMatrix,
  productOf,
} from './integerProduct.ts';
import { inferMatMulDims } from './matMul.ts';
import { type MatMulDims, matMulDims } from './matMulDirect.ts';
import { floatsOf, numbersOf } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER, checkTensorQuant, codeDType } from './qlinear.ts';

/** A constant matrix, packed. */
export interface PreparedMatrix {
  readonly matrix: PackedMatrix | undefined;
  release(): void;
}

/** Scales of a float product: a's, and b's of one element, [N], or [batch..., 1, N]; and what is added, [N]. */
export interface Scaling {
  readonly aScale: number;
  readonly bScale: Tensor;
  readonly bias: Tensor | undefined;
}

/** out = fround(fround(sum) * fround(sa sb)) and, in a rounding of its own, the bias. */
export function scaledProduct(
  context: Pick<RunContext<AttributeSpecs>, 'kernels' | 'scratch'>,
  dims: MatMulDims,
  product: Product,
  { aScale, bScale, bias }: Scaling,
  out: Float32Array,
): void {
  const sums = context.scratch('int32', out.length);
  productOf(context.kernels, dims, product, sums);
  const scales = Float32Array.from(numbersOf(bScale), (s) => aScale * s);
  const { m, n } = dims;
  const batches = batchesOf(dims.batchB, dims.batch);
  for (let i = 0; i < out.length; i++) {
    const column = i % n;
    const first = scales.length > n ? (batches[Math.floor(i / (m * n))] as number) * n : 0;
    const scale = scales[scales.length === 1 ? 0 : first + column] as number;
    out[i] = Math.fround(sums[i] as number) * scale;
    if (bias !== undefined) out[i] = (out[i] as number) + (floatsOf(bias)[column] as number);
  }
}

/** A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias: the product of codes as float32. */
const matMulIntegerToFloat = defineOp<AttributeSpecs, PreparedMatrix>({
  type: 'MatMulIntegerToFloat',
  domain: 'com.microsoft',
  since: 1,
  arity: [4, 7],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    checkTensorQuant(context, 2, 4, codeDType(context, 0));
    codeDType(context, 1);
    for (const i of [3, 5, 6]) checkPerColumn(context, i, 1);
    return [{ dtype: context.input(2).dtype, dims: inferMatMulDims(context) }];
  },
  prepare: (context) => prepareMatrix(context, { b: 1, bZero: 5 }),
  run: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const { matrix } = context.prepared;
    const product = { a, aZero: context.inputs[4], b, bZero: context.inputs[5], matrix };
    const aScale = floatsOf(context.input(2))[0] as number;
    const scaling = { aScale, bScale: context.input(3), bias: context.inputs[6] };
    const dims = matMulDims(a.dims, b.dims);
    const out = context.output(0, 'float32', dims.out);
    scaledProduct(context, dims, product, scaling, out.data);
    return [out];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs) => gemmMacs(inputs, outputs),
});

/** A, B, b_scale, b_zero_point, bias: A float32, quantized to uint8 by its own range in every run. */
const dynamicQuantizeMatMul = defineOp<AttributeSpecs, PreparedMatrix>({
  type: 'DynamicQuantizeMatMul',
  domain: 'com.microsoft',
  since: 1,
  arity: [3, 5],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype } = context.input(0);
    if (dtype !== 'float32') context.fail(`A is ${dtype}, expected float32`);
    codeDType(context, 1);
    for (const i of [2, 3, 4]) checkPerColumn(context, i, 1);
    return [{ dtype, dims: inferMatMulDims(context) }];
  },
  prepare: (context) => prepareMatrix(context, { b: 1, bZero: 3 }),
  run: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const codes = context.scratch('uint8', a.data.length);
    const { scale, zeroPoint } = quantizeByRange(context.kernels, floatsOf(a), codes);
    const product = {
      a: { dtype: 'uint8', dims: a.dims, data: codes },
      aZero: { dtype: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) },
      b,
      bZero: context.inputs[3],
      matrix: context.prepared.matrix,
    } as const;
    const scaling = { aScale: scale, bScale: context.input(2), bias: context.inputs[4] };
    const dims = matMulDims(a.dims, b.dims);
    const out = context.output(0, 'float32', dims.out);
    scaledProduct(context, dims, product, scaling, out.data);
    return [out];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs) => gemmMacs(inputs, outputs),
});

/** Products of codes whose results are floats. */
export const dynamicQuantizedOps: readonly OpDef[] = [matMulIntegerToFloat, dynamicQuantizeMatMul];
