import type { DType, NumericDType } from '../base/dtype.ts';
import { isBigInt, isNumericDType } from '../base/dtype.ts';
import { isNarrowFloat, roundInPlace } from '../base/half.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';

/** An array whose numbers can be written. */
export interface NumberSink {
  [index: number]: number;
  readonly length: number;
}

/** Whether elements of `dtype` are JavaScript numbers (not bigint, not string). */
export function holdsNumbers(dtype: DType): boolean {
  return isNumericDType(dtype) && !isBigInt(dtype);
}

/** The elements of a tensor whose dtype {@link holdsNumbers}, without copying. */
export function numbersOf(t: Tensor): NumberSink {
  return t.data as unknown as NumberSink; // every numeric array that is not of bigint
}

/** The elements of an int64 or uint64 tensor, without copying. */
export function bigintsOf(t: Tensor): BigInt64Array {
  return t.data as BigInt64Array; // BigUint64Array reads and writes alike, wrapping to its own range
}

/** The elements as numbers, copied where they are bigint; exact up to 2^53. */
export function asNumbers(t: Tensor): ArrayLike<number> {
  return isBigInt(t.dtype) ? Array.from(t.data as BigInt64Array, Number) : numbersOf(t);
}

/** The Float32Array of a tensor whose dtype {@link isFloat32Stored}. */
export function floatsOf(t: Tensor): Float32Array {
  return t.data as Float32Array;
}

/** Whether elements of `dtype` lie in a Float32Array. */
export function isFloat32Stored(dtype: DType): boolean {
  return dtype === 'float32' || isNarrowFloat(dtype);
}

/** Rounds what was computed in float32 to the tensor's own type (float16 and the like); returns the tensor. */
export function stored<D extends DType>(t: Tensor<D>, kernels?: Pick<KernelSet, 'roundTo'>): Tensor<D> {
  const type: DType = t.dtype;
  if (kernels !== undefined && (type === 'float16' || type === 'bfloat16')) kernels.roundTo(type, floatsOf(t));
  else if (isNarrowFloat(type)) roundInPlace(type, floatsOf(t));
  return t;
}

/** Lowest and highest value of an integer dtype. */
export function rangeOf(dtype: NumericDType): readonly [lo: number, hi: number] {
  switch (dtype) {
    case 'int2':
      return [-2, 1];
    case 'uint2':
      return [0, 3];
    case 'int4':
      return [-8, 7];
    case 'uint4':
      return [0, 15];
    case 'int8':
      return [-128, 127];
    case 'uint8':
      return [0, 255];
    case 'int16':
      return [-32768, 32767];
    case 'uint16':
      return [0, 65535];
    case 'int32':
      return [-2147483648, 2147483647];
    case 'uint32':
      return [0, 4294967295];
    default:
      return [-Infinity, Infinity];
  }
}
