import { clampF32x4, store32 } from './vector';

/**
 * c[rows, columns] = clamp(a[rows, k] b + bias) in tiles of 4 rows by 8 columns.
 *
 * @param b panels [columns / 8][k][8]; bias [columns padded to 8]. Strides in bytes.
 */
export function gemmF32_4x8(
  a: usize, aStride: usize, b: usize, bias: usize, c: usize, cStride: usize,
  rows: i32, columns: i32, k: i32, range: usize,
): void {
  for (let n = 0; n < columns; n += 8) {
    gemmF32Panel_4x8(a, aStride, b, bias, c, cStride, rows, columns - n, k, range);
    b += <usize>k << 5;
    bias += 32;
    c += 32;
  }
}

/**
 * One panel of {@link gemmF32_4x8}, of which the first `width` (at most 8) columns are stored.
 *
 * Two k per step, loads row by row in this order and sums as second operands keep all of it in the 15 registers that
 * V8 has: one more live value and the loop spills. Addresses are sums so that V8 knows their upper halves to be zero. It
 * is exported so that it stays a function of its own: V8 unrolls an inner loop once more when it is nested three deep.
 */
export function gemmF32Panel_4x8(
  a: usize, aStride: usize, b: usize, bias: usize, c: usize, cStride: usize,
  rows: i32, width: i32, k: i32, range: usize,
): void {
  const end = b + (<usize>k << 5);
  for (let m = 0; m < rows; m += 4) {
    const height = rows - m;
    let a0 = a + <usize>m * aStride;
    let a1 = a0 + (height > 1 ? aStride : 0);
    let a2 = a0 + (height > 2 ? aStride << 1 : 0);
    let a3 = a0 + (height > 3 ? aStride * 3 : 0);
    let pb = end - (<usize>k << 5);
    let c00 = v128.load(bias), c01 = v128.load(bias, 16);
    let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
    if (k & 1) {
      const b0 = v128.load(pb), b1 = v128.load(pb, 16);
      let v = v128.load32_splat(a0);
      c00 = f32x4.add(f32x4.mul(v, b0), c00);
      c01 = f32x4.add(f32x4.mul(v, b1), c01);
      v = v128.load32_splat(a1);
      c10 = f32x4.add(f32x4.mul(v, b0), c10);
      c11 = f32x4.add(f32x4.mul(v, b1), c11);
      v = v128.load32_splat(a2);
      c20 = f32x4.add(f32x4.mul(v, b0), c20);
      c21 = f32x4.add(f32x4.mul(v, b1), c21);
      v = v128.load32_splat(a3);
      c30 = f32x4.add(f32x4.mul(v, b0), c30);
      c31 = f32x4.add(f32x4.mul(v, b1), c31);
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
      pb += 32;
    }
    if (k > 1) {
      do {
        const b01 = v128.load(pb, 16), b11 = v128.load(pb, 48), b00 = v128.load(pb), b10 = v128.load(pb, 32);
        let v = v128.load32_splat(a3), w = v128.load32_splat(a3, 4);
        c31 = f32x4.add(f32x4.mul(w, b11), f32x4.add(f32x4.mul(v, b01), c31));
        c30 = f32x4.add(f32x4.mul(w, b10), f32x4.add(f32x4.mul(v, b00), c30));
        v = v128.load32_splat(a2); w = v128.load32_splat(a2, 4);
        c21 = f32x4.add(f32x4.mul(w, b11), f32x4.add(f32x4.mul(v, b01), c21));
        c20 = f32x4.add(f32x4.mul(w, b10), f32x4.add(f32x4.mul(v, b00), c20));
        v = v128.load32_splat(a1); w = v128.load32_splat(a1, 4);
        c11 = f32x4.add(f32x4.mul(w, b11), f32x4.add(f32x4.mul(v, b01), c11));
        c10 = f32x4.add(f32x4.mul(w, b10), f32x4.add(f32x4.mul(v, b00), c10));
        v = v128.load32_splat(a0); w = v128.load32_splat(a0, 4);
        c01 = f32x4.add(f32x4.mul(w, b11), f32x4.add(f32x4.mul(v, b01), c01));
        c00 = f32x4.add(f32x4.mul(w, b10), f32x4.add(f32x4.mul(v, b00), c00));
        a0 += 8; a1 += 8; a2 += 8; a3 += 8;
        pb += 64;
      } while (pb != end);
    }
    const vlo = v128.load32_splat(range);
    const vhi = v128.load32_splat(range, 4);
    let pc = c;
    store32(pc, clampF32x4(c00, vlo, vhi), clampF32x4(c01, vlo, vhi), width);
    if (height > 1) store32(pc += cStride, clampF32x4(c10, vlo, vhi), clampF32x4(c11, vlo, vhi), width);
    if (height > 2) store32(pc += cStride, clampF32x4(c20, vlo, vhi), clampF32x4(c21, vlo, vhi), width);
    if (height > 3) store32(pc += cStride, clampF32x4(c30, vlo, vhi), clampF32x4(c31, vlo, vhi), width);
    c += cStride << 2;
  }
}

/** One row, 32 columns at a time, summed in the same order as the tiles: a row's bits do not depend on its company. */
export function gemmF32_1x32(
  a: usize, b: usize, bias: usize, c: usize, columns: i32, k: i32, range: usize,
): void {
  const vlo = v128.load32_splat(range);
  const vhi = v128.load32_splat(range, 4);
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
  if (n < columns) gemmF32_4x8(a, 0, b, bias, c, 0, 1, columns - n, k, range);
}
