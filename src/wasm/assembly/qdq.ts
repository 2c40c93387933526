import {
  clampF32x4, loadCodes, packCodes, realHigh, realLow, roundingZero, roundToCode, storePart16, storePart32,
  storePart8,
} from './vector';

/** Sum of four int32 lanes. */
// @ts-ignore: decorator
@inline
export function sumI32(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

/** All ones where rint(quotient) lies outside [lo, hi]; NaN does not. */
// @ts-ignore: decorator
@inline
function outside(rounded: v128, lo: v128, hi: v128): v128 {
  return v128.or(f32x4.lt(rounded, lo), f32x4.gt(rounded, hi));
}

/** Lanes of all ones for the first `count` of four. */
// @ts-ignore: decorator
@inline
function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** Equation (Q) on float32 quotients. Stores how many were clipped, as f64, at `clipped`. */
export function quantizeF32(
  x: usize, out: usize, count: i32, scale: f32, zeroPoint: i32, qmin: i32, qmax: i32, clipped: usize,
): void {
  const divisor = f32x4.splat(scale);
  const lo = f32x4.splat(<f32>(qmin - zeroPoint));
  const hi = f32x4.splat(<f32>(qmax - zeroPoint));
  const zero = roundingZero(zeroPoint);
  let misses = i32x4.splat(0);
  let i = count;
  // No call in this loop: it would keep the constants out of the registers.
  for (; i >= 8; i -= 8) {
    const q0 = f32x4.nearest(f32x4.div(v128.load(x), divisor));
    const q1 = f32x4.nearest(f32x4.div(v128.load(x, 16), divisor));
    misses = i32x4.sub(misses, i32x4.add(outside(q0, lo, hi), outside(q1, lo, hi)));
    v128.store64_lane(out, codesOfSteps(q0, q1, lo, hi, zero), 0);
    x += 32;
    out += 8;
  }
  if (i > 0) {
    const q0 = f32x4.nearest(f32x4.div(v128.load(x), divisor));
    const q1 = f32x4.nearest(f32x4.div(v128.load(x, 16), divisor));
    const out0 = v128.and(outside(q0, lo, hi), firstLanes(i));
    const out1 = v128.and(outside(q1, lo, hi), firstLanes(i - 4));
    misses = i32x4.sub(misses, i32x4.add(out0, out1));
    storePart8(out, codesOfSteps(q0, q1, lo, hi, zero), i);
  }
  store<f64>(clipped, <f64>sumI32(misses));
}

/** Eight rounded quotients as codes, in the low half; NaN becomes the zero point. */
// @ts-ignore: decorator
@inline
function codesOfSteps(q0: v128, q1: v128, lo: v128, hi: v128, zero: v128): v128 {
  const v0 = clampF32x4(v128.and(q0, f32x4.eq(q0, q0)), lo, hi);
  const v1 = clampF32x4(v128.and(q1, f32x4.eq(q1, q1)), lo, hi);
  const h = i16x8.narrow_i32x4_s(roundToCode(v0, zero), roundToCode(v1, zero));
  return packCodes(h, h);
}

/** What {@link quantizeF32} counts, without codes. */
export function countClippedF32(
  x: usize, count: i32, scale: f32, zeroPoint: i32, qmin: i32, qmax: i32, clipped: usize,
): void {
  const divisor = f32x4.splat(scale);
  const lo = f32x4.splat(<f32>(qmin - zeroPoint));
  const hi = f32x4.splat(<f32>(qmax - zeroPoint));
  let misses = i32x4.splat(0);
  for (let i = count; i > 0; i -= 4) {
    let out0 = outside(f32x4.nearest(f32x4.div(v128.load(x), divisor)), lo, hi);
    if (i < 4) out0 = v128.and(out0, firstLanes(i));
    misses = i32x4.sub(misses, out0);
    x += 16;
  }
  store<f64>(clipped, <f64>sumI32(misses));
}

/** Equation (D). */
export function dequantizeQ8(x: usize, out: usize, count: i32, signed: i32, zeroPoint: i32, scale: f32): void {
  const zero = i16x8.splat(<i16>zeroPoint);
  const factor = f32x4.splat(scale);
  let i = count;
  // No call in this loop either.
  for (; i >= 8; i -= 8) {
    const wide = i16x8.sub(loadCodes(x, signed), zero);
    v128.store(out, realLow(wide, factor));
    v128.store(out, realHigh(wide, factor), 16);
    x += 8;
    out += 32;
  }
  if (i > 0) {
    const wide = i16x8.sub(loadCodes(x, signed), zero);
    storePart32(out, realLow(wide, factor), realHigh(wide, factor), i);
  }
}

/** Equation (Q) on float32 quotients, to 16 bits. */
export function quantizeWideF32(x: usize, out: usize, count: i32, scale: f32, zeroPoint: i32, signed: i32): void {
  const divisor = f32x4.splat(scale);
  const first = signed ? -32768 : 0;
  const lo = f32x4.splat(<f32>(first - zeroPoint));
  const hi = f32x4.splat(<f32>(first + 65535 - zeroPoint));
  const zero = roundingZero(zeroPoint);
  let i = count;
  for (; i >= 8; i -= 8) {
    v128.store(out, wideCodes(x, divisor, lo, hi, zero, signed));
    x += 32;
    out += 16;
  }
  if (i > 0) storePart16(out, wideCodes(x, divisor, lo, hi, zero, signed), i);
}

/** Eight quotients as codes; NaN becomes the zero point. */
// @ts-ignore: decorator
@inline
function wideCodes(x: usize, divisor: v128, lo: v128, hi: v128, zero: v128, signed: i32): v128 {
  const q0 = f32x4.div(v128.load(x), divisor);
  const q1 = f32x4.div(v128.load(x, 16), divisor);
  const c0 = roundToCode(clampF32x4(v128.and(q0, f32x4.eq(q0, q0)), lo, hi), zero);
  const c1 = roundToCode(clampF32x4(v128.and(q1, f32x4.eq(q1, q1)), lo, hi), zero);
  return signed ? i16x8.narrow_i32x4_s(c0, c1) : i16x8.narrow_i32x4_u(c0, c1);
}

/** Equation (D) of codes of 16 bits. */
export function dequantizeWide(x: usize, out: usize, count: i32, signed: i32, zeroPoint: i32, scale: f32): void {
  const zero = i32x4.splat(zeroPoint);
  const factor = f32x4.splat(scale);
  let i = count;
  for (; i >= 8; i -= 8) {
    const codes = v128.load(x);
    v128.store(out, realWide(wideLow(codes, signed), zero, factor));
    v128.store(out, realWide(wideHigh(codes, signed), zero, factor), 16);
    x += 16;
    out += 32;
  }
  if (i > 0) {
    const codes = v128.load(x);
    const low = realWide(wideLow(codes, signed), zero, factor);
    storePart32(out, low, realWide(wideHigh(codes, signed), zero, factor), i);
  }
}

// @ts-ignore: decorator
@inline
function realWide(codes: v128, zero: v128, factor: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(codes, zero)), factor);
}

