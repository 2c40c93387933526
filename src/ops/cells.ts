import type { DType, NumericDType } from '../base/dtype.ts';
import { bytesInMemory, isNumericDType, viewArray } from '../base/dtype.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { AttributeSpecs, RunContext } from './opDef.ts';

/** Elements as bit patterns: what operators that only move data see, so that four array types serve all dtypes. */
export type Cells = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | string[];

/** The elements of `t` as patterns over the same memory. */
export function cellsOf(t: Tensor): Cells {
  if (!isNumericDType(t.dtype)) return t.data as unknown as string[]; // references; written only where `outputOf` made it
  const { buffer, byteOffset, length, BYTES_PER_ELEMENT } = t.data as Exclude<Tensor<NumericDType>['data'], never>;
  if (BYTES_PER_ELEMENT === 1) return viewArray('uint8', buffer, byteOffset, length);
  if (BYTES_PER_ELEMENT === 2) return viewArray('uint16', buffer, byteOffset, length);
  if (BYTES_PER_ELEMENT === 4) return viewArray('uint32', buffer, byteOffset, length);
  return viewArray('uint64', buffer, byteOffset, length);
}

/** Memory for an output of any dtype, strings included. Not cleared. */
export function outputOf<D extends DType>(
  context: Pick<RunContext<AttributeSpecs>, 'output'>,
  index: number,
  dtype: D,
  dims: readonly number[],
): Tensor<D> {
  if (isNumericDType(dtype)) return context.output(index, dtype, dims);
  return tensor(dtype, dims, new Array(sizeOf(dims)).fill('') as never); // not a typed array
}

/** One side of a strided copy: cells, the first element's index, and the step per dimension (0 repeats, may be negative). */
export interface Strided {
  readonly cells: Cells;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A whole tensor as one side of a copy. */
export function whole(t: Tensor): Strided {
  return { cells: cellsOf(t), offset: 0, strides: stridesOf(t.dims) };
}

/** Copies a block of shape `dims` from one strided place to another of the same element width. */
export function copyStrided(dims: readonly number[], from: Strided, to: Strided): void {
  if (dims.includes(0)) return;
  const size: number[] = [];
  const source: number[] = [];
  const target: number[] = [];
  for (let i = 0; i < dims.length; i++) {
    const n = dims[i] as number;
    const s = from.strides[i] as number;
    const t = to.strides[i] as number;
    if (n === 1) continue;
    const last = size.length - 1;
    if (last >= 0 && source[last] === s * n && target[last] === t * n) {
      size[last] = (size[last] as number) * n;
      source[last] = s;
      target[last] = t;
    } else {
      size.push(n);
      source.push(s);
      target.push(t);
    }
  }
  if (size.length === 0) {
    size.push(1);
    source.push(1);
    target.push(1);
  }
  copyLevel({ size, source, target, from: from.cells, to: to.cells }, 0, from.offset, to.offset);
}

interface Copy {
  readonly size: readonly number[];
  readonly source: readonly number[];
  readonly target: readonly number[];
  readonly from: Cells;
  readonly to: Cells;
}

function copyLevel(copy: Copy, level: number, from: number, to: number): void {
  const n = copy.size[level] as number;
  const s = copy.source[level] as number;
  const t = copy.target[level] as number;
  if (level < copy.size.length - 1) {
    for (let i = 0; i < n; i++) copyLevel(copy, level + 1, from + i * s, to + i * t);
  } else if (s === 1 && t === 1 && n > 8 && !Array.isArray(copy.from) && !Array.isArray(copy.to)) {
    (copy.to as Uint8Array).set(copy.from.subarray(from, from + n) as Uint8Array, to); // both of one width
  } else {
    copyRow(copy.from as Uint32Array, copy.to as Uint32Array, n, from, s, to, t); // any width: only reads and writes
  }
}

function copyRow(from: Uint32Array, to: Uint32Array, n: number, a: number, s: number, b: number, t: number): void {
  let i = a;
  let j = b;
  for (let k = 0; k < n; k++) {
    to[j] = from[i] as number;
    i += s;
    j += t;
  }
}

/** `t` with other dims over the same data. */
export function reshaped<D extends DType>(t: Tensor<D>, dims: readonly number[]): Tensor<D> {
  return { dtype: t.dtype, dims, data: t.data };
}

/** Strides that read a tensor of `dims` as one of shape `target`, repeating dimensions of length 1. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(dims);
  const lead = target.length - dims.length;
  return target.map((_, i) => (i < lead || dims[i - lead] === 1 ? 0 : (strides[i - lead] as number)));
}

/** Writes one bit pattern, that of element `at` of `value`, to all of `to`. */
export function fillWith(to: Tensor, value: Tensor, at = 0): void {
  const cells = cellsOf(to) as Uint32Array; // fill of any width takes what the same width gives
  cells.fill(cellsOf(value)[at] as number);
}

/** Bytes of one element in memory; 0 where elements do not lie in a typed array. */
export function widthOf(dtype: DType): number {
  return isNumericDType(dtype) ? bytesInMemory(dtype) : 0;
}
