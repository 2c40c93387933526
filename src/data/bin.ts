import { bitsInFile, isNumericDType, newArray } from '../base/dtype.ts';
import { sameDims, sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { rawByteLength, tensorOfRaw } from '../onnx/tensorData.ts';
import { cannotReadFile, wrongArray, wrongByteCount, wrongSampleType } from './errors.ts';
import { channelsFirst, type SampleInput } from './imageTensor.ts';
import { isNpy, readNpy } from './npy.ts';

/** How the files hold inputs of four dimensions; others lie as the model has them. */
export type BinLayout = 'NCHW' | 'NHWC';

/**
 * One input from a file: raw little-endian elements of the input's type, exactly as many as it has, or an .npy array
 * of its type and shape (leading dimensions of 1 may lack). With `layout` NHWC the file of an input [N, C, H, W] is
 * [N, H, W, C] and is transposed.
 *
 * @throws DiagnosticError DAT204, DAT205, DAT206, DAT211.
 */
export function readBin(bytes: Uint8Array, input: SampleInput, layout: BinLayout, file: string): Tensor {
  const { dtype } = input;
  if (!isNumericDType(dtype) || bitsInFile(dtype) < 8) throw wrongSampleType(file, input.name, dtype);
  const [n = 1, c = 1, h = 1, w = 1] = input.dims;
  const swap = layout === 'NHWC' && input.dims.length === 4;
  const stored = swap ? [n, h, w, c] : input.dims;
  const found = isNpy(bytes) ? readNpy(bytes, file) : fromRaw(bytes, { ...input, dims: stored }, file);
  if (found.dtype !== dtype || !sameDims(withoutOnes(found.dims), withoutOnes(stored))) {
    throw wrongArray(file, found, { ...input, dims: stored });
  }
  const data = found.data as ReturnType<typeof newArray<typeof dtype>>; // the types are equal
  if (!swap) return tensor(dtype, input.dims, data);
  return tensor(dtype, input.dims, channelsFirst(data, newArray(dtype, data.length), n, c));
}

function fromRaw(bytes: Uint8Array, input: SampleInput, file: string): Tensor {
  const { dtype, dims } = input;
  if (!isNumericDType(dtype)) throw wrongSampleType(file, input.name, dtype);
  const need = rawByteLength(dtype, sizeOf(dims));
  if (bytes.length !== need) throw wrongByteCount(file, bytes.length, need, input);
  const result = tensorOfRaw({ file }, dtype, dims, bytes);
  if ('severity' in result) throw cannotReadFile(file, new Error(result.message));
  return result;
}

function withoutOnes(dims: readonly number[]): readonly number[] {
  const first = dims.findIndex((d) => d !== 1);
  return first < 0 ? [] : dims.slice(first);
}
