import { byteFlip, byteHi, byteLo, finishRow, scaledStep, stepCodes, stepZero } from './epilogue';
import { CONV_EPILOGUE, CONV_MULTIPLIER, EPILOGUE_ACCUMULATORS, EPILOGUE_FP32 } from './layout';
import { field, pointer, store8, upperHalf } from './vector';

/**
 * Equations (A) and (R) in tiles of 4 rows by 8 columns; one dot instruction multiplies two k.
 *
 * @param TABLE whether the rows of `a` start where the int32 offsets in `table` say; else `aStride` apart.
 * @param a int16 rows, zero point subtracted, of `runs` runs of `pairs` pairs that lie `runStep` bytes apart.
 * @param b panels [columns / 8][runs x pairs][8][2] int16; bias int32.
 * @param descriptor the epilogue's fields; `channel` is the padded output channel of the first column.
 */
// @ts-ignore: decorator
@inline
function tiles_4x8(
  TABLE: bool, descriptor: usize, a: usize, aStride: usize, table: usize, runs: i32, runStep: usize, b: usize,
  bias: usize, c: usize, cStride: usize, rows: i32, columns: i32, pairs: i32, channel: i32,
): void {
  const runBytes = <usize>pairs << 5;
  const skip = runStep - (<usize>pairs << 2);
  const epilogue = field(descriptor, CONV_EPILOGUE);
  const zero = stepZero(descriptor), lo = byteLo(descriptor), hi = byteHi(descriptor), flip = byteFlip(descriptor);
  const columnBytes: usize = epilogue == EPILOGUE_ACCUMULATORS ? 4 : 1;
  for (let n = 0; n < columns; n += 8) {
    const width = columns - n;
    for (let m = 0; m < rows; m += 4) {
      let a0 = a, a1 = a, a2 = a, a3 = a;
      if (TABLE) {
        const offsets = table + (<usize>m << 2);
        a0 += load<usize>(offsets);
        a1 += load<usize>(offsets, 4);
        a2 += load<usize>(offsets, 8);
        a3 += load<usize>(offsets, 12);
      } else {
        a0 += <usize>m * aStride;
        a1 = a0 + aStride;
        a2 = a1 + aStride;
        a3 = a2 + aStride;
      }
      let pb = b;
      let c00 = v128.load(bias), c01 = v128.load(bias, 16);
      let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
      for (let run = TABLE ? runs : 1; run != 0; run--) {
        for (const end = pb + runBytes; pb != end; ) {
          const b0 = v128.load(pb), b1 = v128.load(pb, 16);
          let v = v128.load32_splat(a0);
          c00 = i32x4.add(c00, i32x4.dot_i16x8_s(v, b0));
          c01 = i32x4.add(c01, i32x4.dot_i16x8_s(v, b1));
          v = v128.load32_splat(a1);
          c10 = i32x4.add(c10, i32x4.dot_i16x8_s(v, b0));
          c11 = i32x4.add(c11, i32x4.dot_i16x8_s(v, b1));
          v = v128.load32_splat(a2);
          c20 = i32x4.add(c20, i32x4.dot_i16x8_s(v, b0));
          c21 = i32x4.add(c21, i32x4.dot_i16x8_s(v, b1));
          v = v128.load32_splat(a3);
          c30 = i32x4.add(c30, i32x4.dot_i16x8_s(v, b0));
          c31 = i32x4.add(c31, i32x4.dot_i16x8_s(v, b1));
          a0 += 4; a1 += 4; a2 += 4; a3 += 4;
          pb += 32;
        }
        if (TABLE) {
          a0 += skip; a1 += skip; a2 += skip; a3 += skip;
        }
      }
      const height = rows - m;
      let pc = c + <usize>m * cStride;
      if (epilogue == EPILOGUE_FP32) {
        const multiplier = pointer(descriptor, CONV_MULTIPLIER) + (<usize>(channel + n) << 2);
        const m0 = v128.load(multiplier), m1 = v128.load(multiplier, 16);
        const h0 = i16x8.narrow_i32x4_s(scaledStep(c00, m0, zero), scaledStep(c01, m1, zero));
        const h1 = i16x8.narrow_i32x4_s(scaledStep(c10, m0, zero), scaledStep(c11, m1, zero));
        const h2 = i16x8.narrow_i32x4_s(scaledStep(c20, m0, zero), scaledStep(c21, m1, zero));
        const h3 = i16x8.narrow_i32x4_s(scaledStep(c30, m0, zero), scaledStep(c31, m1, zero));
        const first = stepCodes(h0, h1, lo, hi, flip);
        const second = stepCodes(h2, h3, lo, hi, flip);
        if (width >= 8 && height >= 4) {
          v128.store64_lane(pc, first, 0);
          v128.store64_lane(pc + cStride, first, 1);
          pc += cStride << 1;
          v128.store64_lane(pc, second, 0);
          v128.store64_lane(pc + cStride, second, 1);
        } else {
          store8(pc, first, width);
          if (height > 1) store8(pc + cStride, upperHalf(first), width);
          pc += cStride << 1;
          if (height > 2) store8(pc, second, width);
          if (height > 3) store8(pc + cStride, upperHalf(second), width);
        }
      } else {
        finishRow(descriptor, c00, c01, pc, channel + n, width);
        if (height > 1) finishRow(descriptor, c10, c11, pc += cStride, channel + n, width);
        if (height > 2) finishRow(descriptor, c20, c21, pc += cStride, channel + n, width);
        if (height > 3) finishRow(descriptor, c30, c31, pc += cStride, channel + n, width);
      }
    }
    b += <usize>(TABLE ? runs * pairs : pairs) << 5;
    bias += 32;
    c += columnBytes << 3;
  }
}

