import { lookup8 } from './elementwise';

/** Copies at least 16 bytes; the last 16 may be written twice. */
// @ts-ignore: decorator
@inline
function copyLong(from: usize, to: usize, length: i32): void {
  const last = <usize>(length - 16);
  for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i));
  v128.store(to + last, v128.load(from + last));
}

/** Copies fewer than 16 bytes, none beside them. */
function copyShort(from: usize, to: usize, length: i32): void {
  if (length >= 8) {
    const last = <usize>(length - 8);
    const end = load<u64>(from + last);
    store<u64>(to, load<u64>(from));
    store<u64>(to + last, end);
  } else if (length >= 4) {
    const last = <usize>(length - 4);
    const end = load<u32>(from + last);
    store<u32>(to, load<u32>(from));
    store<u32>(to + last, end);
  } else {
    for (let i = 0; i < length; i++) store<u8>(to + <usize>i, load<u8>(from + <usize>i));
  }
}

/** Rows of bytes from one stride to another. */
export function copyRows(from: usize, to: usize, rows: i32, length: i32, fromStride: usize, toStride: usize): void {
  for (let row = 0; row < rows; row++) {
    if (length >= 16) copyLong(from, to, length);
    else copyShort(from, to, length);
    from += fromStride;
    to += toStride;
  }
}

/** Rows of codes from one stride to another, each code through a table of 256 bytes. */
export function lookupRows(
  from: usize, table: usize, to: usize, rows: i32, length: i32, fromStride: usize, toStride: usize,
): void {
  for (let row = 0; row < rows; row++) {
    lookup8(from, table, to, length);
    from += fromStride;
    to += toStride;
  }
}
