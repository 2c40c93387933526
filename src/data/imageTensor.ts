import type { DType } from '../base/dtype.ts';
import { roundInPlace } from '../base/half.ts';
import { clamp, rint } from '../base/round.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { imageDoesNotFit } from './errors.ts';
import type { FloatImage } from './image.ts';

/** A model input that samples feed. */
export interface SampleInput {
  readonly name: string;
  readonly dtype: DType;
  /** Static. */
  readonly dims: readonly number[];
}

const IMAGE_TYPES = ['float32', 'float16', 'bfloat16', 'float64', 'uint8'] as const;
type ImageType = (typeof IMAGE_TYPES)[number];

/** For messages: the element types that images can fill. */
export const IMAGE_TYPE_LIST = `images fill ${IMAGE_TYPES.join(', ')}`;

/** Whether an input of this type can be filled from an image; uint8 is rounded and clamped to 0..255. */
export function takesImages(dtype: DType): dtype is ImageType {
  return (IMAGE_TYPES as readonly DType[]).includes(dtype);
}

/** Where the channels of a tensor [N, C, H, W] or [N, H, W, C] lie. */
export type Layout = 'NCHW' | 'NHWC';

/** Where the channels of an image input lie, and its size. */
export interface ImageLayout {
  readonly order: Layout;
  readonly width: number;
  readonly height: number;
}

/** The layout of dims [N, C, H, W] or, where only the last axis equals `channels`, [N, H, W, C]; else undefined. */
export function imageLayout(dims: readonly number[], channels: number): ImageLayout | undefined {
  const [, a, b, c] = dims;
  if (dims.length !== 4 || a === undefined || b === undefined || c === undefined) return undefined;
  if (a === channels) return { order: 'NCHW', height: b, width: c };
  if (c === channels) return { order: 'NHWC', height: a, width: b };
  return undefined;
}

/**
 * An image [H, W, C] as the model's input [1, C, H, W] or [1, H, W, C].
 *
 * @param file for messages.
 * @throws DiagnosticError DAT208 where sizes differ.
 */
export function imageTensor(
  image: FloatImage,
  input: SampleInput & { readonly dtype: ImageType },
  file: string,
): Tensor {
  const { width, height, channels, data } = image;
  const layout = imageLayout(input.dims, channels);
  if (layout === undefined || layout.width !== width || layout.height !== height) {
    throw imageDoesNotFit(file, input.name, [height, width, channels], input.dims);
  }
  const ordered = layout.order === 'NHWC' ? data : channelsFirst(data, new Float32Array(data.length), 1, channels);
  switch (input.dtype) {
    case 'float32':
      return tensor('float32', input.dims, ordered);
    case 'float64':
      return tensor('float64', input.dims, Float64Array.from(ordered));
    case 'uint8':
      return tensor(
        'uint8',
        input.dims,
        Uint8Array.from(ordered, (x) => clamp(rint(x), 0, 255)),
      );
    default:
      roundInPlace(input.dtype, ordered);
      return tensor(input.dtype, input.dims, ordered);
  }
}

interface Elements {
  readonly length: number;
  [i: number]: number | bigint;
}

/** [N, ..., C] to [N, C, ...], written into `out`, which it returns. */
export function channelsFirst<T extends Elements>(data: T, out: T, batch: number, channels: number): T {
  return swapped(data, out, { batch, rows: data.length / batch / channels, columns: channels });
}

/** [N, C, ...] to [N, ..., C], written into `out`, which it returns. */
export function channelsLast<T extends Elements>(data: T, out: T, batch: number, channels: number): T {
  return swapped(data, out, { batch, rows: channels, columns: data.length / batch / channels });
}

/** [batch, rows, columns] to [batch, columns, rows]. */
function swapped<T extends Elements>(
  data: T,
  out: T,
  { batch, rows, columns }: { readonly batch: number; readonly rows: number; readonly columns: number },
): T {
  let to = 0;
  for (let n = 0; n < batch; n++) {
    const start = n * rows * columns;
    for (let c = 0; c < columns; c++) {
      for (let r = 0; r < rows; r++) out[to++] = data[start + r * columns + c] as number | bigint;
    }
  }
  return out;
}
