import { isNumericDType, type NumericArray, type NumericDType, newArray } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { StorageLayout } from './opDef.ts';

/** Dims as they lie in memory: [N, H, W, C] for a rank-4 value [N, C, H, W] in layout `nhwc`, else as declared. */
export function physicalDims(dims: readonly number[], layout: StorageLayout): readonly number[] {
  if (layout === 'plain' || dims.length !== 4) return dims;
  const [n, c, h, w] = dims as [number, number, number, number]; // rank checked above
  return [n, h, w, c];
}

/** The inverse of {@link physicalDims}. */
export function logicalDims(dims: readonly number[], layout: StorageLayout): readonly number[] {
  if (layout === 'plain' || dims.length !== 4) return dims;
  const [n, h, w, c] = dims as [number, number, number, number]; // rank checked above
  return [n, c, h, w];
}

/** Whether both layouts of a rank-4 value of these logical dims are the same bytes. */
export function sameBytesInBothLayouts(dims: readonly number[]): boolean {
  const [, c = 1, h = 1, w = 1] = dims;
  return dims.length !== 4 || c === 1 || h * w === 1 || sizeOf(dims) === 0;
}

/**
 * Copies `t`, which lies in `from`, into `out` as `to`.
 *
 * @param out as many elements as `t`, of its dtype; not the memory of `t`.
 */
export function convertInto(
  t: Tensor,
  from: StorageLayout,
  to: StorageLayout,
  out: NumericArray,
  kernels: KernelSet | undefined,
): void {
  const data = t.data as typeof out; // the caller passes an array of the same dtype
  if (from === to || t.dims.length !== 4 || sameBytesInBothLayouts(logicalDims(t.dims, from))) {
    (out as Float32Array).set(data as Float32Array); // same dtype on both sides
    return;
  }
  const [n, c, h, w] = logicalDims(t.dims, from) as [number, number, number, number]; // rank checked above
  const rows = to === 'nhwc' ? c : h * w;
  const columns = to === 'nhwc' ? h * w : c;
  if (kernels !== undefined && data instanceof Float32Array && out instanceof Float32Array) {
    kernels.transposeF32(data, out, n, rows, columns);
  } else if (
    kernels !== undefined &&
    (data instanceof Int8Array || data instanceof Uint8Array) &&
    (out instanceof Int8Array || out instanceof Uint8Array)
  ) {
    kernels.transpose8(data, out, n, rows, columns);
  } else {
    transposeAny(data, out, n, rows, columns);
  }
}

/** A copy of `t` on the heap in layout `to`; `t` itself when nothing changes. */
export function converted(t: Tensor, from: StorageLayout, to: StorageLayout, kernels?: KernelSet): Tensor {
  if (from === to || t.dims.length !== 4 || !isNumericDType(t.dtype)) return t;
  const dims = physicalDims(logicalDims(t.dims, from), to);
  if (sameBytesInBothLayouts(logicalDims(t.dims, from))) return { dtype: t.dtype, dims, data: t.data } as Tensor;
  const data = newArray(t.dtype as NumericDType, sizeOf(dims));
  convertInto(t, from, to, data, kernels);
  return { dtype: t.dtype, dims, data } as Tensor; // data was made for this dtype
}

/** A copy of `t` in memory of its own. */
export function copied(t: Tensor): Tensor {
  return { ...t, data: t.data.slice() } as Tensor; // slice keeps the array type
}

function transposeAny(x: NumericArray, out: NumericArray, batch: number, rows: number, columns: number): void {
  const from = x as Float64Array; // elements are only moved between arrays of one type
  const to = out as Float64Array;
  for (let b = 0; b < batch; b++) {
    const base = b * rows * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) to[base + c * rows + r] = from[base + r * columns + c] as number;
    }
  }
}
