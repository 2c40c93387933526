// Functions of four float32 at once, in the float32 steps of kernels/js/functions.ts.

import * as k from '../../kernels/coefficients';
import { clampF32x4 } from './vector';

// Adding 1.5 * 2^23 to |x| < 2^22 leaves rint(x), ties to even, in the low bits of the sum.
const ROUNDING: f32 = 12582912;
const ROUNDING_BITS: i32 = 0x4b400000;
const SIGN: i32 = 0x80000000;

// @ts-ignore: decorator
@inline
function splat(x: f64): v128 {
  return f32x4.splat(<f32>x);
}

/** a x + b. */
// @ts-ignore: decorator
@inline
function step(a: v128, x: v128, b: f64): v128 {
  return f32x4.add(f32x4.mul(a, x), splat(b));
}

/** 2^n of integers n in [-126, 127]. */
// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** rint(x log2 e), as an integer in the low bits of what comes out. */
// @ts-ignore: decorator
@inline
function power(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, splat(k.LOG2_E)), f32x4.splat(ROUNDING));
}

/** e^r - 1 of x = n ln 2 + r, n from {@link power}. */
// @ts-ignore: decorator
@inline
function expm1Reduced(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDING));
  const high = f32x4.sub(x, f32x4.mul(n, splat(k.LN2_HIGH)));
  const r = f32x4.sub(high, f32x4.mul(n, splat(k.LN2_LOW)));
  const p = step(step(step(step(splat(k.EXP_4), r, k.EXP_3), r, k.EXP_2), r, k.EXP_1), r, k.EXP_0);
  return f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r);
}

// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const bounded = clampF32x4(x, splat(k.EXP_LEAST), splat(k.EXP_MOST));
  const shifted = power(bounded);
  const mantissa = f32x4.add(expm1Reduced(bounded, shifted), splat(1));
  const n = i32x4.sub(shifted, i32x4.splat(ROUNDING_BITS));
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(mantissa, powerOfTwo(half)), powerOfTwo(i32x4.sub(n, half)));
}

/** For x <= 0. */
// @ts-ignore: decorator
@inline
function expm1(x: v128): v128 {
  const bounded = f32x4.pmax(x, splat(k.EXPM1_LEAST));
  const shifted = power(bounded);
  const scale = powerOfTwo(i32x4.sub(shifted, i32x4.splat(ROUNDING_BITS)));
  return f32x4.add(f32x4.mul(expm1Reduced(bounded, shifted), scale), f32x4.sub(scale, splat(1)));
}

// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  // Subnormal numbers are scaled by 2^23 first.
  const tiny = f32x4.lt(x, f32x4.splat(1.1754943508222875e-38));
  const bits = v128.bitselect(f32x4.mul(x, splat(8388608)), x, tiny);
  // Subtracting the bits of sqrt(1/2) puts the exponent's step at mantissa sqrt(1/2) and not at 1.
  const offset = i32x4.sub(bits, i32x4.splat(0x3f3504f3));
  const n = i32x4.sub(i32x4.shr_s(offset, 23), v128.and(tiny, i32x4.splat(23)));
  const mantissa = i32x4.add(v128.and(offset, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(mantissa, splat(1));
  const square = f32x4.mul(f, f);
  let p = step(step(step(splat(k.LOG_7), f, k.LOG_6), f, k.LOG_5), f, k.LOG_4);
  p = step(step(step(step(p, f, k.LOG_3), f, k.LOG_2), f, k.LOG_1), f, k.LOG_0);
  const real = f32x4.convert_i32x4_s(n);
  const tail = f32x4.add(f32x4.mul(f32x4.mul(square, f), p), f32x4.mul(real, splat(k.LN2_LOW)));
  const mid = f32x4.add(f, f32x4.sub(tail, f32x4.mul(splat(0.5), square)));
  const result = f32x4.add(f32x4.mul(real, splat(k.LN2_HIGH)), mid);
  const infinity = f32x4.splat(Infinity);
  const finite = v128.bitselect(result, x, f32x4.lt(x, infinity));
  const positive = v128.bitselect(finite, f32x4.splat(NaN), f32x4.gt(x, splat(0)));
  return v128.bitselect(f32x4.neg(infinity), positive, f32x4.eq(x, splat(0)));
}

/** 1 / (1 + e^-x), -x = n ln 2 - r. The bits of 2^128 are those of infinity, the bits of 2^-127 those of 0. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const t = clampF32x4(x, splat(-k.EXP_MOST), splat(k.SIGMOID_MOST));
  const shifted = f32x4.add(f32x4.mul(t, splat(-k.LOG2_E)), f32x4.splat(ROUNDING));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDING));
  const r = f32x4.add(f32x4.add(t, f32x4.mul(n, splat(k.LN2_HIGH))), f32x4.mul(n, splat(k.LN2_LOW)));
  const p = step(step(step(step(splat(k.EXP_4), r, -k.EXP_3), r, k.EXP_2), r, -k.EXP_1), r, k.EXP_0);
  const mantissa = f32x4.add(f32x4.sub(f32x4.mul(f32x4.mul(r, r), p), r), splat(1));
  const e = f32x4.mul(mantissa, i32x4.add(i32x4.shl(shifted, 23), splat(1)));
  return f32x4.div(splat(1), f32x4.add(splat(1), e));
}

// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const sign = i32x4.splat(SIGN);
  const magnitude = v128.andnot(x, sign);
  const u = f32x4.mul(x, x);
  const p = step(step(step(step(splat(k.TANH_4), u, k.TANH_3), u, k.TANH_2), u, k.TANH_1), u, k.TANH_0);
  const small = f32x4.add(f32x4.mul(f32x4.mul(x, u), p), x);
  const e = exp(f32x4.add(magnitude, magnitude));
  const large = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(e, splat(1))));
  return v128.bitselect(small, v128.or(large, v128.and(x, sign)), f32x4.lt(magnitude, splat(k.TANH_SPLIT)));
}

// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const sign = i32x4.splat(SIGN);
  const magnitude = v128.andnot(x, sign);
  const u = f32x4.mul(x, x);
  let p = step(step(step(splat(k.ERF_SMALL_6), u, k.ERF_SMALL_5), u, k.ERF_SMALL_4), u, k.ERF_SMALL_3);
  p = step(step(step(p, u, k.ERF_SMALL_2), u, k.ERF_SMALL_1), u, k.ERF_SMALL_0);
  const small = f32x4.add(f32x4.mul(x, p), x);
  const t = f32x4.pmin(magnitude, splat(k.ERF_MOST));
  let q = step(step(step(splat(k.ERF_LARGE_6), t, k.ERF_LARGE_5), t, k.ERF_LARGE_4), t, k.ERF_LARGE_3);
  q = step(step(step(q, t, k.ERF_LARGE_2), t, k.ERF_LARGE_1), t, k.ERF_LARGE_0);
  const large = f32x4.sub(splat(1), exp(q));
  return v128.bitselect(small, v128.or(large, v128.and(x, sign)), f32x4.lt(magnitude, splat(1)));
}

// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  const both = f32x4.add(splat(1), erf(f32x4.mul(x, splat(k.SQRT_HALF))));
  return f32x4.mul(f32x4.mul(splat(0.5), x), both);
}

// @ts-ignore: decorator
@inline
export function geluTanh(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(f32x4.mul(x, x), x), splat(k.GELU_CUBE));
  const both = f32x4.add(splat(1), tanh(f32x4.mul(f32x4.add(x, cube), splat(k.GELU_SCALE))));
  return f32x4.mul(f32x4.mul(splat(0.5), x), both);
}

// @ts-ignore: decorator
@inline
export function hardSigmoid(x: v128, slope: v128, offset: v128): v128 {
  return clampF32x4(f32x4.add(f32x4.mul(slope, x), offset), splat(0), splat(1));
}

// @ts-ignore: decorator
@inline
export function hardSwish(x: v128): v128 {
  return f32x4.mul(x, hardSigmoid(x, splat(k.SIXTH), splat(0.5)));
}

/** x where it is at least 0 or NaN, else `below`. */
// @ts-ignore: decorator
@inline
export function where0(x: v128, below: v128): v128 {
  return v128.bitselect(below, x, f32x4.lt(x, splat(0)));
}

// @ts-ignore: decorator
@inline
export function elu(x: v128, alpha: v128): v128 {
  return where0(x, f32x4.mul(alpha, expm1(f32x4.pmin(x, splat(0)))));
}

// @ts-ignore: decorator
@inline
export function celu(x: v128, alpha: v128): v128 {
  return where0(x, f32x4.mul(alpha, expm1(f32x4.pmin(f32x4.div(x, alpha), splat(0)))));
}
