import type { DType, NumericDType } from '../base/dtype.ts';
import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { isSmallFloat, roundToSmallFloat } from '../base/half.ts';
import { rint } from '../base/round.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { codesOf } from './codes.ts';
import { quantizeByRange } from './dynamicQuant.ts';
import { axisOf, countOf, type Inferring } from './facts.ts';
import { asNumbers, floatsOf, isFloat32Stored, numbersOf, rangeOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';
import { isWide } from './wideCodes.ts';

const PART_OF_PLAN: QuantRule = { kind: 'float', why: 'It already is a step of a quantized graph.' };

const ATTRIBUTES = {
  axis: { kind: 'int', default: 1 },
  saturate: { kind: 'int', default: 1 },
  block_size: { kind: 'int', default: 0 },
  output_dtype: { kind: 'int', default: 0 },
  precision: { kind: 'int', default: 0 },
} as const;
type Specs = typeof ATTRIBUTES;

/** How the flat index of x leads to the index of its scale. */
interface Blocks {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  /** Scale of element (o, a, i). */
  index(o: number, a: number, i: number): number;
}

/** Per tensor, per channel along `axis`, or per block of `blockSize` along it. */
function blocksOf(x: Tensor, scale: Tensor, axis: number, blockSize: number): Blocks {
  if (sizeOf(scale.dims) === 1) return { outer: 1, length: 1, inner: sizeOf(x.dims), index: () => 0 };
  const length = x.dims[axis] as number;
  const inner = sizeOf(x.dims.slice(axis + 1));
  const outer = sizeOf(x.dims.slice(0, axis));
  if (scale.dims.length === 1 && blockSize === 0) return { outer, length, inner, index: (_, a) => a };
  const blocks = scale.dims[axis] as number;
  const size = blockSize === 0 ? Math.ceil(length / blocks) : blockSize;
  return { outer, length, inner, index: (o, a, i) => (o * blocks + Math.floor(a / size)) * inner + i };
}

/** The axis as it lies in memory. */
function physicalAxis(context: RunContext<Specs>): number {
  const rank = context.input(0).dims.length;
  const { axis } = context.attributes;
  const logical = axis < 0 ? axis + rank : axis;
  return context.layout === 'nhwc' && rank === 4 ? ([0, 3, 1, 2][logical] as number) : logical;
}

function checkScale(context: Inferring, axis: number, blockSize: number): void {
  const x = context.input(0).dims;
  const scale = context.input(1).dims;
  const zero = context.inputs[2]?.dims;
  if (scale !== undefined && zero !== undefined && scale.length !== zero.length && countOf(scale) !== 1) {
    context.fail(`scale has shape ${formatDims(scale)} and zero point ${formatDims(zero)}, expected the same`);
  }
  if (x === undefined || scale === undefined || scale.length === 0 || (scale.length === 1 && scale[0] === 1)) return;
  const at = axisOf(context, axis, x.length);
  const [n, channels] = [scale[0], x[at]];
  if (
    scale.length === 1 &&
    blockSize === 0 &&
    typeof n === 'number' &&
    typeof channels === 'number' &&
    n !== channels
  ) {
    context.fail(`scale has ${n} elements, but dimension ${at} of ${formatDims(x)} has ${channels}`);
  }
}

/**
 * Infinities saturate, as numbers beyond the range do; NaN becomes the zero point. (ONNX Runtime's kernels without SIMD,
 * those of float16, of blocks and of 4 bits along an axis, convert infinity as C++ leaves undefined.)
 */
const quantizeLinear = (domain: string, since: number): OpDef =>
  defineOp({
    type: 'QuantizeLinear',
    domain,
    since,
    arity: [2, 3],
    attributes: ATTRIBUTES,
    layout: { kind: 'any' },
    infer: (context) => {
      checkScale(context, context.attributes.axis, context.attributes.block_size);
      const named = context.attributes.output_dtype;
      const dtype: DType =
        context.inputs[2]?.dtype ??
        (named === 0 ? 'uint8' : (dtypeOfCode(named) ?? context.fail(`output_dtype ${named} is not supported`)));
      return [{ dtype, dims: context.input(0).dims }];
    },
    run: (context) => {
      const [x, scale, zero] = [context.input(0), context.input(1), context.inputs[2]];
      const named = context.attributes.output_dtype;
      const dtype = (zero?.dtype ?? (named === 0 ? 'uint8' : dtypeOfCode(named)) ?? 'uint8') as NumericDType; // infer checked
      const out = context.output(0, dtype, x.dims) as Tensor;
      const isPlain = sizeOf(scale.dims) === 1 && x.dtype === 'float32' && scale.dtype === 'float32';
      if (isPlain && isWide(out.data)) {
        const zeroPoint = zero === undefined ? 0 : (numbersOf(zero)[0] as number);
        const q = { scale: numbersOf(scale)[0] as number, zeroPoint, signed: dtype === 'int16' };
        context.kernels.quantizeWideF32(floatsOf(x), q, out.data);
        return [out];
      }
      if (isPlain && (dtype === 'int8' || dtype === 'uint8')) {
        const zeroPoint = zero === undefined ? 0 : (numbersOf(zero)[0] as number);
        const q = { scale: numbersOf(scale)[0] as number, zeroPoint, signed: dtype === 'int8' };
        context.kernels.quantizeF32(floatsOf(x), q, codesOf(out));
        return [out];
      }
      const [from, to, scales] = [asNumbers(x), numbersOf(out), numbersOf(scale)];
      const zeros = zero === undefined ? undefined : numbersOf(zero);
      const [lo, hi] = rangeOf(dtype);
      const store = isSmallFloat(dtype)
        ? (v: number) => roundToSmallFloat(dtype, v, context.attributes.saturate !== 0)
        : (v: number, z: number) => Math.min(Math.max((Number.isNaN(v) ? 0 : rint(v)) + z, lo), hi);
      const blocks = blocksOf(x, scale, physicalAxis(context), context.attributes.block_size);
      forEachElement(blocks, (at, s) => {
        to[at] = store(
          Math.fround((from[at] as number) / (scales[s] as number)),
          zeros === undefined ? 0 : (zeros[s] as number),
        );
      });
      return [out];
    },
    quant: () => PART_OF_PLAN,
  });

function forEachElement(blocks: Blocks, visit: (at: number, scale: number) => void): void {
  const { outer, length, inner } = blocks;
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (let a = 0; a < length; a++) {
      for (let i = 0; i < inner; i++) visit(at++, blocks.index(o, a, i));
    }
  }
}

