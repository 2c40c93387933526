import { clampF32x4, store32 } from './vector';

/**
 * c[rows, columns] = clamp(a[rows, k] b + bias) in tiles of 4 rows by 8 columns.
 *
 * @param b panels [columns / 8][k][8]; bias [columns padded to 8]. Strides in bytes.
 */
export function gemmF32_4x8(
  a: usize, aStride: usize, b: usize, bias: usize, c: usize, cStride: usize,
  rows: i32, columns: i32, k: i32, lo: f32, hi: f32,
): void {
  const vlo = f32x4.splat(lo);
  const vhi = f32x4.splat(hi);
  for (let n = 0; n < columns; n += 8) {
    const width = columns - n;
    for (let m = 0; m < rows; m += 4) {
      const height = rows - m;
      let a0 = a + <usize>m * aStride;
      let a1 = height > 1 ? a0 + aStride : a0;
      let a2 = height > 2 ? a1 + aStride : a0;
      let a3 = height > 3 ? a2 + aStride : a0;
      let pb = b;
      let c00 = v128.load(bias), c01 = v128.load(bias, 16);
      let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
      for (let i = k; i != 0; i--) {
        const b0 = v128.load(pb), b1 = v128.load(pb, 16);
        let v = v128.load32_splat(a0);
        c00 = f32x4.add(c00, f32x4.mul(v, b0));
        c01 = f32x4.add(c01, f32x4.mul(v, b1));
        v = v128.load32_splat(a1);
        c10 = f32x4.add(c10, f32x4.mul(v, b0));
        c11 = f32x4.add(c11, f32x4.mul(v, b1));
        v = v128.load32_splat(a2);
        c20 = f32x4.add(c20, f32x4.mul(v, b0));
        c21 = f32x4.add(c21, f32x4.mul(v, b1));
        v = v128.load32_splat(a3);
        c30 = f32x4.add(c30, f32x4.mul(v, b0));
        c31 = f32x4.add(c31, f32x4.mul(v, b1));
        a0 += 4; a1 += 4; a2 += 4; a3 += 4;
        pb += 32;
      }
      let pc = c + <usize>m * cStride;
      store32(pc, clampF32x4(c00, vlo, vhi), clampF32x4(c01, vlo, vhi), width);
      if (height > 1) store32(pc += cStride, clampF32x4(c10, vlo, vhi), clampF32x4(c11, vlo, vhi), width);
      if (height > 2) store32(pc += cStride, clampF32x4(c20, vlo, vhi), clampF32x4(c21, vlo, vhi), width);
      if (height > 3) store32(pc += cStride, clampF32x4(c30, vlo, vhi), clampF32x4(c31, vlo, vhi), width);
    }
    b += <usize>k << 5;
    bias += 32;
    c += 32;
  }
}

/** One row, 32 columns at a time, summed in the same order as the tiles: a row's bits do not depend on its company. */
export function gemmF32_1x32(
  a: usize, b: usize, bias: usize, c: usize, columns: i32, k: i32, lo: f32, hi: f32,
): void {
  const vlo = f32x4.splat(lo);
  const vhi = f32x4.splat(hi);
  const panel = <usize>k << 5;
  let n = 0;
  for (; n + 32 <= columns; n += 32) {
    let p0 = b, p1 = p0 + panel, p2 = p1 + panel, p3 = p2 + panel;
    let c0 = v128.load(bias), c1 = v128.load(bias, 16), c2 = v128.load(bias, 32), c3 = v128.load(bias, 48);
    let c4 = v128.load(bias, 64), c5 = v128.load(bias, 80), c6 = v128.load(bias, 96), c7 = v128.load(bias, 112);
    for (let i = 0; i < k; i++) {
      const v = v128.load32_splat(a + (<usize>i << 2));
      c0 = f32x4.add(c0, f32x4.mul(v, v128.load(p0)));
      c1 = f32x4.add(c1, f32x4.mul(v, v128.load(p0, 16)));
      c2 = f32x4.add(c2, f32x4.mul(v, v128.load(p1)));
      c3 = f32x4.add(c3, f32x4.mul(v, v128.load(p1, 16)));
      c4 = f32x4.add(c4, f32x4.mul(v, v128.load(p2)));
      c5 = f32x4.add(c5, f32x4.mul(v, v128.load(p2, 16)));
      c6 = f32x4.add(c6, f32x4.mul(v, v128.load(p3)));
      c7 = f32x4.add(c7, f32x4.mul(v, v128.load(p3, 16)));
      p0 += 32; p1 += 32; p2 += 32; p3 += 32;
    }
    v128.store(c, clampF32x4(c0, vlo, vhi));
    v128.store(c, clampF32x4(c1, vlo, vhi), 16);
    v128.store(c, clampF32x4(c2, vlo, vhi), 32);
    v128.store(c, clampF32x4(c3, vlo, vhi), 48);
    v128.store(c, clampF32x4(c4, vlo, vhi), 64);
    v128.store(c, clampF32x4(c5, vlo, vhi), 80);
    v128.store(c, clampF32x4(c6, vlo, vhi), 96);
    v128.store(c, clampF32x4(c7, vlo, vhi), 112);
    b += panel << 2;
    bias += 128;
    c += 128;
  }
  if (n < columns) gemmF32_4x8(a, 0, b, bias, c, 0, 1, columns - n, k, lo, hi);
}
