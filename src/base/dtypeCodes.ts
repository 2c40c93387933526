import type { StoredDType } from './dtype.ts';

/** ONNX `TensorProto.DataType` by number, in files and in attributes such as Cast's `to`; what {@link StoredDType} lacks is undefined. */
export const DTYPES: readonly (StoredDType | undefined)[] = [
  undefined,
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  undefined,
  undefined,
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
];

/** The element type of a number; undefined for complex and other types we do not hold. */
export function dtypeOfCode(code: number): StoredDType | undefined {
  return DTYPES[code];
}
