import { isNumericDType, newArray } from '../base/dtype.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { cellsOf, copyStrided, whole } from './cells.ts';

/** A zero-filled tensor on the heap, of any dtype. */
export function heapTensor(dtype: Tensor['dtype'], dims: readonly number[]): Tensor {
  const length = sizeOf(dims);
  const data = isNumericDType(dtype) ? newArray(dtype, length) : new Array(length).fill('');
  return { dtype, dims, data } as Tensor; // data was made for this dtype
}

/** Element `at` of `t` along `axis`, copied; that axis is gone. */
export function taken(t: Tensor, axis: number, at: number): Tensor {
  return { ...slab(t, axis, at, 1), dims: t.dims.filter((_, i) => i !== axis) } as Tensor;
}

/** Elements [start, start + count) of `t` along `axis`, copied. */
export function slab(t: Tensor, axis: number, start: number, count: number): Tensor {
  const dims = t.dims.map((d, i) => (i === axis ? count : d));
  const out = heapTensor(t.dtype, dims);
  const strides = stridesOf(t.dims);
  copyStrided(dims, { cells: cellsOf(t), offset: start * (strides[axis] as number), strides }, whole(out));
  return out;
}

/** Equal tensors side by side along a new `axis`. */
export function stacked(parts: readonly Tensor[], axis: number, first: Tensor): Tensor {
  const dims = [...first.dims];
  dims.splice(axis, 0, parts.length);
  const out = heapTensor(first.dtype, dims);
  const strides = stridesOf(dims);
  const inner = strides.filter((_, i) => i !== axis);
  parts.forEach((part, i) => {
    copyStrided(part.dims, whole(part), { cells: cellsOf(out), offset: i * (strides[axis] as number), strides: inner });
  });
  return out;
}
