import { DiagnosticError, type Location } from '../base/diagnostics.ts';
import { newArray } from '../base/dtype.ts';
import { sizeOf, stridesOf } from '../base/shape.ts';
import { hasDType, type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorSource } from '../graph/model.ts';
import { sparseTensor } from './errors.ts';
import type { RawSparse } from './readProto.ts';
import { rawByteLength } from './tensorData.ts';
import { type TensorContext, tensorSourceOf } from './tensorSource.ts';

const MAX_DENSE = 64 * 1024 * 1024;

/**
 * Makes a dense source of a sparse initializer: `values` [NNZ] at `indices` [NNZ] (positions in C order) or [NNZ, rank].
 *
 * @returns undefined, after a report ONX207, when it cannot be made dense.
 */
export function sparseSourceOf(raw: RawSparse, at: Location, context: TensorContext): TensorSource | undefined {
  const values = tensorSourceOf(raw.values, at, context);
  const indices = tensorSourceOf(raw.indices, at, context);
  const { dims } = raw;
  const dtype = values?.dtype;
  const size = sizeOf(dims);
  if (
    values === undefined ||
    indices?.dtype !== 'int64' ||
    dtype === undefined ||
    dtype === 'string' ||
    size > MAX_DENSE ||
    dims.some((d) => d < 0)
  ) {
    context.report(sparseTensor(at));
    return undefined;
  }
  const load = async (): Promise<Tensor> => {
    const v = await values.load();
    const positions = positionsOf(await indices.load(), dims);
    if (hasDType(v, 'string') || positions === undefined || positions.length !== v.data.length) {
      throw new DiagnosticError(sparseTensor(at));
    }
    const data = newArray(dtype, size);
    const from = v.data;
    positions.forEach((p, i) => {
      data[p] = from[i] as never; // both arrays are of `dtype`
    });
    return { dtype, dims, data };
  };
  return { dtype, dims, byteLength: rawByteLength(dtype, size), load };
}

/** Positions in C order, or undefined when an index is outside or the shape is neither [NNZ] nor [NNZ, rank]. */
function positionsOf(indices: Tensor, dims: readonly number[]): readonly number[] | undefined {
  const numbers = toNumbers(indices);
  const size = sizeOf(dims);
  if (indices.dims.length === 1) return numbers.every((p) => p >= 0 && p < size) ? numbers : undefined;
  if (indices.dims.length !== 2 || indices.dims[1] !== dims.length) return undefined;
  const strides = stridesOf(dims);
  const positions: number[] = [];
  for (let row = 0; row < (indices.dims[0] as number); row++) {
    let position = 0;
    for (let axis = 0; axis < dims.length; axis++) {
      const index = numbers[row * dims.length + axis] as number;
      if (index < 0 || index >= (dims[axis] as number)) return undefined;
      position += index * (strides[axis] as number);
    }
    positions.push(position);
  }
  return positions;
}
