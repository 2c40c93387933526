import type { FloatImage } from './image.ts';

export type ResizeMethod = 'LINEAR' | 'NEAREST' | 'CUBIC';

/**
 * Resizes to exactly `width` x `height`, the aspect ratio ignored, on float32 as OpenCV does on floats: no
 * antialiasing, pixels beyond the border repeat it. LINEAR and CUBIC (a = -0.75) sample at half-pixel centres, NEAREST
 * takes the pixel floor(x * source / target).
 *
 * @source OpenCV 4 imgproc/resize: coordinates and weights in float32, rows first.
 */
export function resize(image: FloatImage, width: number, height: number, method: ResizeMethod): FloatImage {
  if (width === image.width && height === image.height) return image;
  const columns = taps(image.width, width, method);
  const rows = taps(image.height, height, method);
  return applyRows(applyColumns(image, columns, width), rows, height);
}

/** For each target position `size` source positions and their weights, flat. */
interface Taps {
  readonly size: number;
  readonly index: Int32Array;
  readonly weight: Float32Array;
}

function taps(from: number, to: number, method: ResizeMethod): Taps {
  const scale = 1 / (to / from); // OpenCV inverts the inverse
  const size = method === 'NEAREST' ? 1 : method === 'LINEAR' ? 2 : 4;
  const index = new Int32Array(to * size);
  const weight = new Float32Array(to * size);
  for (let i = 0; i < to; i++) {
    if (method === 'NEAREST') {
      index[i] = Math.min(Math.floor(i * scale), from - 1);
      weight[i] = 1;
      continue;
    }
    const x = Math.fround((i + 0.5) * scale - 0.5);
    const base = Math.floor(x);
    const t = Math.fround(x - base);
    const weights = size === 2 ? [Math.fround(1 - t), t] : cubic(t);
    const first = base - size / 2 + 1;
    for (let k = 0; k < size; k++) {
      index[i * size + k] = Math.max(0, Math.min(from - 1, first + k));
      weight[i * size + k] = weights[k] as number;
    }
  }
  return { size, index, weight };
}

/** Weights of the pixels at -1, 0, 1, 2 for the position t in [0, 1); the last one makes the sum 1. */
function cubic(t: number): readonly number[] {
  const a = -0.75;
  const x = t + 1;
  const y = 1 - t;
  const w0 = Math.fround(((a * x - 5 * a) * x + 8 * a) * x - 4 * a);
  const w1 = Math.fround(((a + 2) * t - (a + 3)) * t * t + 1);
  const w2 = Math.fround(((a + 2) * y - (a + 3)) * y * y + 1);
  return [w0, w1, w2, Math.fround(1 - w0 - w1 - w2)];
}

function applyColumns(image: FloatImage, { size, index, weight }: Taps, width: number): FloatImage {
  const { width: from, height, channels, data } = image;
  const out = new Float32Array(height * width * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * from * channels;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = x * size; k < (x + 1) * size; k++) {
          sum += (weight[k] as number) * (data[row + (index[k] as number) * channels + c] as number);
        }
        out[to++] = sum;
      }
    }
  }
  return { width, height, channels, data: out };
}

function applyRows(image: FloatImage, { size, index, weight }: Taps, height: number): FloatImage {
  const { width, channels, data } = image;
  const stride = width * channels;
  const out = new Float32Array(height * stride);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < stride; i++) {
      let sum = 0;
      for (let k = y * size; k < (y + 1) * size; k++) {
        sum += (weight[k] as number) * (data[(index[k] as number) * stride + i] as number);
      }
      out[y * stride + i] = sum;
    }
  }
  return { width, height, channels, data: out };
}
