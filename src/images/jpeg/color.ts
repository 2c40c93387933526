import { clamp } from '../../base/round.ts';
import type { Frame } from './frame.ts';
import type { RowReader } from './upsample.ts';

/** What the components are: grey, or colours, directly or as luminance and two differences; K is black. */
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

/** @param rows of the components, in their order. */
export function rowWriter(space: ColorSpace, rows: readonly RowReader[], width: number): RowWriter {
  const line = new Uint8Array(3 * width);
  return (y, out, at) => {
    const [a = line, b = a, c = a, black = a] = rows.map((row) => row(y)); // grey has one, for all three colours
    if (space === 'YCbCr' || space === 'YCCK') fromYcc(a, b, c, line);
    else interleave(a, b, c, line);
    if (space === 'YCCK') for (let i = 0; i < line.length; i++) line[i] = 255 - (line[i] as number);
    if (space === 'YCCK' || space === 'CMYK') blacken(line, black);
    out.set(line, at);
    return at + line.length;
  };
}

function interleave(red: Uint8Array, green: Uint8Array, blue: Uint8Array, out: Uint8Array): void {
  for (let x = 0, to = 0; to < out.length; x++) {
    out[to++] = red[x] as number;
    out[to++] = green[x] as number;
    out[to++] = blue[x] as number;
  }
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

/** Colours times black; all are stored inverted, as Adobe does. @source OpenCV's reading of CMYK. */
function blacken(colours: Uint8Array, black: Uint8Array): void {
  for (let i = 0; i < colours.length; i++) {
    const k = black[Math.floor(i / 3)] as number;
    colours[i] = k - (((255 - (colours[i] as number)) * k) >> 8);
  }
}

function level(x: number): number {
  return clamp(x, 0, 255);
}
