import { CONV_GROUP_IN, CONV_TAPS_X, CONV_TAPS_Y } from './layout';

// Small pieces that every kernel is built of.

/** A 32-bit field of a descriptor. */
// @ts-ignore: decorator
@inline
export function field(descriptor: usize, offset: usize): i32 {
  return load<i32>(descriptor + offset);
}

// @ts-ignore: decorator
@inline
export function pointer(descriptor: usize, offset: usize): usize {
  return load<usize>(descriptor + offset);
}

/** Pairs of int16 that an output of a convolution sums: every row of taps has an even length. */
// @ts-ignore: decorator
@inline
export function pairsOfSums(descriptor: usize): i32 {
  return field(descriptor, CONV_TAPS_Y) * ((field(descriptor, CONV_TAPS_X) * field(descriptor, CONV_GROUP_IN) + 1) >> 1);
}

/** NaN stays NaN: the comparisons of pmax and pmin are false for it, and they then keep their first operand. */
// @ts-ignore: decorator
@inline
export function clampF32x4(x: v128, lo: v128, hi: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, lo), hi);
}

/** Stores the first `count` (1 to 7) 32-bit lanes of two vectors. */
export function storePart32(to: usize, first: v128, second: v128, count: i32): void {
  let v = first;
  if (count >= 4) {
    v128.store(to, first);
    v = second;
    to += 16;
    count -= 4;
  }
  if (count >= 2) {
    v128.store64_lane(to, v, 0);
    v = i64x2.shuffle(v, v, 1, 1);
    to += 8;
    count -= 2;
  }
  if (count == 1) v128.store32_lane(to, v, 0);
}

/** Stores the first `count` 32-bit lanes of two vectors, all 8 without a detour. */
// @ts-ignore: decorator
@inline
export function store32(to: usize, first: v128, second: v128, count: i32): void {
  if (count >= 8) {
    v128.store(to, first);
    v128.store(to, second, 16);
  } else storePart32(to, first, second, count);
}

/** Stores the first `count` 32-bit lanes of `v`, all 4 without a detour. */
// @ts-ignore: decorator
@inline
export function store4(to: usize, v: v128, count: i32): void {
  if (count >= 4) v128.store(to, v);
  else storePart32(to, v, v, count);
}

/** Stores the first `count` (1 to 7) bytes of `v`. */
export function storePart8(to: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store32_lane(to, v, 0);
    v = i8x16.shuffle(v, v, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
    to += 4;
    count -= 4;
  }
  if (count >= 2) {
    v128.store16_lane(to, v, 0);
    v = i16x8.shuffle(v, v, 1, 1, 1, 1, 1, 1, 1, 1);
    to += 2;
    count -= 2;
  }
  if (count == 1) v128.store8_lane(to, v, 0);
}

/** Stores the first `count` 16-bit lanes, at most 7. */
// @ts-ignore: decorator
@inline
export function storePart16(to: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store64_lane(to, v, 0);
    v = i64x2.shuffle(v, v, 1, 1);
    to += 8;
    count -= 4;
  }
  if (count >= 2) {
    v128.store32_lane(to, v, 0);
    v = i32x4.shuffle(v, v, 1, 1, 1, 1);
    to += 4;
    count -= 2;
  }
  if (count == 1) v128.store16_lane(to, v, 0);
}

/** Stores the first `count` bytes of the low half of `v`. */
// @ts-ignore: decorator
@inline
export function store8(to: usize, v: v128, count: i32): void {
  if (count >= 8) v128.store64_lane(to, v, 0);
  else storePart8(to, v, count);
}

/** Eight codes as int16. */
// @ts-ignore: decorator
@inline
export function loadCodes(from: usize, signed: i32): v128 {
  return signed ? v128.load8x8_s(from) : v128.load8x8_u(from);
}

/** Equation (D) for the first four of eight codes, zero point subtracted. */
// @ts-ignore: decorator
@inline
export function realLow(wide: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(wide)), scale);
}

/** Likewise for the last four. */
// @ts-ignore: decorator
@inline
export function realHigh(wide: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(wide)), scale);
}

/** Eight int16 codes of either signedness as bytes, in the low half. */
// @ts-ignore: decorator
@inline
export function packCodes(first: v128, second: v128): v128 {
  const mask = i16x8.splat(255);
  return i8x16.narrow_i16x8_u(v128.and(first, mask), v128.and(second, mask));
}

// Adding 1.5 * 2^23 to |x| < 2^22 leaves rint(x), ties to even, in the low bits of the sum.
const ROUNDING: f32 = 12582912;
const ROUNDING_BITS: i32 = 0x4b400000;

/** rint(x) + zero where x is already inside small bounds; `zero` comes from {@link roundingZero}. */
// @ts-ignore: decorator
@inline
export function roundToCode(x: v128, zero: v128): v128 {
  return i32x4.sub(f32x4.add(x, f32x4.splat(ROUNDING)), zero);
}

// @ts-ignore: decorator
@inline
export function roundingZero(zeroPoint: i32): v128 {
  return i32x4.splat(ROUNDING_BITS - zeroPoint);
}

// @ts-ignore: decorator
@inline
export function upperHalf(v: v128): v128 {
  return i64x2.shuffle(v, v, 1, 1);
}

/** The first two of four float32 as float64. */
// @ts-ignore: decorator
@inline
export function lowF64(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
export function highF64(v: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1));
}

/** Four float64 as float32. */
// @ts-ignore: decorator
@inline
export function demote(low: v128, high: v128): v128 {
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** All ones in the first `count` 32-bit lanes. */
// @ts-ignore: decorator
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}
