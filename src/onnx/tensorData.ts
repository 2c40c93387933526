import type { Diagnostic, Location } from '../base/diagnostics.ts';
import {
  bitsInFile,
  bytesInMemory,
  type NumericArray,
  type NumericDType,
  newArray,
  type StoredDType,
  type TensorData,
  viewArray,
} from '../base/dtype.ts';
import { DTYPES } from '../base/dtypeCodes.ts';
import { codeOf, isNarrow, type NarrowFloat, valuesOfCodes } from '../base/floatBits.ts';
import { sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { malformedTensorData, wrongElementCount, wrongTensorField, wrongTensorSize } from './errors.ts';
import { HEAVY } from './proto/schema.ts';

const OTHER_TYPES: Readonly<Record<number, string>> = {
  0: 'undefined',
  14: 'complex64',
  15: 'complex128',
};

/** The element type of number `dataType`, or its name in words when we do not support it. */
export function dtypeOf(dataType: number): { readonly dtype: StoredDType } | { readonly unsupported: string } {
  const dtype = DTYPES[dataType];
  return dtype === undefined ? { unsupported: OTHER_TYPES[dataType] ?? `number ${dataType}` } : { dtype };
}

/** The number of `dtype` in `TensorProto.DataType`. */
export function dataTypeOf(dtype: StoredDType): number {
  return DTYPES.indexOf(dtype);
}

/** Bytes that `count` elements of `dtype` take as raw_data; elements of 2 and 4 bits share bytes. */
export function rawByteLength(dtype: NumericDType, count: number): number {
  return Math.ceil((count * bitsInFile(dtype)) / 8);
}

/**
 * Makes a tensor of raw little-endian bytes: a view of `bytes` where aligned, otherwise a copy.
 *
 * @returns a diagnostic ONX202 when the number of bytes is not what `dims` need.
 */
export function tensorOfRaw(
  at: Location,
  dtype: NumericDType,
  dims: readonly number[],
  bytes: Uint8Array,
): Tensor | Diagnostic {
  const count = sizeOf(dims);
  const need = rawByteLength(dtype, count);
  if (bytes.length !== need) return wrongTensorSize(at, dtype, dims, need, bytes.length);
  return tensor(dtype, dims, fromRaw(dtype, bytes, count));
}

function fromRaw(dtype: NumericDType, bytes: Uint8Array, count: number): NumericArray {
  if (bitsInFile(dtype) < 8) return fromBits(dtype, bytes, count);
  if (isNarrow(dtype)) return fromCodes(dtype, codesOf(dtype, bytes, count));
  if (bytes.byteOffset % bytesInMemory(dtype) === 0) return viewArray(dtype, bytes.buffer, bytes.byteOffset, count);
  const copy = bytes.slice();
  return viewArray(dtype, copy.buffer, 0, count);
}

function codesOf(dtype: NarrowFloat, bytes: Uint8Array, count: number): Uint8Array | Uint16Array {
  if (bitsInFile(dtype) === 8) return bytes;
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, count);
}

function fromCodes(dtype: NarrowFloat, codes: ArrayLike<number>): Float32Array {
  const values = valuesOfCodes(dtype);
  const out = new Float32Array(codes.length);
  for (let i = 0; i < out.length; i++) out[i] = values[codes[i] as number] as number;
  return out;
}

/** Elements of fewer than 8 bits out of the bytes they share, the first in the lowest bits. */
function fromBits(dtype: NumericDType, bytes: ArrayLike<number>, count: number): NumericArray {
  const bits = bitsInFile(dtype);
  const shift = 32 - bits;
  const signed = dtype.startsWith('int');
  const codes = signed ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const first = i * bits;
    const high = ((bytes[first >> 3] as number) >> (first & 7)) << shift;
    codes[i] = signed ? high >> shift : high >>> shift;
  }
  return isNarrow(dtype) ? fromCodes(dtype, codes) : codes;
}

