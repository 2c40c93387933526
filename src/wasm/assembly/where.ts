import { storePart32 } from './vector';

/** out[i] = condition[i] ? x[i] : y[i] over cells of `width` bytes; see `CopyKernels.whereCells`. */
export function whereCells(width: i32, condition: usize, x: usize, y: usize, out: usize, count: i32): void {
  if (width == 4) {
    const zero = i32x4.splat(0);
    for (let i = count; i > 0; i -= 4) {
      const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(condition)));
      const v = v128.bitselect(v128.load(y), v128.load(x), i32x4.eq(wide, zero));
      if (i >= 4) v128.store(out, v);
      else storePart32(out, v, v, i);
      condition += 4;
      x += 16;
      y += 16;
      out += 16;
    }
    return;
  }
  for (let i = 0; i < count; i++) {
    const from = (load<u8>(condition++) ? x : y) + <usize>i * <usize>width;
    const to = out + <usize>i * <usize>width;
    if (width == 8) store<u64>(to, load<u64>(from));
    else if (width == 1) store<u8>(to, load<u8>(from));
    else store<u16>(to, load<u16>(from));
  }
}
