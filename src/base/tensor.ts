import { type DType, type DTypeArrays, type NumericDType, newArray } from './dtype.ts';
import { sizeOf } from './shape.ts';

/**
 * A dense tensor in C order.
 *
 * `data.length` is the product of `dims`; a scalar has `dims` [] and one element.
 */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly dims: readonly number[];
  readonly data: DTypeArrays[D];
}

/** Makes a tensor over `data` without copying. */
export function tensor<D extends DType>(dtype: D, dims: readonly number[], data: DTypeArrays[D]): Tensor<D> {
  return { dtype, dims, data };
}

/** A zero-filled tensor of its own memory. */
export function zeros<D extends NumericDType>(dtype: D, dims: readonly number[]): Tensor<D> {
  return { dtype, dims, data: newArray(dtype, sizeOf(dims)) };
}

/** Whether `t` holds elements of `dtype`; narrows its data. */
export function hasDType<D extends DType>(t: Tensor, dtype: D): t is Tensor<D> {
  return t.dtype === dtype;
}

const LARGEST_INT64 = 2n ** 63n - 1n;

/** An int64 tensor from integers; 2^63, which is what the largest int64 is as a number, becomes that again. */
export function int64Tensor(dims: readonly number[], values: readonly number[]): Tensor<'int64'> {
  return tensor(
    'int64',
    dims,
    BigInt64Array.from(values, (v) => (v >= 2 ** 63 ? LARGEST_INT64 : BigInt(v))),
  );
}

/** The elements of an integer tensor as numbers; exact up to 2^53. */
export function toNumbers(t: Tensor): number[] {
  return Array.from(t.data as ArrayLike<number | bigint>, Number);
}
