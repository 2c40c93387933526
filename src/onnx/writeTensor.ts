import type { NumericArray, NumericDType, StoredDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { hasDType, type Tensor } from '../base/tensor.ts';
import type { TensorSource } from '../graph/model.ts';
import { field, type Part } from './parts.ts';
import { encode } from './proto/codec.ts';
import { EXTERNAL, HEAVY, tensorProto } from './proto/schema.ts';
import { dataTypeOf, rawByteLength, rawOf } from './tensorData.ts';

/** Collects tensors for an external data file, in the order they come. */
export interface ExternalSink {
  readonly location: string;
  /** Least bytes of a tensor that goes there. */
  readonly minBytes: number;
  readonly parts: Part[];
  byteLength: number;
}

const PAGE = 4096;

/**
 * The TensorProto of a source: data as raw_data, loaded when written; strings (loaded now) as string_data.
 *
 * @param external where tensors of `minBytes` and more go; undefined keeps all inside.
 */
export async function tensorParts(
  name: string,
  source: TensorSource,
  external: ExternalSink | undefined,
): Promise<Part[]> {
  const { dtype, dims } = source;
  if (dtype === 'string') return stringParts(name, await source.load());
  const byteLength = rawByteLength(dtype, sizeOf(dims));
  const data: Part = { byteLength, load: async () => rawOfTensor(await source.load()) };
  const header = { dims, dataType: dataTypeOf(dtype), ...(name !== '' && { name }) };
  if (external === undefined || byteLength < external.minBytes) {
    return [encode(tensorProto, header), ...field(HEAVY.tensor.raw, [data])];
  }
  const padding = (PAGE - (external.byteLength % PAGE)) % PAGE;
  const offset = external.byteLength + padding;
  external.parts.push(new Uint8Array(padding), data);
  external.byteLength = offset + byteLength;
  const externalData = [
    { key: 'location', value: external.location },
    { key: 'offset', value: String(offset) },
    { key: 'length', value: String(byteLength) },
  ];
  return [encode(tensorProto, { ...header, externalData, dataLocation: EXTERNAL })];
}

/** One TensorProto as a file of its own, as in ONNX's backend tests. */
export function writeTensorProto(name: string, tensor: Tensor): Uint8Array {
  if (hasDType(tensor, 'string')) return joined(stringParts(name, tensor));
  const header = { dims: tensor.dims, dataType: dataTypeOf(tensor.dtype as StoredDType), name }; // a TensorProto holds no others
  return joined([encode(tensorProto, header), ...field(HEAVY.tensor.raw, [rawOfTensor(tensor)])] as Uint8Array[]);
}

function rawOfTensor({ dtype, data }: Tensor): Uint8Array {
  return rawOf(dtype as NumericDType, data as NumericArray); // callers handle strings themselves
}

function stringParts(name: string, tensor: Tensor): Uint8Array[] {
  const encoder = new TextEncoder();
  const strings = (tensor.data as readonly string[]).flatMap((s) => field(HEAVY.tensor.strings, [encoder.encode(s)]));
  const header = { dims: tensor.dims, dataType: dataTypeOf('string'), ...(name !== '' && { name }) };
  return [encode(tensorProto, header), ...strings] as Uint8Array[]; // field() of arrays gives arrays
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
