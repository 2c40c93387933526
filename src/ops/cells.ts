import type { DType, NumericDType } from '../base/dtype.ts';
import { bytesInMemory, isNumericDType, viewArray } from '../base/dtype.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { copyCells } from '../kernels/js/stridedCopy.ts';
import type { CopyLevel, KernelSet } from '../kernels/kernelSet.ts';
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
export function copyStrided(
  dims: readonly number[],
  from: Strided,
  to: Strided,
  kernels?: Pick<KernelSet, 'copyCells'>,
): void {
  if (dims.includes(0)) return;
  const copy = { levels: mergedLevels(dims, from.strides, to.strides), source: from.offset, target: to.offset };
  if (Array.isArray(from.cells) || Array.isArray(to.cells)) {
    copyCells(from.cells as unknown as Uint32Array, to.cells as unknown as Uint32Array, copy); // it only moves elements
  } else (kernels ?? { copyCells }).copyCells(from.cells, to.cells, copy);
}

/** As few loops as walk both sides; those of one iteration are left out. */
function mergedLevels(dims: readonly number[], source: readonly number[], target: readonly number[]): CopyLevel[] {
  const levels: CopyLevel[] = [];
  for (let i = 0; i < dims.length; i++) {
    const level = { size: dims[i] as number, source: source[i] as number, target: target[i] as number };
    if (level.size === 1) continue;
    const last = levels.at(-1);
    if (last?.source === level.source * level.size && last.target === level.target * level.size) {
      levels[levels.length - 1] = { ...level, size: last.size * level.size };
    } else levels.push(level);
  }
  return levels;
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
