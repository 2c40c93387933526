import { type DType, isBigInt, isFloat, type NumericDType } from '../base/dtype.ts';
import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { isFloat8, roundInPlace, roundToFloat8 } from '../base/half.ts';
import type { Tensor } from '../base/tensor.ts';
import { cellsOf, outputOf } from './cells.ts';
import { factWithElements, knownElements } from './facts.ts';
import { bigintsOf, floatsOf, isFloat32Stored, numbersOf } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

const NO_QUANT: QuantRule = { kind: 'float', why: 'It changes the element type, which codes do not have.' };

/** Converts elements as Cast does; floats go to integers by truncation, to bool by "not zero". */
export function convertTo(context: RunContext<AttributeSpecs, unknown>, dtype: DType, saturate: boolean): Tensor {
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
  if (isBigInt(dtype)) {
    const target = bigintsOf(out);
    for (let i = 0; i < x.data.length; i++) target[i] = bigintOf(x.data[i] as number | bigint | string);
    return out;
  }
  const target = numbersOf(out);
  const store = storeOf(dtype as NumericDType, saturate, isFloat(x.dtype));
  for (let i = 0; i < x.data.length; i++) {
    const value = x.data[i] as number | bigint | string;
    target[i] = store(typeof value === 'bigint' && !isFloat(dtype) ? Number(BigInt.asIntN(32, value)) : Number(value));
  }
  if (isFloat32Stored(dtype) && !isFloat8(dtype)) roundInPlace(dtype, floatsOf(out));
  return out;
}

function storeOf(dtype: NumericDType, saturate: boolean, fromFloat: boolean): (x: number) => number {
  if (dtype === 'bool') return (x) => (x !== 0 ? 1 : 0);
  if (isFloat8(dtype)) return (x) => roundToFloat8(dtype, x, saturate);
  if (dtype === 'int4') return (x) => (Math.trunc(x) << 28) >> 28;
  if (dtype === 'uint4') return (x) => Math.trunc(x) & 15;
  return fromFloat && !isFloat(dtype) ? Math.trunc : (x) => x;
}

function bigintOf(x: number | bigint | string): bigint {
  if (typeof x === 'bigint') return x;
  const n = Math.trunc(Number(x));
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

const castAttributes = {
  to: { kind: 'int', required: true },
  saturate: { kind: 'int', default: 1 },
  round_mode: { kind: 'string', default: 'up' },
} as const;

const cast = defineOp({
  type: 'Cast',
  domain: '',
  since: 6,
  arity: [1, 1],
  attributes: castAttributes,
  layout: { kind: 'any' },
  infer: (context) => {
    const { to } = context.attributes;
    const dtype = dtypeOfCode(to) ?? context.fail(`the type numbered ${to} is not supported`);
    const { dims } = context.input(0);
    return [factWithElements(dtype, dims, isFloat(dtype) ? undefined : knownElements(context.input(0)))];
  },
  run: (context) => [
    convertTo(
      context,
      dtypeOfCode(context.attributes.to) ?? context.fail('unsupported type'),
      context.attributes.saturate !== 0,
    ),
  ],
  quant: () => NO_QUANT,
});

const castLike = defineOp({
  type: 'CastLike',
  domain: '',
  since: 15,
  arity: [2, 2],
  attributes: { saturate: { kind: 'int', default: 1 }, round_mode: { kind: 'string', default: 'up' } },
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(1).dtype, dims: context.input(0).dims }],
  run: (context) => [convertTo(context, context.input(1).dtype, context.attributes.saturate !== 0)],
  quant: () => NO_QUANT,
});

/** Changes of the element type. */
export const castOps: readonly OpDef[] = [cast, castLike];
