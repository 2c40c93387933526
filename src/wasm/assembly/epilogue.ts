import {
  COMMON_BYTES, COMMON_FACTOR, COMMON_FRACTION, COMMON_LIMIT, COMMON_MANTISSA, COMMON_ROUNDING, CONV_EPILOGUE,
  CONV_MULTIPLIER, CONV_SHIFT, CONV_Y_HI, CONV_Y_LO, CONV_Y_OFFSET, CONV_Y_ZERO, EPILOGUE_ACCUMULATORS,
  EPILOGUE_FIXED_POINT_COMMON, EPILOGUE_FP32_WIDE,
} from './layout';
import { field, packCodes, pointer, roundingZero, roundToCode, store32, store8 } from './vector';

// EPILOGUE_FP32 works on unsigned bytes: the offset is added with the zero point, saturating narrowing clamps to the
// bytes, [lo, hi] to what is left of them, and the top bit is flipped back for int8.

/** What is subtracted from rounded sums, for {@link scaledStep}. */
// @ts-ignore: decorator
@inline
export function stepZero(descriptor: usize): v128 {
  return roundingZero(field(descriptor, CONV_Y_ZERO) + field(descriptor, CONV_Y_OFFSET));
}

// @ts-ignore: decorator
@inline
export function byteLo(descriptor: usize): v128 {
  return i8x16.splat(<i8>(field(descriptor, CONV_Y_LO) + field(descriptor, CONV_Y_OFFSET)));
}

// @ts-ignore: decorator
@inline
export function byteHi(descriptor: usize): v128 {
  return i8x16.splat(<i8>(field(descriptor, CONV_Y_HI) + field(descriptor, CONV_Y_OFFSET)));
}

// @ts-ignore: decorator
@inline
export function byteFlip(descriptor: usize): v128 {
  return i8x16.splat(<i8>field(descriptor, CONV_Y_OFFSET));
}

/** Equation (R), flavour fp32, of four sums whose product with the multiplier is below 2^22; not clamped. */
// @ts-ignore: decorator
@inline
export function scaledStep(acc: v128, multiplier: v128, zero: v128): v128 {
  return roundToCode(f32x4.mul(f32x4.convert_i32x4_s(acc), multiplier), zero);
}

/** Sixteen steps, already int16 by saturation, as codes. */
// @ts-ignore: decorator
@inline
export function stepCodes(first: v128, second: v128, lo: v128, hi: v128, flip: v128): v128 {
  return v128.xor(i8x16.min_u(i8x16.max_u(i8x16.narrow_i16x8_u(first, second), lo), hi), flip);
}

/**
 * floor((acc M0 + 2^(n-1)) / 2^n) of four channels whose n differ: the upper words of the 64-bit sums, at most
 * 512 steps, are brought to COMMON_FRACTION fraction bits by a factor, since there is no shift per lane.
 */
// @ts-ignore: decorator
@inline
function scaleCommon(acc: v128, constants: usize, half: usize): v128 {
  const mantissa = v128.load(constants + COMMON_MANTISSA + (half << 4));
  const rounding = constants + COMMON_ROUNDING + (half << 5);
  const low = i64x2.add(i64x2.extmul_low_i32x4_s(acc, mantissa), v128.load(rounding));
  const high = i64x2.add(i64x2.extmul_high_i32x4_s(acc, mantissa), v128.load(rounding, 16));
  const limit = v128.load(constants + COMMON_LIMIT + (half << 4));
  const upper = i32x4.shuffle(low, high, 1, 3, 5, 7);
  const bounded = i32x4.min_s(i32x4.max_s(upper, i32x4.neg(limit)), limit);
  const factor = v128.load(constants + COMMON_FACTOR + (half << 4));
  return i32x4.shr_s(i32x4.mul(bounded, factor), COMMON_FRACTION);
}

