import { type DType, isBigInt, isFloat, type NumericDType } from '../base/dtype.ts';
import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { isSmallFloat, type PowerRounding, roundInPlace, roundToFloat8e8m0, roundToSmallFloat } from '../base/half.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Conversion, ConvertibleArray } from '../kernels/kernelSet.ts';
import { cellsOf, outputOf } from './cells.ts';
import { factWithElements, knownElements } from './facts.ts';
import { bigintsOf, floatsOf, isFloat32Stored, numbersOf } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

const NO_QUANT: QuantRule = { kind: 'float', why: 'It changes the element type, which codes do not have.' };

/** Attributes of Cast and CastLike that say what types of 8 bits and fewer make of other values. */
const ROUNDING = {
  saturate: { kind: 'int', default: 1 },
  round_mode: { kind: 'string', default: 'up' },
} as const;

/** Converts elements as Cast does; floats go to integers by truncation, to bool by "not zero". */
function convertTo(context: RunContext<typeof ROUNDING>, dtype: DType): Tensor {
  const x = context.input(0);
  const out = outputOf(context, 0, dtype, x.dims);
  if (dtype === 'string') {
    const target = cellsOf(out) as string[]; // outputOf made an array of strings
    for (let i = 0; i < x.data.length; i++) target[i] = textOf(x.dtype, x.data[i] as number | bigint | string);
    return out;
  }
  if (x.dtype === dtype) {
    (out.data as Float32Array).set(x.data as Float32Array); // same type on both sides
    return out;
  }
  const kernel = CONVERSIONS[`${kindOf(x.dtype)} to ${kindOf(dtype)}`];
  if (kernel !== undefined) {
    context.kernels.convert(kernel, x.data as ConvertibleArray, out.data as ConvertibleArray); // of the kinds named
    if (isFloat32Stored(dtype)) roundInPlace(dtype, floatsOf(out));
    return out;
  }
  if (kindOf(x.dtype) === 'f32' && kindOf(dtype) === 'f32') {
    floatsOf(out).set(floatsOf(x));
    roundInPlace(dtype, floatsOf(out));
    return out;
  }
  if (isBigInt(dtype)) {
    const target = bigintsOf(out);
    for (let i = 0; i < x.data.length; i++) target[i] = bigintOf(x.data[i] as number | bigint | string);
    return out;
  }
  const target = numbersOf(out);
  const store = storeOf(dtype as NumericDType, context.attributes, isFloat(x.dtype));
  for (let i = 0; i < x.data.length; i++) {
    const value = x.data[i] as number | bigint | string;
    target[i] = store(
      typeof value === 'bigint' && !isFloat(dtype) && dtype !== 'bool'
        ? Number(BigInt.asIntN(32, value))
        : numberOf(value),
    );
  }
  if (isFloat32Stored(dtype) && !isSmallFloat(dtype)) roundInPlace(dtype, floatsOf(out));
  return out;
}

interface Rounding {
  readonly saturate: number;
  readonly round_mode: string;
}

/** Conversions that have a kernel, by the kinds of both types; those of int64 wrap as its arrays do. */
const CONVERSIONS: Readonly<Partial<Record<string, Conversion>>> = {
  'bool to f32': 'u8 to f32',
  'u8 to f32': 'u8 to f32',
  'i8 to f32': 'i8 to f32',
  'i32 to f32': 'i32 to f32',
  'i64 to f32': 'i64 to f32',
  'f32 to bool': 'f32 to bool',
  'f32 to i32': 'f32 to i32',
  'i64 to i32': 'i64 to i32',
  'i32 to i64': 'i32 to i64',
  'bool to i32': 'u8 to i32',
  'u8 to i32': 'u8 to i32',
  'bool to i64': 'u8 to i64',
  'u8 to i64': 'u8 to i64',
};

function kindOf(dtype: DType): string {
  if (isFloat32Stored(dtype) && !isSmallFloat(dtype)) return 'f32';
  return { bool: 'bool', uint8: 'u8', int8: 'i8', int32: 'i32', int64: 'i64' }[dtype as string] ?? dtype;
}

