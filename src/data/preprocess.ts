import { cropTooLarge } from './errors.ts';
import type { FloatImage, Image } from './image.ts';
import { type ResizeMethod, resize } from './resize.ts';

export type ImageFormat = 'BGR' | 'RGB' | 'GRAY';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What happens to a decoded image, in the order of the fields; what is left out does not happen. */
export interface PreprocessOptions {
  /** BGR, as decoded, when left out. */
  readonly format?: ImageFormat | undefined;
  /** Per channel of `format`; given together with `std`. */
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
  readonly resize?: (Size & { readonly method: ResizeMethod }) | undefined;
  readonly centerCrop?: Size | undefined;
}

/** Channels after the change of format. */
export function channelsOf(options: PreprocessOptions): 1 | 3 {
  return options.format === 'GRAY' ? 1 : 3;
}

/**
 * From pixels to what the model is fed, [H, W, C] float32: format, normalisation x * (1 / std) + (-mean / std), resize,
 * centre crop. Normalisation comes before the resize, as in converter_lite. Without it values stay 0..255.
 *
 * @param image B G R; @param file for messages.
 * @throws DiagnosticError DAT207 for a crop larger than the image.
 */
export function preprocess(image: Image, options: PreprocessOptions, file: string): FloatImage {
  let result = normalise(toFormat(image, options.format ?? 'BGR'), options);
  if (options.resize !== undefined) {
    const { width, height, method } = options.resize;
    result = resize(result, width, height, method);
  }
  return options.centerCrop === undefined ? result : centerCrop(result, options.centerCrop, file);
}

function toFormat(image: Image, format: ImageFormat): Image {
  if (format === 'BGR') return image;
  const { width, height, data } = image;
  const pixels = width * height;
  const channels = format === 'RGB' ? 3 : 1;
  const out = new Uint8Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    const b = data[3 * i] as number;
    const g = data[3 * i + 1] as number;
    const r = data[3 * i + 2] as number;
    if (format === 'RGB') {
      out[3 * i] = r;
      out[3 * i + 1] = g;
      out[3 * i + 2] = b;
    } else out[i] = (3735 * b + 19235 * g + 9798 * r + 16384) >> 15; // OpenCV 4: 0.114, 0.587, 0.299 in 1/32768
  }
  return { width, height, channels, data: out };
}

function normalise({ width, height, channels, data }: Image, { mean, std }: PreprocessOptions): FloatImage {
  const out = Float32Array.from(data);
  if (mean !== undefined && std !== undefined) {
    for (let c = 0; c < channels; c++) {
      const factor = Math.fround(1 / (std[c] as number)); // one per channel, checked with the options
      const summand = Math.fround(-(mean[c] as number) / (std[c] as number));
      for (let i = c; i < out.length; i += channels) out[i] = (out[i] as number) * factor + summand;
    }
  }
  return { width, height, channels, data: out };
}

function centerCrop(image: FloatImage, crop: Size, file: string): FloatImage {
  const { width, height, channels, data } = image;
  if (crop.width > width || crop.height > height) throw cropTooLarge(file, crop, image);
  const left = Math.floor((width - crop.width) / 2);
  const top = Math.floor((height - crop.height) / 2);
  const out = new Float32Array(crop.width * crop.height * channels);
  for (let y = 0; y < crop.height; y++) {
    const start = ((top + y) * width + left) * channels;
    out.set(data.subarray(start, start + crop.width * channels), y * crop.width * channels);
  }
  return { width: crop.width, height: crop.height, channels, data: out };
}
