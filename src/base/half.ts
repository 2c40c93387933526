import type { DType } from './dtype.ts';

/**
 * Rounds `x` to the nearest float16 value, ties to even; beyond 65504 (plus half a step) it becomes infinite.
 *
 * @source IEEE 754 binary16: 10 fraction bits, smallest subnormal 2^-24.
 */
export function roundToFloat16(x: number): number {
  return roundToGrid(x, 10, -14, 65504, Infinity);
}

/** Rounds `x` to the nearest bfloat16 value (the upper half of a float32), ties to even. */
export function roundToBfloat16(x: number): number {
  return roundToGrid(Math.fround(x), 7, -126, 3.3895313892515355e38, Infinity);
}

/** The types of 8 bits and fewer: fraction bits, least exponent of a normal number, largest value, what lies beyond. */
const SMALL = {
  float8e4m3fn: { fraction: 3, minExponent: -6, max: 448, hasInfinity: false },
  float8e4m3fnuz: { fraction: 3, minExponent: -7, max: 240, hasInfinity: false },
  float8e5m2: { fraction: 2, minExponent: -14, max: 57344, hasInfinity: true },
  float8e5m2fnuz: { fraction: 2, minExponent: -15, max: 57344, hasInfinity: false },
  float4e2m1: { fraction: 1, minExponent: 0, max: 6, hasInfinity: false },
} as const;

export type SmallFloatDType = keyof typeof SMALL | 'float8e8m0';

/**
 * Rounds `x` to the nearest value of a type of 8 bits or fewer, ties to even; to float8e8m0, which has only powers of
 * two, away from zero.
 *
 * @param saturate beyond the largest value: that value, or infinity (NaN where the type has none). float4e2m1 has neither: it always
 *   saturates, and NaN becomes -0.
 */
export function roundToSmallFloat(dtype: SmallFloatDType, x: number, saturate: boolean): number {
  if (dtype === 'float8e8m0') return roundToFloat8e8m0(x, saturate, 'up');
  const { fraction, minExponent, max, hasInfinity } = SMALL[dtype];
  const finite = dtype === 'float4e2m1';
  if (Number.isNaN(x)) return finite ? -0 : NaN;
  const beyond = saturate || finite ? max : hasInfinity ? Infinity : NaN;
  if (!Number.isFinite(x)) return Math.sign(x) * beyond;
  const rounded = roundToGrid(x, fraction, minExponent, max, beyond);
  return rounded === 0 && dtype.endsWith('uz') ? 0 : rounded;
}

/** How a magnitude between two powers of two becomes one of them: `nearest` sends ties up. */
export type PowerRounding = 'up' | 'down' | 'nearest';

/**
 * The power of two 2^-127 to 2^127 that stands for the magnitude of `x`; zero becomes the smallest, NaN and infinities
 * NaN.
 *
 * @param saturate beyond the largest power: that power, or NaN.
 * @source OCP microscaling formats (MX) 1.0; ONNX Cast-25 `round_mode`.
 */
export function roundToFloat8e8m0(x: number, saturate: boolean, rounding: PowerRounding): number {
  const magnitude = Math.abs(x);
  if (!Number.isFinite(magnitude)) return NaN;
  const least = 2 ** -127;
  if (magnitude <= least) return least;
  const exponent = exponentOf(magnitude);
  const ratio = magnitude / 2 ** exponent;
  const up = rounding === 'up' ? ratio > 1 : rounding === 'nearest' && ratio >= 1.5;
  const result = exponent + Number(up);
  return result <= 127 ? 2 ** result : saturate ? 2 ** 127 : NaN;
}

/** Whether `dtype` is a floating-point type of 8 bits or fewer. */
export function isSmallFloat(dtype: DType): dtype is SmallFloatDType {
  return dtype in SMALL || dtype === 'float8e8m0';
}

/** Whether values of `dtype` lie in a Float32Array but have fewer bits, so that a store must round. */
export function isNarrowFloat(dtype: DType): boolean {
  return dtype === 'float16' || dtype === 'bfloat16' || isSmallFloat(dtype);
}

/** Rounds every element to what `dtype` can hold; leaves arrays of other types alone. Types of 8 bits saturate. */
export function roundInPlace(dtype: DType, data: Float32Array): void {
  if (dtype === 'float16') roundAllToFloat16(data);
  else if (dtype === 'bfloat16') for (let i = 0; i < data.length; i++) data[i] = roundToBfloat16(data[i] as number);
  else if (isSmallFloat(dtype)) {
    for (let i = 0; i < data.length; i++) data[i] = roundToSmallFloat(dtype, data[i] as number, true);
  }
}

const LEAST_NORMAL_FLOAT16 = 0x38800000; // 2^-14 as float32 bits
const FIRST_OVERFLOW_FLOAT16 = 0x477ff000; // 65520

/** Normal numbers by adding half a step, less one when even, to the bits of the float32; the rest one by one. */
function roundAllToFloat16(data: Float32Array): void {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < bits.length; i++) {
    const u = bits[i] as number;
    const magnitude = u & 0x7fffffff;
    if (magnitude === 0) continue;
    if (magnitude >= LEAST_NORMAL_FLOAT16 && magnitude < FIRST_OVERFLOW_FLOAT16) {
      bits[i] = (u + 0xfff + ((u >>> 13) & 1)) & ~0x1fff;
    } else data[i] = roundToFloat16(data[i] as number);
  }
}

/** Rounds to multiples of 2^(exponent - fraction), where exponent is x's own, at least `minExponent`. */
function roundToGrid(x: number, fraction: number, minExponent: number, max: number, beyond: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  const magnitude = Math.abs(x);
  const step = 2 ** (Math.max(exponentOf(magnitude), minExponent) - fraction);
  const scaled = magnitude / step;
  const rounded = (scaled + 4503599627370496 - 4503599627370496) * step; // 2^52: half to even, scaled >= 0
  const result = rounded > max ? beyond : rounded;
  return x < 0 ? -result : result;
}

const bits = new DataView(new ArrayBuffer(8));

function exponentOf(magnitude: number): number {
  bits.setFloat64(0, magnitude);
  return ((bits.getUint32(0) >>> 20) & 0x7ff) - 1023;
}
