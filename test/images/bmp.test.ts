import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decode.ts';
import { decodeBmp } from '../../src/images/bmp.ts';
import { formatOf } from '../../src/images/raster.ts';

/** Files of 7 x 5 pixels that Pillow 12.3, OpenCV 4.14 or a few bytes by hand made, and what `cv2.imdecode` gives. */
const golden: readonly { readonly name: string; readonly file: string; readonly pixels: string }[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'golden/bmpPng.json'), 'utf8'),
);

it.each(golden)('$name has every pixel that OpenCV reads', ({ file, pixels }) => {
  const { width, height, data } = decodeImage(new Uint8Array(Buffer.from(file, 'base64')), 'x');
  expect([width, height]).toEqual([7, 5]);
  expect(Buffer.from(data).toString('base64')).toBe(pixels);
});

interface Bmp {
  readonly width: number;
  /** Negative where the first row comes first. */
  readonly rows: number;
  readonly bits: number;
  readonly palette?: readonly number[];
  readonly pixels: readonly number[];
}

function bmp({ width, rows, bits, palette = [], pixels }: Bmp): Uint8Array {
  const out = new Uint8Array(54 + palette.length + pixels.length);
  const view = new DataView(out.buffer);
  out.set([0x42, 0x4d]);
  view.setUint32(10, 54 + palette.length, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, rows, true);
  view.setUint16(28, bits, true);
  out.set([...palette, ...pixels], 54);
  return out;
}

describe('BMP', () => {
  const red = [0, 0, 255];
  const blue = [255, 0, 0];

  it('has blue first and its last row first, filled to four bytes', () => {
    const file = bmp({ width: 1, rows: 2, bits: 24, pixels: [...red, 0, ...blue, 0] });
    expect(formatOf(file)).toBe('bmp');
    expect(decodeBmp(file)).toEqual({ width: 1, height: 2, data: Uint8Array.of(0, 0, 255, 255, 0, 0) });
  });

  it('of negative height has its first row first; of 32 bits a byte that is not used', () => {
    const file = bmp({ width: 1, rows: -2, bits: 32, pixels: [...red, 9, ...blue, 9] });
    expect(decodeBmp(file).data).toEqual(Uint8Array.of(255, 0, 0, 0, 0, 255));
  });

  it('of 8 bits looks colours up', () => {
    const file = bmp({ width: 2, rows: 1, bits: 8, palette: [...red, 0, ...blue, 0], pixels: [1, 0, 0, 0] });
    expect(decodeBmp(file).data).toEqual(Uint8Array.of(0, 0, 255, 255, 0, 0));
  });

  it('of runs has pairs of indices in 4 bits, literal ones, leaps, and ends', () => {
    const palette = [0, 1, 2, 3].flatMap((i) => [i, i, i, 0]);
    const codes = [3, 0x12, 0, 0, 0, 3, 0x30, 0x10, 0, 2, 1, 0, 1, 0x30, 0, 1];
    const file = bmp({ width: 5, rows: 2, bits: 4, palette, pixels: codes });
    file[30] = 2;
    const grey = decodeBmp(file).data.filter((_, i) => i % 3 === 0);
    expect(Array.from(grey)).toEqual([3, 0, 1, 0, 3, 1, 2, 1, 0, 0]);
  });

  it('says what is wrong with it', () => {
    const good = bmp({ width: 1, rows: 1, bits: 24, pixels: [1, 2, 3, 0] });
    expect(() => decodeBmp(good.subarray(0, 40))).toThrow('the file ends within its header');
    expect(() => decodeBmp(good.subarray(0, 56))).toThrow('the file ends within its pixels');
    expect(() => decodeBmp(bmp({ width: 1, rows: 1, bits: 2, pixels: [0] }))).toThrow('2 bits per pixel');
    const runs = bmp({ width: 4, rows: 1, bits: 8, palette: [...red, 0], pixels: [2, 0] });
    runs[30] = 1;
    expect(() => decodeBmp(runs)).toThrow('the file ends within its pixels');
    expect(() => decodeBmp(bmp({ width: 1e6, rows: 1e6, bits: 24, pixels: [] }))).toThrow('1000000 x 1000000 pixels');
  });
});
