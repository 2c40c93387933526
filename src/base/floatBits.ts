import { bitsInFile, type DType } from './dtype.ts';
import { roundToBfloat16, roundToFloat16, roundToSmallFloat } from './half.ts';

export type NarrowFloat = Extract<DType, 'float16' | 'bfloat16' | `float8${string}` | 'float4e2m1'>;

interface Format {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  /**
   * `ieee`: all-ones exponents are infinities and NaN. `fn`: no infinity, only all ones is NaN.
   * `fnuz`: no infinity, no negative zero, whose code is the only NaN. `finite`: neither infinity nor NaN.
   * `exponent`: powers of two without sign or zero; all ones is NaN.
   */
  readonly special: 'ieee' | 'fn' | 'fnuz' | 'finite' | 'exponent';
}

const FORMATS: { readonly [D in NarrowFloat]: Format } = {
  float16: { exponentBits: 5, fractionBits: 10, bias: 15, special: 'ieee' },
  bfloat16: { exponentBits: 8, fractionBits: 7, bias: 127, special: 'ieee' },
  float8e4m3fn: { exponentBits: 4, fractionBits: 3, bias: 7, special: 'fn' },
  float8e4m3fnuz: { exponentBits: 4, fractionBits: 3, bias: 8, special: 'fnuz' },
  float8e5m2: { exponentBits: 5, fractionBits: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, fractionBits: 2, bias: 16, special: 'fnuz' },
  float8e8m0: { exponentBits: 8, fractionBits: 0, bias: 127, special: 'exponent' },
  float4e2m1: { exponentBits: 2, fractionBits: 1, bias: 1, special: 'finite' },
};

export function isNarrow(dtype: DType): dtype is NarrowFloat {
  return dtype in FORMATS;
}

const tables = new Map<NarrowFloat, Float32Array>();

/** The value of every code of `dtype`, [2^bits]: 16, 256 or 65,536 elements, made on first use. */
export function valuesOfCodes(dtype: NarrowFloat): Float32Array {
  const known = tables.get(dtype);
  if (known !== undefined) return known;
  const table = new Float32Array(2 ** bitsInFile(dtype));
  for (let code = 0; code < table.length; code++) table[code] = valueOfCode(FORMATS[dtype], code);
  tables.set(dtype, table);
  return table;
}

function valueOfCode({ exponentBits, fractionBits, bias, special }: Format, code: number): number {
  if (special === 'exponent') return code === 255 ? Number.NaN : 2 ** (code - bias);
  const signBit = 1 << (exponentBits + fractionBits);
  const magnitude = code & (signBit - 1);
  const sign = code & signBit ? -1 : 1;
  const exponent = magnitude >> fractionBits;
  const fraction = magnitude & ((1 << fractionBits) - 1);
  if (special === 'fnuz' && code === signBit) return Number.NaN;
  if (special === 'fn' && magnitude === signBit - 1) return Number.NaN;
  if (special === 'ieee' && exponent === (1 << exponentBits) - 1) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  const scale = 2 ** (Math.max(exponent, 1) - bias - fractionBits);
  return sign * (fraction + (exponent === 0 ? 0 : 1 << fractionBits)) * scale;
}

/**
 * The code of `x` in `dtype`, rounded to nearest, ties to even. Beyond the range: infinity, or NaN where there is none.
 *
 * @source IEEE 754 binary16; OCP 8-bit floating point (fn); the fnuz variants as in ONNX's float8 page; OCP microscaling formats.
 */
export function codeOf(dtype: NarrowFloat, x: number): number {
  const { exponentBits, fractionBits, bias, special } = FORMATS[dtype];
  const signBit = special === 'exponent' ? 0 : 1 << (exponentBits + fractionBits);
  const y = roundTo(dtype, x);
  const sign = y < 0 || Object.is(y, -0) ? signBit : 0;
  if (Number.isNaN(y)) return nanCode(FORMATS[dtype]);
  if (y === 0) return special === 'fnuz' ? 0 : sign;
  if (!Number.isFinite(y)) return sign | (((1 << exponentBits) - 1) << fractionBits);
  const magnitude = Math.abs(y);
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  else if (2 ** (exponent + 1) <= magnitude) exponent++;
  if (special === 'exponent') return exponent + bias;
  if (exponent < 1 - bias) return sign | (magnitude / 2 ** (1 - bias - fractionBits));
  const fraction = magnitude / 2 ** (exponent - fractionBits) - (1 << fractionBits);
  return sign | ((exponent + bias) << fractionBits) | fraction;
}

function nanCode({ exponentBits, fractionBits, special }: Format): number {
  const signBit = 1 << (exponentBits + fractionBits);
  if (special === 'exponent') return 255;
  if (special === 'finite') return signBit;
  if (special === 'fnuz') return signBit;
  if (special === 'fn') return signBit - 1;
  return (((1 << exponentBits) - 1) << fractionBits) | (1 << (fractionBits - 1));
}

function roundTo(dtype: NarrowFloat, x: number): number {
  if (dtype === 'float16') return roundToFloat16(x);
  if (dtype === 'bfloat16') return roundToBfloat16(x);
  return roundToSmallFloat(dtype, x, false);
}
