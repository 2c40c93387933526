/**
 * Element types of tensors, named as in ONNX `TensorProto.DataType`.
 *
 * `float16`, `bfloat16`, the `float8*` types and `float4e2m1` are held as Float32Array whose values the type can
 * represent (computed in float32, rounded on store); integers of 2 and 4 bits hold one element per byte; `bool` is 0 or
 * 1.
 *
 * ONNX's other types of values are tensors of tensors here: a `sequence` has rank 1 and its elements for elements, an
 * `optional` has rank 1 and one element or none.
 */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'float4e2m1'
  | 'int2'
  | 'uint2'
  | 'int4'
  | 'uint4'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string'
  | 'sequence'
  | 'optional';

export interface DTypeArrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Float32Array;
  bfloat16: Float32Array;
  float8e4m3fn: Float32Array;
  float8e4m3fnuz: Float32Array;
  float8e5m2: Float32Array;
  float8e5m2fnuz: Float32Array;
  float8e8m0: Float32Array;
  float4e2m1: Float32Array;
  int2: Int8Array;
  uint2: Uint8Array;
  int4: Int8Array;
  uint4: Uint8Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  string: readonly string[];
  sequence: readonly ElementTensor[];
  optional: readonly ElementTensor[];
}

/** A tensor, sequence or optional as an element of another. */
export interface ElementTensor<D extends DType = DType> {
  readonly dtype: D;
  readonly dims: readonly number[];
  readonly data: DTypeArrays[D];
}

export type NumericDType = Exclude<DType, 'string' | ContainerDType>;
/** What constants in a file can be of. */
export type StoredDType = NumericDType | 'string';
/** Types whose elements are tensors. */
export type ContainerDType = 'sequence' | 'optional';
export type FloatDType = 'float32' | 'float64' | 'float16' | 'bfloat16';
export type TensorData = DTypeArrays[DType];
export type NumericArray = DTypeArrays[NumericDType];

type ArrayConstructor<T> = {
  new (length: number): T;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
};

const ARRAYS: { readonly [D in NumericDType]: ArrayConstructor<DTypeArrays[D]> } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Float32Array,
  bfloat16: Float32Array,
  float8e4m3fn: Float32Array,
  float8e4m3fnuz: Float32Array,
  float8e5m2: Float32Array,
  float8e5m2fnuz: Float32Array,
  float8e8m0: Float32Array,
  float4e2m1: Float32Array,
  int2: Int8Array,
  uint2: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** A new zero-filled array that holds `length` elements of `dtype`. */
export function newArray<D extends NumericDType>(dtype: D, length: number): DTypeArrays[D] {
  return new ARRAYS[dtype](length);
}

/** A view of `length` elements of `dtype` at `byteOffset`, which must be a multiple of the element's bytes in memory. */
export function viewArray<D extends NumericDType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): DTypeArrays[D] {
  return new ARRAYS[dtype](buffer, byteOffset, length);
}

/** Bytes of one element of `dtype` in memory (float16 takes 4: see {@link DType}). */
export function bytesInMemory(dtype: NumericDType): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Bits of one element of `dtype` as ONNX stores it: float16 16, int4 4, bool 8. */
export function bitsInFile(dtype: NumericDType): number {
  switch (dtype) {
    case 'int2':
    case 'uint2':
      return 2;
    case 'int4':
    case 'uint4':
    case 'float4e2m1':
      return 4;
    case 'float16':
    case 'bfloat16':
      return 16;
    case 'float8e4m3fn':
    case 'float8e4m3fnuz':
    case 'float8e5m2':
    case 'float8e5m2fnuz':
    case 'float8e8m0':
      return 8;
    default:
      return 8 * bytesInMemory(dtype);
  }
}

/** Whether elements of `dtype` are numbers, in a typed array. */
export function isNumericDType(dtype: DType): dtype is NumericDType {
  return dtype in ARRAYS;
}

export function isContainer(dtype: DType): dtype is ContainerDType {
  return dtype === 'sequence' || dtype === 'optional';
}

export function isFloat(dtype: DType): boolean {
  return dtype.startsWith('float') || dtype === 'bfloat16';
}

export function isBigInt(dtype: DType): dtype is 'int64' | 'uint64' {
  return dtype === 'int64' || dtype === 'uint64';
}