function storeOf(dtype: NumericDType, rounding: Rounding, fromFloat: boolean): (x: number) => number {
  const saturate = rounding.saturate !== 0;
  if (dtype === 'float8e8m0') return (x) => roundToFloat8e8m0(x, saturate, rounding.round_mode as PowerRounding);
  if (dtype === 'bool') return (x) => (x !== 0 ? 1 : 0);
  if (isSmallFloat(dtype)) return (x) => roundToSmallFloat(dtype, x, saturate);
  if (dtype === 'int2') return (x) => (Math.trunc(x) << 30) >> 30;
  if (dtype === 'uint2') return (x) => Math.trunc(x) & 3;
  if (dtype === 'int4') return (x) => (Math.trunc(x) << 28) >> 28;
  if (dtype === 'uint4') return (x) => Math.trunc(x) & 15;
  return fromFloat && !isFloat(dtype) ? Math.trunc : (x) => x;
}

/** A string in Python's manner, or one of INF, +INF, -INF and NaN in any case. */
function numberOf(x: number | bigint | string): number {
  if (typeof x !== 'string') return Number(x);
  const [, sign, infinite] = /^\s*([+-]?)(inf)\s*$/i.exec(x) ?? [];
  if (infinite === undefined) return Number(x);
  return sign === '-' ? -Infinity : Infinity;
}

function bigintOf(x: number | bigint | string): bigint {
  if (typeof x === 'bigint') return x;
  const n = Math.trunc(numberOf(x));
  return Number.isFinite(n) ? BigInt(n) : -(2n ** 63n); // what C++ compilers on x64 make of NaN and infinities
}

function textOf(dtype: DType, x: number | bigint | string): string {
  if (dtype === 'bool') return x === 1 ? 'True' : 'False';
  if (typeof x !== 'number' || !isFloat(dtype)) return String(x);
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? 'INF' : '-INF';
  return dtype === 'float64' ? String(x) : shortestFloat32(x);
}

/** The shortest decimal that reads back as this float32. */
function shortestFloat32(x: number): string {
  for (let digits = 6; digits <= 9; digits++) {
    const text = x.toPrecision(digits);
    if (Math.fround(Number(text)) === Math.fround(x)) return String(Number(text));
  }
  return String(x);
}

function checkRounding(context: InferContext<typeof ROUNDING>): void {
  const { round_mode } = context.attributes;
  if (!['up', 'down', 'nearest'].includes(round_mode))
    context.fail(`round_mode ${round_mode} is not up, down or nearest`);
}

const castAttributes = {
  to: { kind: 'int', required: true },
  ...ROUNDING,
} as const;

const cast = defineOp({
  type: 'Cast',
  domain: '',
  since: 6,
  arity: [1, 1],
  attributes: castAttributes,
  layout: { kind: 'any' },
  infer: (context) => {
    checkRounding(context);
    const { to } = context.attributes;
    const dtype = dtypeOfCode(to) ?? context.fail(`the type numbered ${to} is not supported`);
    const { dims } = context.input(0);
    return [factWithElements(dtype, dims, isFloat(dtype) ? undefined : knownElements(context.input(0)))];
  },
  run: (context) => [convertTo(context, dtypeOfCode(context.attributes.to) ?? context.fail('unsupported type'))],
  quant: () => NO_QUANT,
});

const castLike = defineOp({
  type: 'CastLike',
  domain: '',
  since: 15,
  arity: [2, 2],
  attributes: ROUNDING,
  layout: { kind: 'plain' },
  infer: (context) => {
    checkRounding(context);
    return [{ dtype: context.input(1).dtype, dims: context.input(0).dims }];
  },
  run: (context) => [convertTo(context, context.input(1).dtype)],
  quant: () => NO_QUANT,
});

/** Changes of the element type. */
export const castOps: readonly OpDef[] = [cast, castLike];
