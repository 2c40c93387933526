import { bitsInFile, isNumericDType, newArray } from '../base/dtype.ts';
import { sameDims, sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { rawByteLength, tensorOfRaw } from '../onnx/tensorData.ts';
import { cannotReadFile, wrongArray, wrongByteCount, wrongSampleType } from './errors.ts';
import { channelsFirst, channelsLast, type Layout, type SampleInput } from './imageTensor.ts';
import { isNpy, readNpy } from './npy.ts';
import { isNpz, readNpz } from './npz.ts';

/** Fewer pixels are not taken for the height or width of an image. */
const LEAST_PIXELS = 8;

/** How the model holds an input of four dimensions: NCHW, unless its dims are those of an image [N, H, W, 1, 3 or 4]. */
export function layoutOf([, height = 0, width = 0, channels = 0]: readonly number[]): Layout {
  return [1, 3, 4].includes(channels) && Math.min(height, width) >= LEAST_PIXELS ? 'NHWC' : 'NCHW';
}

/**
 * One input from a file: raw little-endian elements of the input's type, exactly as many as it has, or an .npy array
 * of its type and shape (leading dimensions of 1 may lack), or such an array of the input's name in an .npz file. Where
 * `layout` is not that of an input of four dimensions, the file is transposed.
 *
 * @throws DiagnosticError DAT204, DAT205, DAT206, DAT211, DAT213, DAT214.
 */
export function readBin(bytes: Uint8Array, input: SampleInput, layout: Layout, file: string): Tensor {
  const { dtype, dims } = input;
  if (!isNumericDType(dtype) || bitsInFile(dtype) < 8) throw wrongSampleType(file, input.name, dtype);
  const [a = 1, b = 1, c = 1, d = 1] = dims;
  const swap = dims.length === 4 && layout !== layoutOf(dims);
  const stored = !swap ? dims : layout === 'NHWC' ? [a, c, d, b] : [a, d, b, c];
  const found = arrayOf(bytes, { ...input, dims: stored }, file);
  if (found.dtype !== dtype || !sameDims(withoutOnes(found.dims), withoutOnes(stored))) {
    throw wrongArray(file, found, { ...input, dims: stored });
  }
  const data = found.data as ReturnType<typeof newArray<typeof dtype>>; // the types are equal
  if (!swap) return tensor(dtype, dims, data);
  const reorder = layout === 'NHWC' ? channelsFirst : channelsLast;
  return tensor(dtype, dims, reorder(data, newArray(dtype, data.length), a, layout === 'NHWC' ? b : d));
}

function arrayOf(bytes: Uint8Array, input: SampleInput, file: string): Tensor {
  if (isNpy(bytes)) return readNpy(bytes, file);
  return isNpz(bytes) ? readNpz(bytes, input.name, file) : fromRaw(bytes, input, file);
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
