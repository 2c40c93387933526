/** Columns [first, end) of one matrix [rows, columns] of float32 to rows of [columns, rows]. */
export function transposeF32(x: usize, out: usize, rows: i32, columns: i32, first: i32, end: i32): void {
  const outRow = <usize>rows << 2;
  transposeBlock32(x + (<usize>first << 2), <usize>columns << 2, out + <usize>first * outRow, outRow, rows, end - first);
}

/** Columns [first, end) of one matrix [rows, columns] of bytes to rows of [columns, rows]. */
export function transpose8(x: usize, out: usize, rows: i32, columns: i32, first: i32, end: i32): void {
  const outRow = <usize>rows;
  transposeBlock8(x + <usize>first, <usize>columns, out + <usize>first * outRow, outRow, rows, end - first);
}

/** [rows, columns] of 32-bit cells to [columns, rows]; rows of either side lie as many bytes apart as told. */
export function transposeBlock32(
  x: usize, inRow: usize, out: usize, outRow: usize, rows: i32, columns: i32,
): void {
  for (let c = 0; c < columns; c += 4) {
    const wide = columns - c >= 4;
    let from = x + (<usize>c << 2);
    let to = out + <usize>c * outRow;
    let r = 0;
    if (wide) {
      for (; r + 4 <= rows; r += 4) {
        const a = v128.load(from), b = v128.load(from + inRow);
        const d = v128.load(from + inRow * 2), e = v128.load(from + inRow * 3);
        const ab0 = i32x4.shuffle(a, b, 0, 4, 1, 5), ab1 = i32x4.shuffle(a, b, 2, 6, 3, 7);
        const de0 = i32x4.shuffle(d, e, 0, 4, 1, 5), de1 = i32x4.shuffle(d, e, 2, 6, 3, 7);
        v128.store(to, i64x2.shuffle(ab0, de0, 0, 2));
        v128.store(to + outRow, i64x2.shuffle(ab0, de0, 1, 3));
        v128.store(to + outRow * 2, i64x2.shuffle(ab1, de1, 0, 2));
        v128.store(to + outRow * 3, i64x2.shuffle(ab1, de1, 1, 3));
        from += inRow << 2;
        to += 16;
      }
    }
    const width = min(columns - c, 4);
    for (; r < rows; r++) {
      for (let i = 0; i < width; i++) store<u32>(to + <usize>i * outRow, load<u32>(from + (<usize>i << 2)));
      from += inRow;
      to += 4;
    }
  }
}

/** As {@link transposeBlock32}, of bytes. */
export function transposeBlock8(
  x: usize, inRow: usize, out: usize, outRow: usize, rows: i32, columns: i32,
): void {
  for (let c = 0; c < columns; c += 8) {
    const wide = columns - c >= 8;
    let from = x + <usize>c;
    let to = out + <usize>c * outRow;
    let r = 0;
    if (wide) {
      for (; r + 8 <= rows; r += 8) {
        transpose8x8(from, inRow, to, outRow);
        from += inRow << 3;
        to += 8;
      }
    }
    const width = min(columns - c, 8);
    for (; r < rows; r++) {
      for (let i = 0; i < width; i++) store<u8>(to + <usize>i * outRow, load<u8>(from + <usize>i));
      from += inRow;
      to++;
    }
  }
}

// @ts-ignore: decorator
@inline
function pairRows(from: usize, next: usize): v128 {
  const a = v128.load64_zero(from), b = v128.load64_zero(next);
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
function transpose8x8(from: usize, inRow: usize, to: usize, outRow: usize): void {
  const p01 = pairRows(from, from + inRow);
  const p23 = pairRows(from + inRow * 2, from + inRow * 3);
  const p45 = pairRows(from + inRow * 4, from + inRow * 5);
  const p67 = pairRows(from + inRow * 6, from + inRow * 7);
  const low03 = i16x8.shuffle(p01, p23, 0, 8, 1, 9, 2, 10, 3, 11);
  const high03 = i16x8.shuffle(p01, p23, 4, 12, 5, 13, 6, 14, 7, 15);
  const low47 = i16x8.shuffle(p45, p67, 0, 8, 1, 9, 2, 10, 3, 11);
  const high47 = i16x8.shuffle(p45, p67, 4, 12, 5, 13, 6, 14, 7, 15);
  storeTwo(to, outRow, i32x4.shuffle(low03, low47, 0, 4, 1, 5));
  storeTwo(to + outRow * 2, outRow, i32x4.shuffle(low03, low47, 2, 6, 3, 7));
  storeTwo(to + outRow * 4, outRow, i32x4.shuffle(high03, high47, 0, 4, 1, 5));
  storeTwo(to + outRow * 6, outRow, i32x4.shuffle(high03, high47, 2, 6, 3, 7));
}

// @ts-ignore: decorator
@inline
function storeTwo(to: usize, outRow: usize, v: v128): void {
  v128.store64_lane(to, v, 0);
  v128.store64_lane(to + outRow, v, 1);
}
