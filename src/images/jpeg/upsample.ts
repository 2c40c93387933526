import type { Component, Frame } from './frame.ts';

/** Gives row `y` of the image, at least its width long. Valid until the next row is asked for. */
export type RowReader = (y: number) => Uint8Array;

/**
 * The rows of a component at the size of the image. Halved ones are interpolated with the weights 3/4 and 1/4, beyond the
 * border repeated; other factors, and components of two columns or less, repeat their samples.
 *
 * @param samples [8 blocksHigh, 8 blocksWide].
 * @source libjpeg-turbo's upsampling, which OpenCV and Pillow use: the roundings alternate from sample to sample.
 */
export function rowsOf(frame: Frame, component: Component, samples: Uint8Array): RowReader {
  const { width, height, blocksWide } = component;
  const stride = 8 * blocksWide;
  const [sx, sy] = [frame.maxH / component.h, frame.maxV / component.v];
  const row = (y: number): Uint8Array => samples.subarray(y * stride, y * stride + stride);
  const out = new Uint8Array(sx * stride);
  const sums = new Int32Array(stride);
  if (sx === 1 && sy === 1) return row;
  /** Three quarters of the nearest row and one of the next, times 4. */
  const sumRows = (y: number): void => {
    const nearest = y >> 1;
    const next = Math.max(0, Math.min(height - 1, nearest + (y % 2 === 0 ? -1 : 1)));
    const [a, b] = [row(nearest), row(next)];
    for (let x = 0; x < width; x++) sums[x] = 3 * (a[x] as number) + (b[x] as number);
  };
  if (sx === 1 && sy === 2) {
    return (y) => {
      sumRows(y);
      const bias = y % 2 === 0 ? 1 : 2;
      for (let x = 0; x < width; x++) out[x] = ((sums[x] as number) + bias) >> 2;
      return out;
    };
  }
  if (sx === 2 && sy === 1 && width > 2) {
    return (y) => {
      sums.set(row(y).subarray(0, width));
      return interpolate(sums, out, { width, shift: 2, even: 1, odd: 2 });
    };
  }
  if (sx === 2 && sy === 2 && width > 2) {
    return (y) => {
      sumRows(y);
      return interpolate(sums, out, { width, shift: 4, even: 8, odd: 7 });
    };
  }
  return (y) => {
    const from = row(Math.floor(y / sy));
    for (let x = 0; x < out.length; x++) out[x] = from[Math.floor(x / sx)] as number;
    return out;
  };
}

interface Rounding {
  readonly width: number;
  readonly shift: number;
  /** What is added at even and at odd places before the shift. */
  readonly even: number;
  readonly odd: number;
}

function interpolate(sums: Int32Array, out: Uint8Array, { width, shift, even, odd }: Rounding): Uint8Array {
  for (let x = 0; x < width; x++) {
    const here = sums[x] as number;
    const before = x === 0 ? here : (sums[x - 1] as number);
    const after = x === width - 1 ? here : (sums[x + 1] as number);
    out[2 * x] = (3 * here + before + even) >> shift;
    out[2 * x + 1] = (3 * here + after + odd) >> shift;
  }
  return out;
}
