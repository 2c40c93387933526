import { rint } from '../base/round.ts';
import { sizeOf } from '../base/shape.ts';
import type { TensorQuant } from '../kernels/kernelSet.ts';
import { codesOf, lookupTable } from './codes.ts';
import { axisOf } from './facts.ts';
import { rangeOf } from './numbers.ts';
import { type AttributeSpecs, type AttributeValues, defineOp, type OpDef } from './opDef.ts';
import {
  ALREADY_INTEGER,
  checkTensorQuant,
  codeDType,
  fromParameters,
  quantOfInputs,
  quantsOfPair,
} from './qlinear.ts';
import { rationalSigmoid } from './rationalActivations.ts';

/** X, X_scale, X_zero_point, Y_scale, Y_zero_point: a function of one code, so a table of 256. */
function qLinearLookup<S extends AttributeSpecs>(
  type: string,
  attributes: S,
  functionOf: (attributes: AttributeValues<S>) => (x: number) => number,
): OpDef {
  const tables = fromParameters<S, Uint8Array>(
    (i) => i === 0,
    0,
    (inputs, dtype, values) =>
      lookupTable(quantOfInputs(inputs, 1, 2, dtype), quantOfInputs(inputs, 3, 4, dtype), functionOf(values)),
  );
  return defineOp<S, Uint8Array | undefined>({
    type,
    domain: 'com.microsoft',
    since: 1,
    arity: [4, 5],
    attributes,
    layout: { kind: 'any' },
    infer: (context) => {
      const dtype = codeDType(context, 0);
      checkTensorQuant(context, 1, 2, dtype);
      checkTensorQuant(context, 3, 4, dtype);
      return [{ dtype, dims: context.input(0).dims }];
    },
    prepare: tables.prepare,
    run: (context) => {
      const x = context.input(0);
      const out = context.output(0, x.dtype, x.dims);
      context.kernels.lookup8(codesOf(x), tables.of(context), codesOf(out));
      return [out];
    },
    quant: () => ALREADY_INTEGER,
  });
}

const qLinearLeakyRelu = qLinearLookup('QLinearLeakyRelu', { alpha: { kind: 'float', default: 0.01 } }, ({ alpha }) => {
  return (x) => (x >= 0 ? x : Math.fround(alpha * x));
});

const qLinearSigmoid = qLinearLookup('QLinearSigmoid', {}, () => rationalSigmoid);

const softmaxAttributes = { axis: { kind: 'int', default: -1 }, opset: { kind: 'int', required: true } } as const;
type SoftmaxSpecs = typeof softmaxAttributes;

/** Which elements one softmax covers: `count` of them, `step` apart. */
function coverage({ axis, opset }: AttributeValues<SoftmaxSpecs>, dims: readonly number[]) {
  const at = axis < 0 ? axis + dims.length : axis;
  return opset < 13
    ? { count: sizeOf(dims.slice(at)), step: 1 }
    : { count: dims[at] ?? 1, step: sizeOf(dims.slice(at + 1)) };
}

/** Bits kept free below the largest float32 when `count` exponentials are added. */
const RESERVED = 5;
const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** exp(scale (i - 255) + shift) for the distances 255 - i of a code from its row's maximum, as float32. */
function exponentials(scale: number, count: number): Float32Array {
  const room = Math.max(0, Math.log(Math.fround(LARGEST_FLOAT32 / count)) - RESERVED) / scale;
  return Float32Array.from({ length: 256 }, (_, i) => Math.exp((i - 255 + room) * scale));
}

interface SoftmaxRow {
  readonly codes: Int8Array | Uint8Array;
  readonly out: Int8Array | Uint8Array;
  readonly at: number;
  readonly count: number;
  readonly step: number;
}

/**
 * One row: e = table[code - max + 255], y = clamp(rint(fround(fround(e quantum) / sum)) + zero point), sums in float32.
 *
 * @source ONNX Runtime's QLinearSoftmax on x64, with what its conversion makes of e quantum above float32 (a row of one
 *   element and Y_scale below 1/148): 0 for uint8, -2^31 for int8, whose sum with the zero point wraps.
 */
function normalizeCodes(row: SoftmaxRow, table: Float32Array, quantum: number, y: TensorQuant): void {
  const { codes, out, at, count, step } = row;
  const [lo, hi] = rangeOf(y.signed ? 'int8' : 'uint8');
  const end = at + count * step;
  let max = -128;
  for (let p = at; p < end; p += step) max = Math.max(max, codes[p] as number);
  const offset = 255 - max;
  let sum = 0;
  for (let p = at; p < end; p += step) sum = Math.fround(sum + (table[(codes[p] as number) + offset] as number));
  for (let p = at; p < end; p += step) {
    const scaled = Math.fround((table[(codes[p] as number) + offset] as number) * quantum);
    const steps = Number.isFinite(scaled) ? rint(Math.fround(scaled / sum)) : y.signed ? -2147483648 : 0;
    out[p] = Math.min(Math.max((steps + y.zeroPoint) | 0, lo), hi);
  }
}

/** X, X_scale, x_zero_point, y_scale, y_zero_point; exponentials come from a table that X_scale and the axis decide. */
const qLinearSoftmax = defineOp<SoftmaxSpecs>({
  type: 'QLinearSoftmax',
  domain: 'com.microsoft',
  since: 1,
  arity: [5, 5],
  attributes: softmaxAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const dtype = codeDType(context, 0);
    checkTensorQuant(context, 1, 2, dtype);
    checkTensorQuant(context, 3, 4, dtype);
    const { dims } = context.input(0);
    if (dims !== undefined) axisOf(context, context.attributes.axis, dims.length);
    return [{ dtype, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const out = context.output(0, x.dtype, x.dims);
    const total = sizeOf(x.dims);
    if (total === 0) return [out];
    const { count, step } = coverage(context.attributes, x.dims);
    const [qx, qy] = quantsOfPair(context);
    const table = exponentials(qx.scale, count);
    const quantum = Math.floor(Math.fround(1 / qy.scale));
    const row = { codes: codesOf(x), out: codesOf(out), count, step };
    for (let at = 0; at < total; at += count * step) {
      for (let s = 0; s < step; s++) normalizeCodes({ ...row, at: at + s }, table, quantum, qy);
    }
    return [out];
  },
  quant: () => ALREADY_INTEGER,
});

/** Activations of codes. */
export const qLinearActivationOps: readonly OpDef[] = [qLinearLeakyRelu, qLinearSigmoid, qLinearSoftmax];
