import { bytesInMemory, isNumericDType, type NumericDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { rawByteLength, rawOf, tensorOfRaw } from '../onnx/tensorData.ts';
import { brokenNpy, cannotWriteNpy } from './errors.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

const DTYPES: Readonly<Record<string, NumericDType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** Whether the bytes start as an .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((b, i) => bytes[i] === b);
}

/**
 * Reads an .npy file, versions 1 to 3; either byte order, C or Fortran order (the result is C order).
 *
 * @param file for messages.
 * @throws DiagnosticError DAT205.
 * @source NumPy, "NEP 1: A simple file format for NumPy arrays".
 */
export function readNpy(bytes: Uint8Array, file: string): Tensor {
  if (!isNpy(bytes)) throw brokenNpy(file, 'it does not start with \\x93NUMPY');
  const { descr, fortran, dims, dataStart } = readHeader(bytes, file);
  const dtype = DTYPES[descr.slice(1)];
  if (dtype === undefined || !/^[<>|=]/.test(descr)) {
    throw brokenNpy(file, `its type is ${descr}, of which f2 f4 f8 i1..i8 u1..u8 and b1 can be read`);
  }
  const need = rawByteLength(dtype, sizeOf(dims));
  const found = bytes.length - dataStart;
  if (found !== need) throw brokenNpy(file, `behind the header are ${found} bytes, its shape needs ${need}`);
  const width = rawByteLength(dtype, 1);
  let data = bytes.subarray(dataStart);
  if (descr.startsWith('>') && width > 1) data = swapped(data, width);
  if (fortran && dims.length > 1) data = fromFortran(data, dims, width);
  if (dtype === 'bool') data = data.map((v) => (v === 0 ? 0 : 1));
  const result = tensorOfRaw({ file }, dtype, dims, data);
  if ('severity' in result) throw brokenNpy(file, result.message);
  return result;
}

/**
 * Writes an .npy file, version 1, little-endian, C order. bfloat16 and the float8 types, which NumPy has not, become
 * float32 without loss; int4 and uint4 take a byte per element.
 *
 * @throws DiagnosticError DAT210 for strings.
 */
export function writeNpy(t: Tensor): Uint8Array {
  const { dtype, dims } = t;
  if (!isNumericDType(dtype)) throw cannotWriteNpy(dtype);
  const stored = storedType(dtype);
  const kind = Object.keys(DTYPES).find((k) => DTYPES[k] === stored) ?? 'f4';
  const order = rawByteLength(stored, 1) === 1 ? '|' : '<';
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const header = `{'descr': '${order}${kind}', 'fortran_order': False, 'shape': (${shape}), }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const data = rawOf(stored, (t as Tensor<typeof dtype>).data); // no string here
  const out = new Uint8Array(10 + padded.length + data.length);
  out.set([...MAGIC, 1, 0, padded.length & 255, padded.length >> 8]);
  out.set(new TextEncoder().encode(padded), 10);
  out.set(data, 10 + padded.length);
  return out;
}

function storedType(dtype: NumericDType): NumericDType {
  if (dtype === 'int2' || dtype === 'int4') return 'int8';
  if (dtype === 'uint2' || dtype === 'uint4') return 'uint8';
  return dtype !== 'float16' && dtype !== 'bool' && bytesInMemory(dtype) === 4 && /float/.test(dtype)
    ? 'float32'
    : dtype;
}

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly dims: readonly number[];
  readonly dataStart: number;
}

function readHeader(bytes: Uint8Array, file: string): Header {
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) throw brokenNpy(file, `its format version is ${version}; 1, 2 and 3 are known`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw brokenNpy(file, 'the file ends within its header');
  const dataStart = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (dataStart > bytes.length) throw brokenNpy(file, 'the file ends within its header');
  const text = new TextDecoder().decode(bytes.subarray(start, dataStart));
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined) throw brokenNpy(file, 'it holds records or objects, not plain numbers');
  if (order === undefined || shape === undefined) throw brokenNpy(file, `its header is ${JSON.stringify(text.trim())}`);
  const dims = shape.split(',').flatMap((d) => (d.trim() === '' ? [] : [Number.parseInt(d, 10)]));
  return { descr, fortran: order === 'True', dims, dataStart };
}

function swapped(data: Uint8Array, width: number): Uint8Array {
  const out = data.slice();
  for (let i = 0; i < out.length; i += width) out.subarray(i, i + width).reverse();
  return out;
}

/** Elements of `width` bytes from first-axis-fastest to C order. */
function fromFortran(data: Uint8Array, dims: readonly number[], width: number): Uint8Array {
  const out = new Uint8Array(data.length);
  const index = new Array<number>(dims.length).fill(0);
  const strides: number[] = [];
  let step = width;
  for (const d of dims) {
    strides.push(step);
    step *= d;
  }
  for (let to = 0; to < out.length; to += width) {
    let from = 0;
    for (let a = 0; a < dims.length; a++) from += (index[a] as number) * (strides[a] as number);
    for (let b = 0; b < width; b++) out[to + b] = data[from + b] as number;
    for (let a = dims.length - 1; a >= 0; a--) {
      index[a] = (index[a] as number) + 1;
      if ((index[a] as number) < (dims[a] as number)) break;
      index[a] = 0;
    }
  }
  return out;
}