/** Rows `aStride` bytes apart; see {@link tiles_4x8}. */
export function gemmQs8Qc8w_4x8(
  descriptor: usize, a: usize, aStride: usize, b: usize, bias: usize, c: usize, cStride: usize, rows: i32,
  columns: i32, pairs: i32, channel: i32,
): void {
  tiles_4x8(false, descriptor, a, aStride, 0, 1, 0, b, bias, c, cStride, rows, columns, pairs, channel);
}

/** Rows in runs, where a table says; see {@link tiles_4x8}. */
export function gemmRunsQs8Qc8w_4x8(
  descriptor: usize, a: usize, table: usize, runs: i32, runStep: usize, b: usize, bias: usize, c: usize,
  cStride: usize, rows: i32, columns: i32, pairs: i32, channel: i32,
): void {
  tiles_4x8(true, descriptor, a, 0, table, runs, runStep, b, bias, c, cStride, rows, columns, pairs, channel);
}

/** One row, 16 columns at a time: fully connected layers are bound by reading their weights. */
export function gemmQs8Qc8w_1x16(
  descriptor: usize, a: usize, b: usize, bias: usize, c: usize, columns: i32, pairs: i32, channel: i32,
): void {
  const panel = <usize>pairs << 5;
  const columnBytes: usize = field(descriptor, CONV_EPILOGUE) == EPILOGUE_ACCUMULATORS ? 4 : 1;
  for (let n = 0; n < columns; n += 16) {
    const wide = columns - n > 8;
    let p0 = b, p1 = wide ? b + panel : b;
    let c0 = v128.load(bias), c1 = v128.load(bias, 16);
    let c2 = v128.load(wide ? bias + 32 : bias), c3 = v128.load(wide ? bias + 48 : bias);
    for (let i = 0; i < pairs; i++) {
      const v = v128.load32_splat(a + (<usize>i << 2));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(v, v128.load(p0)));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(v, v128.load(p0, 16)));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(v, v128.load(p1)));
      c3 = i32x4.add(c3, i32x4.dot_i16x8_s(v, v128.load(p1, 16)));
      p0 += 32; p1 += 32;
    }
    finishOctet(descriptor, c0, c1, c, channel + n, columns - n);
    if (wide) finishOctet(descriptor, c2, c3, c + (columnBytes << 3), channel + n + 8, columns - n - 8);
    b += panel << 1;
    bias += 64;
    c += columnBytes << 4;
  }
}

/** Any epilogue for one row of up to 8 columns. */
export function finishOctet(descriptor: usize, acc0: v128, acc1: v128, c: usize, channel: i32, width: i32): void {
  if (field(descriptor, CONV_EPILOGUE) != EPILOGUE_FP32) {
    finishRow(descriptor, acc0, acc1, c, channel, width);
    return;
  }
  const zero = stepZero(descriptor);
  const multiplier = pointer(descriptor, CONV_MULTIPLIER) + (<usize>channel << 2);
  const h = i16x8.narrow_i32x4_s(
    scaledStep(acc0, v128.load(multiplier), zero), scaledStep(acc1, v128.load(multiplier, 16), zero));
  store8(c, stepCodes(h, h, byteLo(descriptor), byteHi(descriptor), byteFlip(descriptor)), width);
}