function intoBits(codes: ArrayLike<number>, bits: number): Uint8Array {
  const out = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  const mask = (1 << bits) - 1;
  for (let i = 0; i < codes.length; i++) {
    const first = i * bits;
    out[first >> 3] = (out[first >> 3] as number) | (((codes[i] as number) & mask) << (first & 7));
  }
  return out;
}

/** The bytes of `data` as raw_data stores them. May be a view of `data`. */
export function rawOf(dtype: NumericDType, data: NumericArray): Uint8Array {
  const bits = bitsInFile(dtype);
  if (isNarrow(dtype)) {
    const floats = data as Float32Array; // by DTypeArrays
    const codes = bits === 16 ? new Uint16Array(data.length) : new Uint8Array(data.length);
    for (let i = 0; i < codes.length; i++) codes[i] = codeOf(dtype, floats[i] as number);
    return bits < 8 ? intoBits(codes, bits) : new Uint8Array(codes.buffer);
  }
  if (bits < 8) return intoBits(data as Int8Array, bits); // by DTypeArrays
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const FIELD_NAMES: ReadonlyMap<number, string> = new Map([
  [HEAVY.tensor.floats, 'float_data'],
  [HEAVY.tensor.int32s, 'int32_data'],
  [HEAVY.tensor.strings, 'string_data'],
  [HEAVY.tensor.int64s, 'int64_data'],
  [HEAVY.tensor.doubles, 'double_data'],
  [HEAVY.tensor.uint64s, 'uint64_data'],
]);

/** The typed field that holds elements of `dtype` when they are not raw. */
export function fieldOf(dtype: StoredDType): number {
  switch (dtype) {
    case 'float32':
      return HEAVY.tensor.floats;
    case 'float64':
      return HEAVY.tensor.doubles;
    case 'int64':
      return HEAVY.tensor.int64s;
    case 'uint32':
    case 'uint64':
      return HEAVY.tensor.uint64s;
    case 'string':
      return HEAVY.tensor.strings;
    default:
      return HEAVY.tensor.int32s;
  }
}

/** Bytes of a typed field, tags included. */
export interface TypedRun {
  readonly field: number;
  readonly bytes: Uint8Array;
}

/**
 * Makes a tensor of the typed fields (`float_data`, `int32_data`, …), packed or not.
 *
 * @returns a diagnostic ONX203, ONX204 or ONX206 when count, field or encoding are wrong.
 */
export function tensorOfTyped(
  at: Location,
  dtype: StoredDType,
  dims: readonly number[],
  runs: readonly TypedRun[],
): Tensor | Diagnostic {
  const field = fieldOf(dtype);
  const stray = runs.find((run) => run.field !== field);
  if (stray !== undefined) return wrongTensorField(at, dtype, FIELD_NAMES.get(stray.field) ?? 'raw_data');
  const count = sizeOf(dims);
  const perElement = dtype === 'string' ? 1 : Math.max(1, 8 / bitsInFile(dtype));
  const elements = Math.ceil(count / perElement);
  let data: TensorData;
  try {
    if (dtype === 'string') {
      const strings = readStrings(runs);
      return strings.length === count
        ? tensor(dtype, dims, strings)
        : wrongElementCount(at, dims, count, strings.length);
    }
    const available = runs.reduce((sum, run) => sum + run.bytes.length, 0);
    const sink = scalarSink(dtype, Math.min(elements, available)); // an element takes a byte at least
    for (const run of runs) readScalars(run, sink);
    if (sink.length !== elements) return wrongElementCount(at, dims, count, perElement * sink.length);
    data = perElement > 1 ? fromBits(dtype, sink.out as Uint8Array, count) : finish(dtype, sink.out); // of scalarSink
  } catch (cause) {
    if (cause instanceof RangeError) return malformedTensorData(at, cause.message);
    throw cause;
  }
  return tensor(dtype, dims, data);
}

interface Sink {
  readonly out: NumericArray;
  /** Elements seen; those past the end of `out` are counted, not stored. */
  length: number;
}

function scalarSink(dtype: NumericDType, count: number): Sink {
  if (bitsInFile(dtype) < 8) return { out: new Uint8Array(count), length: 0 };
  if (isNarrow(dtype)) return { out: new Uint16Array(count), length: 0 };
  return { out: newArray(dtype, count), length: 0 };
}

function finish(dtype: NumericDType, out: NumericArray): NumericArray {
  if (!isNarrow(dtype)) return out;
  const codes = out as Uint16Array; // scalarSink made it
  if (bitsInFile(dtype) === 8) for (let i = 0; i < codes.length; i++) codes[i] = (codes[i] as number) & 255;
  return fromCodes(dtype, codes);
}

function readScalars({ bytes }: TypedRun, sink: Sink): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor: Cursor = { bytes, pos: 0, lo: 0, hi: 0 };
  while (cursor.pos < bytes.length) {
    readVarint(cursor);
    const wire = cursor.lo & 7;
    let end = bytes.length;
    if (wire === 2) {
      readVarint(cursor);
      end = cursor.pos + cursor.lo;
      if (end > bytes.length) throw new RangeError('packed values run past the end');
    }
    const scalarWire = wire === 2 ? wireOf(sink.out) : wire;
    const once = wire !== 2;
    while (cursor.pos < end) {
      if (scalarWire === 5) push(sink, view.getFloat32(advance(cursor, 4, end), true));
      else if (scalarWire === 1) push(sink, view.getFloat64(advance(cursor, 8, end), true));
      else if (scalarWire === 0) pushVarint(sink, cursor);
      else throw new RangeError(`wire type ${wire}`);
      if (once) break;
    }
  }
}

