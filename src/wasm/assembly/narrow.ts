import { storePart32 } from './vector';

const SIGN: i32 = 0x80000000;
/** Bits of 2^-14, below which float16 is subnormal, of 65520, which rounds to infinity, and of infinity. */
const LEAST_NORMAL: i32 = 0x38800000;
const FIRST_OVERFLOW: i32 = 0x477ff000;
const INFINITY_BITS: i32 = 0x7f800000;

/** Half a step, less one where the last bit kept is even, is added to the bits; then the rest is cut off. */
// @ts-ignore: decorator
@inline
function cutBits(bits: v128, DROPPED: i32): v128 {
  const odd = v128.and(i32x4.shr_u(bits, DROPPED), i32x4.splat(1));
  const half = i32x4.splat((1 << (DROPPED - 1)) - 1);
  return v128.and(i32x4.add(bits, i32x4.add(half, odd)), i32x4.splat(-1 << DROPPED));
}

// @ts-ignore: decorator
@inline
function toFloat16(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(SIGN));
  const magnitude = v128.xor(x, sign);
  // 0.5 has steps of 2^-24, those of subnormal float16.
  const subnormal = f32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), f32x4.splat(0.5));
  const tiny = i32x4.lt_s(magnitude, i32x4.splat(LEAST_NORMAL));
  const rounded = v128.bitselect(subnormal, cutBits(magnitude, 13), tiny);
  const bounded = v128.bitselect(
    i32x4.splat(INFINITY_BITS), rounded, i32x4.ge_s(magnitude, i32x4.splat(FIRST_OVERFLOW)));
  return v128.bitselect(x, v128.or(bounded, sign), f32x4.ne(x, x));
}

// @ts-ignore: decorator
@inline
function narrow(isFloat16: i32, x: v128): v128 {
  return isFloat16 ? toFloat16(x) : v128.bitselect(x, cutBits(x, 16), f32x4.ne(x, x));
}

/** Rounds in place to float16, or to bfloat16, ties to even. */
export function roundToNarrow(isFloat16: i32, x: usize, count: i32): void {
  let i = count;
  for (; i >= 4; i -= 4) {
    v128.store(x, narrow(isFloat16, v128.load(x)));
    x += 16;
  }
  if (i > 0) {
    const last = narrow(isFloat16, v128.load(x));
    storePart32(x, last, last, i);
  }
}
