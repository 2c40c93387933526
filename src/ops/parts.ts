import { viewArray } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { type Cells, copyStrided } from './cells.ts';

/** Elements of a part of a tensor, and where along `axis` of the whole they stand. */
export interface PartCopy {
  readonly whole: Cells;
  readonly wholeDims: readonly number[];
  readonly part: Cells;
  readonly partDims: readonly number[];
  readonly axis: number;
  /** Index along `axis` of the part's first element. */
  readonly at: number;
}

/** Copies a part to its place in the whole; bytes through `table` where there is one. */
export function joinPart(kernels: KernelSet, copy: PartCopy, table?: Uint8Array): void {
  const { part, whole, rows, length, stride, offset } = placeOf(copy);
  if (rows * length === 0) return;
  if (Array.isArray(part) || Array.isArray(whole)) {
    const from = { cells: part, offset: 0, strides: [length, 1] };
    copyStrided([rows, length], from, { cells: whole, offset, strides: [stride, 1] });
    return;
  }
  const width = whole.BYTES_PER_ELEMENT;
  const bytes = { rows, length: length * width, fromStride: length * width, toStride: stride * width };
  kernels.copyRows(bytesOf(part, 0), bytesOf(whole, offset), bytes, table);
}

/** Copies what stands at a part's place in the whole out of it. */
export function cutPart(kernels: KernelSet, copy: PartCopy): void {
  const { part, whole, rows, length, stride, offset } = placeOf(copy);
  if (rows * length === 0) return;
  if (Array.isArray(part) || Array.isArray(whole)) {
    const to = { cells: part, offset: 0, strides: [length, 1] };
    copyStrided([rows, length], { cells: whole, offset, strides: [stride, 1] }, to);
    return;
  }
  const width = whole.BYTES_PER_ELEMENT;
  const bytes = { rows, length: length * width, fromStride: stride * width, toStride: length * width };
  kernels.copyRows(bytesOf(whole, offset), bytesOf(part, 0), bytes);
}

/** Rows and steps, in elements. */
function placeOf({ whole, wholeDims, part, partDims, axis, at }: PartCopy) {
  const rows = sizeOf(partDims.slice(0, axis));
  const step = sizeOf(partDims.slice(axis + 1));
  const [length, stride] = [partDims, wholeDims].map((dims) => (dims[axis] as number) * step) as [number, number];
  return { part, whole, rows, length, stride, offset: at * step };
}

function bytesOf({ buffer, byteOffset, byteLength, BYTES_PER_ELEMENT }: Exclude<Cells, string[]>, first: number) {
  const skipped = first * BYTES_PER_ELEMENT;
  return viewArray('uint8', buffer, byteOffset + skipped, byteLength - skipped);
}
