import { storePart32 } from './vector';

// Numbered as CONVERSIONS of wasm/convertKernels.ts.
const U8_TO_F32 = 0;
const I8_TO_F32 = 1;
const I32_TO_F32 = 2;
const I64_TO_F32 = 3;
const F32_TO_BOOL = 4;
const F32_TO_I32 = 5;
const I64_TO_I32 = 6;
const I32_TO_I64 = 7;
const U8_TO_I32 = 8;
const U8_TO_I64 = 9;

/** Towards zero, then modulo 2^32, as a JavaScript array stores it: NaN and infinities are 0. */
// @ts-ignore: decorator
@inline
function wrapToI32(x: f32): i32 {
  const magnitude = abs<f32>(x);
  return magnitude < 9223372036854775808.0 ? <i32><i64>x : 0;
}

/** Element by element, by number; see `CopyKernels.convertCells`. */
export function convertCells(kind: i32, x: usize, out: usize, count: i32): void {
  if (kind == U8_TO_F32 || kind == I8_TO_F32) {
    for (let i = count; i > 0; i -= 4) {
      const bytes = v128.load32_zero(x);
      const wide = kind == U8_TO_F32
        ? i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes))
        : i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(bytes));
      const v = f32x4.convert_i32x4_s(wide);
      if (i >= 4) v128.store(out, v);
      else storePart32(out, v, v, i);
      x += 4;
      out += 16;
    }
  } else if (kind == I32_TO_F32) {
    for (let i = count; i > 0; i -= 4) {
      const v = f32x4.convert_i32x4_s(v128.load(x));
      if (i >= 4) v128.store(out, v);
      else storePart32(out, v, v, i);
      x += 16;
      out += 16;
    }
  } else if (kind == I64_TO_F32) {
    for (let i: usize = 0; i < <usize>count; i++) store<f32>(out + (i << 2), <f32><f64>load<i64>(x + (i << 3)));
  } else if (kind == F32_TO_BOOL) {
    for (let i: usize = 0; i < <usize>count; i++) store<u8>(out + i, load<f32>(x + (i << 2)) != 0 ? 1 : 0);
  } else if (kind == F32_TO_I32) {
    for (let i: usize = 0; i < <usize>count; i++) store<i32>(out + (i << 2), wrapToI32(load<f32>(x + (i << 2))));
  } else if (kind == I64_TO_I32) {
    for (let i: usize = 0; i < <usize>count; i++) store<i32>(out + (i << 2), load<i32>(x + (i << 3)));
  } else if (kind == I32_TO_I64) {
    for (let i: usize = 0; i < <usize>count; i++) store<i64>(out + (i << 3), <i64>load<i32>(x + (i << 2)));
  } else if (kind == U8_TO_I32) {
    for (let i: usize = 0; i < <usize>count; i++) store<i32>(out + (i << 2), <i32>load<u8>(x + i));
  } else if (kind == U8_TO_I64) {
    for (let i: usize = 0; i < <usize>count; i++) store<i64>(out + (i << 3), <i64>load<u8>(x + i));
  }
}
