import { clamp } from '../../base/round.ts';
import type { Frame } from './frame.ts';
import type { RowReader } from './upsample.ts';

/** What the components are: grey, or colours directly or as luminance and two differences; K is black, inverted. */
export type ColorSpace = 'grey' | 'RGB' | 'YCbCr' | 'CMYK' | 'YCCK';

/**
 * The colour space of a frame.
 *
 * @param adobe the transform that an Adobe segment states; undefined without one.
 * @source what libjpeg assumes: JFIF is YCbCr, Adobe says, and else the names of the components tell.
 */
export function colorSpaceOf({ components }: Frame, isJfif: boolean, adobe: number | undefined): ColorSpace {
  if (components.length === 1) return 'grey';
  if (components.length === 4) return adobe === 2 ? 'YCCK' : 'CMYK';
  if (isJfif) return 'YCbCr';
  if (adobe !== undefined) return adobe === 0 ? 'RGB' : 'YCbCr';
  return String.fromCharCode(...components.map((c) => c.id)) === 'RGB' ? 'RGB' : 'YCbCr';
}

/** Writes a row of the image as R, G, B; returns where the next begins. */
export type RowWriter = (y: number, out: Uint8Array, at: number) => number;

export function rowWriter(space: ColorSpace, rows: readonly RowReader[], width: number): RowWriter {
  const planes = (y: number): readonly Uint8Array[] => rows.map((row) => row(y));
  const line = new Uint8Array(3 * width);
  return (y, out, at) => {
    const [a = line, b = line, c = line, black] = planes(y);
    if (space === 'YCbCr' || space === 'YCCK') fromYcc(a, b, c, line);
    else for (let x = 0; x < width; x++) line.set([a[x] as number, b[x] as number, c[x] as number], 3 * x);
    if (space === 'grey') for (let x = 0; x < width; x++) line.fill(a[x] as number, 3 * x, 3 * x + 3);
    if (black !== undefined) blacken(line, black, space === 'YCCK');
    out.set(line, at);
    return at + line.length;
  };
}

/**
 * Y, Cb, Cr to R, G, B.
 *
 * @source ITU-R BT.601 as JFIF has it: 1.402, 0.34414, 0.71414, 1.772 in 1 / 65536, each product rounded half up, those
 * of green together.
 */
function fromYcc(ys: Uint8Array, cbs: Uint8Array, crs: Uint8Array, out: Uint8Array): void {
  for (let x = 0, to = 0; to < out.length; x++) {
    const y = ys[x] as number;
    const cb = (cbs[x] as number) - 128;
    const cr = (crs[x] as number) - 128;
    out[to++] = level(y + ((91881 * cr + 32768) >> 16));
    out[to++] = level(y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
    out[to++] = level(y + ((116130 * cb + 32768) >> 16));
  }
}

/** Colours times black; both are stored inverted, those behind a YCC transform are not. @source OpenCV's CMYK reading. */
function blacken(rgb: Uint8Array, black: Uint8Array, isTransformed: boolean): void {
  for (let i = 0; i < rgb.length; i++) {
    const k = black[Math.floor(i / 3)] as number;
    const c = isTransformed ? 255 - (rgb[i] as number) : (rgb[i] as number);
    rgb[i] = k - (((255 - c) * k) >> 8);
  }
}

function level(x: number): number {
  return clamp(x, 0, 255);
}
