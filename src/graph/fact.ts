import type { DType } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim, ElementType, ValueId } from './model.ts';

/** What is known of a value before anything runs. */
export interface TensorFact {
  readonly dtype: DType;
  /** `undefined`: not even the rank is known. */
  readonly dims: readonly Dim[] | undefined;
  /** Of a sequence or an optional: what is known of its elements. */
  readonly element?: ElementType;
  /** The value itself, where it is known and small (a shape, an axis, a scale) or an initializer that was loaded. */
  readonly constant?: Tensor;
  /** For integer tensors of rank 0 or 1: the elements as far as known, symbols included (a Shape of [N, 3]). */
  readonly elements?: readonly Dim[];
}

export type Facts = ReadonlyMap<ValueId, TensorFact>;

/** Whether every dimension is a number. */
export function hasStaticDims(fact: TensorFact): fact is TensorFact & { readonly dims: readonly number[] } {
  return fact.dims?.every((d) => typeof d === 'number') ?? false;
}
