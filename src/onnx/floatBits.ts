import type { DType } from '../base/dtype.ts';
import { roundToBfloat16, roundToFloat8, roundToFloat16 } from '../base/half.ts';

export type NarrowFloat = Extract<DType, 'float16' | 'bfloat16' | `float8${string}`>;

interface Format {
  readonly bytes: 1 | 2;
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  /**
   * `ieee`: all-ones exponents are infinities and NaN. `fn`: no infinity, only all ones is NaN.
   * `fnuz`: no infinity, no negative zero, whose code is the only NaN.
   */
  readonly special: 'ieee' | 'fn' | 'fnuz';
}

const FORMATS: { readonly [D in NarrowFloat]: Format } = {
  float16: { bytes: 2, exponentBits: 5, fractionBits: 10, bias: 15, special: 'ieee' },
  bfloat16: { bytes: 2, exponentBits: 8, fractionBits: 7, bias: 127, special: 'ieee' },
  float8e4m3fn: { bytes: 1, exponentBits: 4, fractionBits: 3, bias: 7, special: 'fn' },
  float8e4m3fnuz: { bytes: 1, exponentBits: 4, fractionBits: 3, bias: 8, special: 'fnuz' },
  float8e5m2: { bytes: 1, exponentBits: 5, fractionBits: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { bytes: 1, exponentBits: 5, fractionBits: 2, bias: 16, special: 'fnuz' },
};

export function isNarrow(dtype: DType): dtype is NarrowFloat {
  return dtype in FORMATS;
}

/** Bytes of one element of `dtype` in a file. */
export function narrowBytes(dtype: NarrowFloat): 1 | 2 {
  return FORMATS[dtype].bytes;
}

const tables = new Map<NarrowFloat, Float32Array>();

/** The value of every code of `dtype`, [2^bits]: 256 or 65,536 elements, made on first use. */
export function valuesOfCodes(dtype: NarrowFloat): Float32Array {
  const known = tables.get(dtype);
  if (known !== undefined) return known;
  const table = new Float32Array(256 ** FORMATS[dtype].bytes);
  for (let code = 0; code < table.length; code++) table[code] = valueOfCode(FORMATS[dtype], code);
  tables.set(dtype, table);
  return table;
}

function valueOfCode({ exponentBits, fractionBits, bias, special, bytes }: Format, code: number): number {
  const signBit = 1 << (8 * bytes - 1);
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
 * @source IEEE 754 binary16; OCP 8-bit floating point (fn); the fnuz variants as in ONNX's float8 page.
 */
export function codeOf(dtype: NarrowFloat, x: number): number {
  const { bytes, exponentBits, fractionBits, bias, special } = FORMATS[dtype];
  const signBit = 1 << (8 * bytes - 1);
  const y = roundTo(dtype, x);
  const sign = y < 0 || Object.is(y, -0) ? signBit : 0;
  if (Number.isNaN(y)) return nanCode(FORMATS[dtype]);
  if (y === 0) return special === 'fnuz' ? 0 : sign;
  if (!Number.isFinite(y)) return sign | (((1 << exponentBits) - 1) << fractionBits);
  const magnitude = Math.abs(y);
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  else if (2 ** (exponent + 1) <= magnitude) exponent++;
  if (exponent < 1 - bias) return sign | (magnitude / 2 ** (1 - bias - fractionBits));
  const fraction = magnitude / 2 ** (exponent - fractionBits) - (1 << fractionBits);
  return sign | ((exponent + bias) << fractionBits) | fraction;
}

function nanCode({ bytes, exponentBits, fractionBits, special }: Format): number {
  const signBit = 1 << (8 * bytes - 1);
  if (special === 'fnuz') return signBit;
  if (special === 'fn') return signBit - 1;
  return (((1 << exponentBits) - 1) << fractionBits) | (1 << (fractionBits - 1));
}

function roundTo(dtype: NarrowFloat, x: number): number {
  if (dtype === 'float16') return roundToFloat16(x);
  if (dtype === 'bfloat16') return roundToBfloat16(x);
  return roundToFloat8(dtype, x, false);
}
