import type { ByteSource } from '../base/bytes.ts';
import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';
import type { NumericDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorSource } from '../graph/model.ts';
import {
  badTensorDims,
  cannotRead,
  externalFileShort,
  unsupportedTensorType,
  wrongElementCount,
  wrongTensorField,
  wrongTensorSize,
} from './errors.ts';
import { type ExternalFiles, type ExternalRange, externalRangeOf } from './externalData.ts';
import { EXTERNAL, HEAVY } from './proto/schema.ts';
import type { DataSpan, RawTensor } from './readProto.ts';
import { dtypeOf, fieldOf, rawByteLength, tensorOfRaw, tensorOfTyped } from './tensorData.ts';

/** Where the bytes of tensors come from, and where diagnostics go. */
export interface TensorContext {
  readonly source: ByteSource;
  readonly external: ExternalFiles;
  report(diagnostic: Diagnostic): void;
}

const KEEP_LOADED = 4096;

/**
 * Makes a source of a tensor's header: its data is read when it is loaded; small tensors stay loaded. What is wrong
 * already now is reported, and thrown again by `load`.
 *
 * @returns undefined, after a report ONX201 or ONX205, when type or shape cannot be represented.
 */
export function tensorSourceOf(raw: RawTensor, at: Location, context: TensorContext): TensorSource | undefined {
  const { dims, dataType } = raw.proto;
  const known = dtypeOf(dataType ?? 0);
  if ('unsupported' in known) {
    context.report(unsupportedTensorType(at, known.unsupported));
    return undefined;
  }
  const count = sizeOf(dims);
  if (dims.some((d) => d < 0) || !Number.isSafeInteger(count)) {
    context.report(badTensorDims(at, dims));
    return undefined;
  }
  const { dtype } = known;
  if (raw.proto.dataLocation === EXTERNAL) {
    const range = dtype === 'string' ? wrongTensorField(at, dtype, 'external data') : externalRangeOf(raw, at);
    if ('code' in range) return failing(range, dtype, dims, context);
    return externalSource(range, at, dtype as NumericDType, dims, context); // string was excluded above
  }
  const problem = knownProblem(raw.data, at, dtype, dims, count);
  if (problem !== undefined) return failing(problem, dtype, dims, context);
  const byteLength = raw.data.reduce((sum, span) => sum + payloadLength(span), 0);
  return lazy(dtype, dims, byteLength, inlineBytes(raw.data, at, dtype, dims, context.source));
}

function externalSource(
  range: ExternalRange,
  at: Location,
  dtype: NumericDType,
  dims: readonly number[],
  context: TensorContext,
): TensorSource {
  const need = rawByteLength(dtype, sizeOf(dims));
  if (range.length !== undefined && range.length !== need) {
    return failing(wrongTensorSize(at, dtype, dims, need, range.length), dtype, dims, context);
  }
  const refused = context.external.refusal(range.location, at);
  if (refused !== undefined) return failing(refused, dtype, dims, context);
  context.external.expect(range.location, at, range.offset + need);
  const { external } = context;
  const { location, offset } = range;
  return lazy(dtype, dims, need, {
    at,
    open: async () => longEnough(await external.open(location, at), offset + need, location, at),
    opened: () => external.opened(location),
    ranges: [[offset, offset + need]],
    decode: ([bytes = new Uint8Array()]) => tensorOfRaw(at, dtype, dims, bytes),
  });
}

/** @throws DiagnosticError ONX303. */
function longEnough(source: ByteSource, end: number, location: string, at: Location): ByteSource {
  if (source.byteLength >= end) return source;
  throw new DiagnosticError(externalFileShort(at, location, end, source.byteLength));
}

function isRaw(span: DataSpan): boolean {
  return span.field === HEAVY.tensor.raw;
}

function payloadLength(span: DataSpan): number {
  return span.end - (span.count === 1 ? span.payload : span.start);
}

