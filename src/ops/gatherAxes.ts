import { sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { gatherBlocks } from '../kernels/js/stridedCopy.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { type Cells, cellsOf } from './cells.ts';

/** Per axis of the output, the positions in the source that its elements come from; undefined for an axis as it is. */
export type AxisLists = readonly (ArrayLike<number> | undefined)[];

/** out[i, j, ...] = x[lists[0][i], lists[1][j], ...] for tensors of one rank and dtype. */
export function gatherAxes(kernels: Pick<KernelSet, 'gatherBlocks'>, x: Tensor, out: Tensor, lists: AxisLists): void {
  const strides = stridesOf(x.dims);
  let last = Math.max(0, lists.length - 1);
  while (last > 0 && lists[last] === undefined) last--;
  const length = sizeOf(x.dims.slice(last + 1));
  const columns = offsetsAlong(last, strides[last] ?? 0, out, lists);
  let rows = Int32Array.of(0);
  for (let axis = 0; axis < last; axis++) {
    const steps = offsetsAlong(axis, strides[axis] as number, out, lists);
    const next = new Int32Array(rows.length * steps.length);
    rows.forEach((row, i) => {
      for (let k = 0; k < steps.length; k++) next[i * steps.length + k] = row + (steps[k] as number);
    });
    rows = next;
  }
  gatherCells(kernels, cellsOf(x), cellsOf(out), { rows, columns, length });
}

/** Blocks of `length` cells from rows[r] + columns[c] on, row after row. */
export function gatherCells(
  kernels: Pick<KernelSet, 'gatherBlocks'>,
  from: Cells,
  to: Cells,
  { rows, columns, length }: { readonly rows: Int32Array; readonly columns: Int32Array; readonly length: number },
): void {
  if (Array.isArray(from) || Array.isArray(to)) {
    gatherBlocks(from as unknown as Uint32Array, to as unknown as Uint32Array, rows, columns, length); // it only moves
  } else kernels.gatherBlocks(from, to, rows, columns, length);
}

/** Where the elements of the output lie in the source, along one axis. */
function offsetsAlong(axis: number, step: number, out: Tensor, lists: AxisLists): Int32Array {
  const list = lists[axis];
  return Int32Array.from({ length: out.dims[axis] ?? 1 }, (_, i) => (list?.[i] ?? i) * step);
}
