import {
  CONV_EPILOGUE, CONV_MULTIPLIER, CONV_SHIFT, CONV_Y_HI, CONV_Y_LO, CONV_Y_ZERO, EPILOGUE_ACCUMULATORS,
} from './layout';
import { field, pointer, store32 } from './vector';

/** Equation (R), flavour fp32, before rounding: fround(fround(acc) * m) inside the output's range around zero. */
// @ts-ignore: decorator
@inline
export function scaleFp32(acc: v128, multiplier: v128, lo: v128, hi: v128): v128 {
  return f32x4.pmin(f32x4.pmax(f32x4.mul(f32x4.convert_i32x4_s(acc), multiplier), lo), hi);
}

/**
 * The epilogues that are not worth registers: equation (R), flavour fixedPoint, in 64 bits, or the accumulators as
 * they are, for one row of up to 8 columns.
 *
 * @param channel padded output channel of the first column.
 */
export function finishRow(descriptor: usize, acc0: v128, acc1: v128, c: usize, channel: i32, width: i32): void {
  if (field(descriptor, CONV_EPILOGUE) == EPILOGUE_ACCUMULATORS) {
    store32(c, acc0, acc1, width);
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
    const rounded = (acc * <i64>load<i32>(mantissa) + (<i64>1 << (bits - 1))) >> bits;
    store<u8>(c, <u8>min(max(rounded + zero, lo), hi));
    acc0 = i8x16.shuffle(acc0, acc1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    acc1 = i8x16.shuffle(acc1, acc1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
    mantissa += 4;
    shift += 4;
    c++;
  }
}
