import type { Tensor } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { requantize } from '../kernels/js/requantize.ts';
import type { Requantizer } from '../kernels/kernelSet.ts';
import { zipBroadcast } from './broadcast.ts';
import { codesOf } from './codes.ts';
import { broadcastFacts, dimsOfRank, sameDim } from './facts.ts';
import { gemmMacs, gemmShape } from './gemmShared.ts';
import { checkPerColumn, multiplyCodes, type PackedMatrix, packMatrix } from './integerProduct.ts';
import { floatsOf, numbersOf, rangeOf } from './numbers.ts';
import { defineOp, type OpDef, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER, type CodeDType, checkTensorQuant, codeDType } from './qlinear.ts';

const attributes = {
  alpha: { kind: 'float', default: 1 },
  transA: { kind: 'int', default: 0 },
  transB: { kind: 'int', default: 0 },
} as const;
type Specs = typeof attributes;

interface Prepared {
  readonly matrix: PackedMatrix | undefined;
  release(): void;
}

/**
 * A, a_scale, a_zero_point, B, b_scale, b_zero_point, C (int32), y_scale, y_zero_point: alpha A B + C in int32, scaled
 * by fround(fround(alpha sa) sb[n]); to codes by equation (R) with y_scale, to float32 without.
 */
const qGemm = defineOp<Specs, Prepared>({
  type: 'QGemm',
  domain: 'com.microsoft',
  since: 1,
  arity: [6, 9],
  attributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { transA, transB } = context.attributes;
    checkTensorQuant(context, 1, 2, codeDType(context, 0));
    codeDType(context, 3);
    const [a, b] = [dimsOfRank(context, 0, 2), dimsOfRank(context, 3, 2)];
    const quantized = context.inputs[7] !== undefined;
    const dtype = quantized ? codeDType(context, 8) : 'float32';
    if (quantized) checkTensorQuant(context, 7, 8, dtype);
    if (a === undefined || b === undefined) return [{ dtype, dims: undefined }];
    if (transB === 0) for (const i of [4, 5]) checkPerColumn(context, i, 3);
    const [m, ka] = (transA ? [a[1], a[0]] : a) as [Dim, Dim];
    const [kb, n] = (transB ? [b[1], b[0]] : b) as [Dim, Dim];
    sameDim(context, ka, kb, 'inner dims of A and B');
    const c = context.inputs[6];
    if (c !== undefined && c.dtype !== 'int32') context.fail(`C is ${c.dtype}, expected int32`);
    if (c?.dims !== undefined) broadcastFacts(context, [m, n], c.dims);
    return [{ dtype, dims: [m, n] }];
  },
  prepare: ({ constants: [, , , b, , zero], attributes: { transB }, kernels }) => {
    const fixed = b !== undefined && zero !== undefined;
    const matrix = fixed ? packMatrix(kernels, codesOf(b), numbersOf(zero), gemmShape(b.dims, { transB })) : undefined;
    return { matrix, release: () => matrix?.release() };
  },
  run: (context) => {
    const { kernels, prepared, attributes: given } = context;
    const [a, aZero, b, bZero] = [context.input(0), context.input(2), context.input(3), context.input(5)];
    const { k, n, transposed } = gemmShape(b.dims, given);
    const m = a.dims[given.transA ? 1 : 0] as number;
    const rows = given.transA ? context.scratch(a.dtype as CodeDType, m * k) : codesOf(a);
    if (given.transA) kernels.transpose8(codesOf(a), rows, 1, k, m);
    const matrix = prepared.matrix ?? packMatrix(kernels, codesOf(b), numbersOf(bZero), { k, n, transposed });
    const sums = context.scratch('int32', m * n);
    multiplyCodes(kernels, rows, numbersOf(aZero), matrix, sums);
    if (prepared.matrix === undefined) matrix.release();
    const c = context.inputs[6];
    if (c !== undefined) addInto(sums, [m, n], c);
    return [scaled(context, sums, [m, n])];
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, outputs, { transA }) => gemmMacs(inputs, outputs, transA ? 0 : 1),
});

function addInto(sums: Int32Array, dims: readonly number[], c: Tensor): void {
  zipBroadcast({ a: dims, b: c.dims, out: dims }, sums, numbersOf(c), sums, (p: number, q: number) => p + q);
}

function scaled(context: RunContext<Specs, Prepared>, sums: Int32Array, dims: readonly [number, number]): Tensor {
  const a = Math.fround(context.attributes.alpha * (floatsOf(context.input(1))[0] as number));
  const perColumn = Float32Array.from(floatsOf(context.input(4)), (s) => a * s);
  const [scale, zero] = [context.inputs[7], context.inputs[8]];
  if (scale === undefined || zero === undefined) {
    const out = context.output(0, 'float32', dims);
    for (let i = 0; i < sums.length; i++) {
      out.data[i] = Math.fround(sums[i] as number) * (perColumn[perColumn.length === 1 ? 0 : i % dims[1]] as number);
    }
    return out;
  }
  const out = context.output(0, zero.dtype as CodeDType, dims);
  requantize(sums, requantizerOf(perColumn, floatsOf(scale)[0] as number, zero), codesOf(out));
  return out;
}

/** Equation (R) with multiplier[c] = fround(scales[c] / sy). */
function requantizerOf(scales: Float32Array, sy: number, zero: Tensor): Requantizer {
  const signed = zero.dtype === 'int8';
  const [lo, hi] = rangeOf(signed ? 'int8' : 'uint8');
  const multiplier = scales.map((s) => s / sy);
  const zeroPoint = numbersOf(zero)[0] as number;
  return { flavour: 'fp32', multiplier, zeroPoint, signed, lo, hi };
}

/** The quantized Gemm of ONNX Runtime. */
export const qGemmOps: readonly OpDef[] = [qGemm];