// @ts-ignore: decorator
@inline
function wideLow(codes: v128, signed: i32): v128 {
  return signed ? i32x4.extend_low_i16x8_s(codes) : i32x4.extend_low_i16x8_u(codes);
}

// @ts-ignore: decorator
@inline
function wideHigh(codes: v128, signed: i32): v128 {
  return signed ? i32x4.extend_high_i16x8_s(codes) : i32x4.extend_high_i16x8_u(codes);
}

/** How many bytes equal `lo` or `hi`, as f64 at `saturated`. */
export function countSaturated8(x: usize, count: i32, lo: i32, hi: i32, saturated: usize): void {
  const vlo = i8x16.splat(<i8>lo);
  const vhi = i8x16.splat(<i8>hi);
  let total: i32 = 0;
  let i = count;
  while (i >= 16) {
    let blocks = min(i >> 4, 255);
    i -= blocks << 4;
    let hits = i8x16.splat(0);
    for (; blocks > 0; blocks--) {
      const v = v128.load(x);
      hits = i8x16.sub(hits, v128.or(i8x16.eq(v, vlo), i8x16.eq(v, vhi)));
      x += 16;
    }
    total += sumI32(i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(hits)));
  }
  for (; i > 0; i--) {
    const v = load<u8>(x++);
    if (v == <u8>lo || v == <u8>hi) total++;
  }
  store<f64>(saturated, <f64>total);
}