function wireOf(out: NumericArray): number {
  return out instanceof Float32Array ? 5 : out instanceof Float64Array ? 1 : 0;
}

function push(sink: Sink, value: number): void {
  const i = sink.length++;
  if (i < sink.out.length) sink.out[i] = value;
}

interface Cursor {
  readonly bytes: Uint8Array;
  pos: number;
  /** The last varint as two unsigned 32-bit halves. */
  lo: number;
  hi: number;
}

function pushVarint(sink: Sink, cursor: Cursor): void {
  readVarint(cursor);
  const i = sink.length++;
  const { out } = sink;
  if (i >= out.length) return;
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
    out[i] = (BigInt(cursor.hi) << 32n) | BigInt(cursor.lo);
  } else out[i] = cursor.lo | 0;
}

function advance(cursor: Cursor, length: number, end: number): number {
  const at = cursor.pos;
  cursor.pos += length;
  if (cursor.pos > end) throw new RangeError('a value runs past the end');
  return at;
}

function readVarint(cursor: Cursor): void {
  let lo = 0;
  let hi = 0;
  for (let i = 0; i < 10; i++) {
    if (cursor.pos >= cursor.bytes.length) throw new RangeError('a varint runs past the end');
    const byte = cursor.bytes[cursor.pos++] as number;
    const bits = byte & 127;
    if (i < 4) lo |= bits << (7 * i);
    else if (i === 4) {
      lo |= bits << 28;
      hi = bits >> 4;
    } else hi |= bits << (7 * i - 32);
    if (byte < 128) {
      cursor.lo = lo >>> 0;
      cursor.hi = hi >>> 0;
      return;
    }
  }
  throw new RangeError('a varint of more than 10 bytes');
}

function readStrings(runs: readonly TypedRun[]): string[] {
  const decoder = new TextDecoder();
  const out: string[] = [];
  for (const { bytes } of runs) {
    const cursor: Cursor = { bytes, pos: 0, lo: 0, hi: 0 };
    while (cursor.pos < bytes.length) {
      readVarint(cursor);
      if ((cursor.lo & 7) !== 2) throw new RangeError(`wire type ${cursor.lo & 7} in string_data`);
      readVarint(cursor);
      const start = advance(cursor, cursor.lo, bytes.length);
      out.push(decoder.decode(bytes.subarray(start, cursor.pos)));
    }
  }
  return out;
}