const dequantizeLinear = (domain: string, since: number): OpDef =>
  defineOp({
    type: 'DequantizeLinear',
    domain,
    since,
    arity: [2, 3],
    attributes: ATTRIBUTES,
    layout: { kind: 'any' },
    infer: (context) => {
      checkScale(context, context.attributes.axis, context.attributes.block_size);
      const named = context.attributes.output_dtype;
      const dtype: DType =
        named === 0
          ? context.input(1).dtype
          : (dtypeOfCode(named) ?? context.fail(`output_dtype ${named} is not supported`));
      return [{ dtype, dims: context.input(0).dims }];
    },
    run: (context) => {
      const [x, scale, zero] = [context.input(0), context.input(1), context.inputs[2]];
      const named = context.attributes.output_dtype;
      const dtype = (named === 0 ? scale.dtype : (dtypeOfCode(named) ?? scale.dtype)) as 'float32'; // a floating-point type
      const out = context.output(0, dtype, x.dims);
      const isPlain = sizeOf(scale.dims) === 1 && dtype === 'float32';
      if (isPlain && isWide(x.data)) {
        const zeroPoint = zero === undefined ? 0 : (numbersOf(zero)[0] as number);
        const q = { scale: numbersOf(scale)[0] as number, zeroPoint, signed: x.dtype === 'int16' };
        context.kernels.dequantizeWide(x.data, q, floatsOf(out));
        return [out];
      }
      if (isPlain && (x.dtype === 'int8' || x.dtype === 'uint8')) {
        const zeroPoint = zero === undefined ? 0 : (numbersOf(zero)[0] as number);
        const q = { scale: numbersOf(scale)[0] as number, zeroPoint, signed: x.dtype === 'int8' };
        context.kernels.dequantizeQ8(codesOf(x), q, floatsOf(out));
        return [out];
      }
      const [from, to, scales] = [asNumbers(x), numbersOf(out), numbersOf(scale)];
      const zeros = zero === undefined ? undefined : numbersOf(zero);
      forEachElement(blocksOf(x, scale, physicalAxis(context), context.attributes.block_size), (at, s) => {
        const steps = (from[at] as number) - (zeros === undefined ? 0 : (zeros[s] as number));
        to[at] = Math.fround(steps) * (scales[s] as number); // an int32 has more bits than a float32
      });
      return [stored(out)];
    },
    quant: () => PART_OF_PLAN,
  });

/** Scale and zero point of uint8 from the tensor's own range, zero included. */
const dynamicQuantizeLinear = defineOp({
  type: 'DynamicQuantizeLinear',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'any' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    if (!isFloat32Stored(dtype)) context.fail(`x is ${dtype}, expected float32`);
    return [
      { dtype: 'uint8', dims },
      { dtype: 'float32', dims: [] },
      { dtype: 'uint8', dims: [] },
    ];
  },
  run: (context) => {
    const x = floatsOf(context.input(0));
    const y = context.output(0, 'uint8', context.input(0).dims);
    const { scale, zeroPoint } = quantizeByRange(context.kernels, x, y.data);
    const yScale = context.output(1, 'float32', []);
    const yZero = context.output(2, 'uint8', []);
    yScale.data[0] = scale;
    yZero.data[0] = zeroPoint;
    return [y, yScale, yZero];
  },
  quant: () => PART_OF_PLAN,
});

/** Between floats and codes: equations (Q) and (D). ONNX Runtime writes 16-bit ones in a domain of its own. */
export const quantizeOps: readonly OpDef[] = [
  quantizeLinear('', 1),
  quantizeLinear('com.microsoft', 1),
  dequantizeLinear('', 1),
  dequantizeLinear('com.microsoft', 1),
  dynamicQuantizeLinear,
];