/** What the sizes alone give away, without reading data. */
function knownProblem(
  data: readonly DataSpan[],
  at: Location,
  dtype: TensorSource['dtype'],
  dims: readonly number[],
  count: number,
): Diagnostic | undefined {
  const raw = data.filter(isRaw);
  if (raw.length > 0 || data.length === 0) {
    if (dtype === 'string') {
      if (raw.length > 0) return wrongTensorField(at, dtype, 'raw_data');
      return count === 0 ? undefined : wrongElementCount(at, dims, count, 0);
    }
    if (raw.length !== data.length) return wrongTensorField(at, dtype, 'raw_data and a typed field at once');
    const last = raw.at(-1);
    const have = last === undefined ? 0 : last.count === 1 ? payloadLength(last) : -1;
    const need = rawByteLength(dtype, count);
    return have === need || have < 0 ? undefined : wrongTensorSize(at, dtype, dims, need, have);
  }
  const packed = data.length === 1 && data[0]?.count === 1 && data[0].wire === 2 ? data[0] : undefined;
  const bytesPerElement = dtype === 'float32' ? 4 : dtype === 'float64' ? 8 : 0;
  if (packed === undefined || bytesPerElement === 0 || packed.field !== fieldOf(dtype)) return undefined;
  const have = payloadLength(packed) / bytesPerElement;
  return have === count ? undefined : wrongElementCount(at, dims, count, have);
}

/** Where a tensor's bytes lie, and what they mean. */
interface StoredBytes {
  readonly at: Location;
  readonly ranges: readonly (readonly [start: number, end: number])[];
  open(): Promise<ByteSource>;
  /** The source, where it needs no opening. */
  opened(): ByteSource | undefined;
  /** @param bytes those of each range. */
  decode(bytes: readonly Uint8Array[]): Tensor | Diagnostic;
}

function inlineBytes(
  data: readonly DataSpan[],
  at: Location,
  dtype: TensorSource['dtype'],
  dims: readonly number[],
  source: ByteSource,
): StoredBytes {
  const file = { at, open: async () => source, opened: () => source };
  const raw = data.filter(isRaw);
  if (dtype === 'string' || (raw.length === 0 && data.length > 0)) {
    const ranges = data.map((span) => [span.start, span.end] as const);
    const runs = (bytes: readonly Uint8Array[]) =>
      data.map(({ field }, i) => ({ field, bytes: bytes[i] as Uint8Array })); // as many as ranges
    return { ...file, ranges, decode: (bytes) => tensorOfTyped(at, dtype, dims, runs(bytes)) };
  }
  const last = raw.at(-1);
  const ranges = last === undefined ? [] : [[last.payload, last.end] as const];
  return { ...file, ranges, decode: ([bytes = new Uint8Array()]) => tensorOfRaw(at, dtype, dims, bytes) };
}

function lazy(
  dtype: TensorSource['dtype'],
  dims: readonly number[],
  byteLength: number,
  stored: StoredBytes,
): TensorSource {
  let loaded: Promise<Tensor> | undefined;
  const load = (): Promise<Tensor> => {
    if (loaded !== undefined) return loaded;
    const reading = readBytes(stored).catch((cause: unknown) => {
      loaded = undefined;
      throw asDiagnostic(cause, stored.at);
    });
    if (byteLength <= KEEP_LOADED) loaded = reading;
    return reading;
  };
  return { dtype, dims, byteLength, load, loadNow: () => readBytesNow(stored) };
}

async function readBytes({ open, ranges, decode }: StoredBytes): Promise<Tensor> {
  const source = await open();
  const bytes: Uint8Array[] = [];
  for (const [start, end] of ranges) bytes.push(await source.slice(start, end));
  return orThrow(decode(bytes));
}

function readBytesNow({ at, opened, ranges, decode }: StoredBytes): Tensor | undefined {
  const slice = opened()?.sliceNow;
  if (slice === undefined) return undefined;
  try {
    return orThrow(decode(ranges.map(([start, end]) => slice(start, end))));
  } catch (cause) {
    throw asDiagnostic(cause, at);
  }
}

function asDiagnostic(cause: unknown, at: Location): DiagnosticError {
  return cause instanceof DiagnosticError ? cause : cannotRead(at, cause);
}

function failing(
  diagnostic: Diagnostic,
  dtype: TensorSource['dtype'],
  dims: readonly number[],
  context: TensorContext,
): TensorSource {
  context.report(diagnostic);
  const load = async (): Promise<Tensor> => {
    throw new DiagnosticError(diagnostic);
  };
  return { dtype, dims, byteLength: 0, load };
}

function orThrow(result: Tensor | Diagnostic): Tensor {
  if ('code' in result) throw new DiagnosticError(result);
  return result;
}
