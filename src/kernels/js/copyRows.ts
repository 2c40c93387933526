import type { RowCopy } from '../kernelSet.ts';

/** Rows of bytes from one stride to another, through `table` where there is one. */
export function copyRows(
  from: Uint8Array,
  to: Uint8Array,
  { rows, length, fromStride, toStride }: RowCopy,
  table?: Uint8Array,
): void {
  for (let row = 0; row < rows; row++) {
    const [a, b] = [row * fromStride, row * toStride];
    if (table === undefined) to.set(from.subarray(a, a + length), b);
    else for (let i = 0; i < length; i++) to[b + i] = table[from[a + i] as number] as number;
  }
}