function finishCommon(descriptor: usize, acc0: v128, acc1: v128, c: usize, channel: i32, width: i32): void {
  const constants = pointer(descriptor, CONV_MULTIPLIER) + <usize>(channel >> 3) * COMMON_BYTES;
  const steps = i16x8.narrow_i32x4_s(scaleCommon(acc0, constants, 0), scaleCommon(acc1, constants, 1));
  const codes = i16x8.add(steps, i16x8.splat(<i16>field(descriptor, CONV_Y_ZERO)));
  const lo = i16x8.splat(<i16>field(descriptor, CONV_Y_LO));
  const hi = i16x8.splat(<i16>field(descriptor, CONV_Y_HI));
  const clamped = i16x8.min_s(i16x8.max_s(codes, lo), hi);
  store8(c, packCodes(clamped, clamped), width);
}

/** Equation (R), flavour fp32, before rounding: fround(fround(acc) * m) inside the output's range around zero. */
// @ts-ignore: decorator
@inline
function scaleFp32(acc: v128, multiplier: v128, lo: v128, hi: v128): v128 {
  return f32x4.pmin(f32x4.pmax(f32x4.mul(f32x4.convert_i32x4_s(acc), multiplier), lo), hi);
}

function finishWide(descriptor: usize, acc0: v128, acc1: v128, c: usize, channel: i32, width: i32): void {
  const yZero = field(descriptor, CONV_Y_ZERO);
  const lo = f32x4.splat(<f32>(field(descriptor, CONV_Y_LO) - yZero));
  const hi = f32x4.splat(<f32>(field(descriptor, CONV_Y_HI) - yZero));
  const zero = roundingZero(yZero);
  const multiplier = pointer(descriptor, CONV_MULTIPLIER) + (<usize>channel << 2);
  const h = i16x8.narrow_i32x4_s(
    roundToCode(scaleFp32(acc0, v128.load(multiplier), lo, hi), zero),
    roundToCode(scaleFp32(acc1, v128.load(multiplier, 16), lo, hi), zero),
  );
  store8(c, packCodes(h, h), width);
}

/**
 * The epilogues other than EPILOGUE_FP32, for one row of up to 8 columns: equation (R), flavour fixedPoint, in 64 bits,
 * flavour fp32 for any sums, or the accumulators as they are.
 *
 * @param channel padded output channel of the first column.
 */
export function finishRow(descriptor: usize, acc0: v128, acc1: v128, c: usize, channel: i32, width: i32): void {
  const epilogue = field(descriptor, CONV_EPILOGUE);
  if (epilogue == EPILOGUE_ACCUMULATORS) {
    store32(c, acc0, acc1, width);
    return;
  }
  if (epilogue == EPILOGUE_FIXED_POINT_COMMON) {
    finishCommon(descriptor, acc0, acc1, c, channel, width);
    return;
  }
  if (epilogue == EPILOGUE_FP32_WIDE) {
    finishWide(descriptor, acc0, acc1, c, channel, width);
    return;
  }
  let mantissa = pointer(descriptor, CONV_MULTIPLIER) + (<usize>channel << 2);
  let shift = pointer(descriptor, CONV_SHIFT) + (<usize>channel << 2);
  const zero = <i64>field(descriptor, CONV_Y_ZERO);
  const lo = <i64>field(descriptor, CONV_Y_LO);
  const hi = <i64>field(descriptor, CONV_Y_HI);
  const columns = min(width, 8);
  for (let i = 0; i < columns; i++) {
    const acc = <i64>i32x4.extract_lane(acc0, 0);
    const bits = <i64>load<i32>(shift);
    const rounded = (acc * <i64>load<i32>(mantissa) + ((<i64>1 << bits) >> 1)) >> bits;
    store<u8>(c, <u8>min(max(rounded + zero, lo), hi));
    acc0 = i8x16.shuffle(acc0, acc1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    acc1 = i8x16.shuffle(acc1, acc1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
    mantissa += 4;
    shift += 4;
    c++;
  }
}
