import { describe, expect, it } from 'vitest';
import { decodeBmp, decodePnm } from '../../src/images/bitmap.ts';
import { formatOf } from '../../src/images/raster.ts';

const ascii = (text: string, ...pixels: readonly number[]) =>
  Uint8Array.of(...[...text].map((c) => c.charCodeAt(0)), ...pixels);

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

  it('says what is wrong with it', () => {
    const good = bmp({ width: 1, rows: 1, bits: 24, pixels: [1, 2, 3, 0] });
    expect(() => decodeBmp(good.subarray(0, 40))).toThrow('the file ends within its header');
    expect(() => decodeBmp(good.subarray(0, 56))).toThrow('the file ends within its pixels');
    expect(() => decodeBmp(bmp({ width: 1, rows: 1, bits: 4, pixels: [0] }))).toThrow('4 bits per pixel');
    expect(() => decodeBmp(bmp({ width: 1e6, rows: 1e6, bits: 24, pixels: [] }))).toThrow('1000000 x 1000000 pixels');
  });
});

describe('PNM', () => {
  it('is colour or grey, with comments in its header', () => {
    expect(decodePnm(ascii('P6\n# made by hand\n1 2\n255\n', 1, 2, 3, 4, 5, 6))).toEqual({
      width: 1,
      height: 2,
      data: Uint8Array.of(1, 2, 3, 4, 5, 6),
    });
    expect(decodePnm(ascii('P5 2 1 255\n', 7, 8)).data).toEqual(Uint8Array.of(7, 7, 7, 8, 8, 8));
  });

  it('says what is wrong with it', () => {
    expect(() => decodePnm(ascii('P6 1 1 65535\n'))).toThrow('a largest value of 65535');
    expect(() => decodePnm(ascii('P6 2 2 255\n', 1, 2, 3))).toThrow('the file ends within its pixels');
    expect(() => decodePnm(ascii('P3 1 1 255\n 1 2 3'))).toThrow('not that of a binary PGM or PPM');
    expect(() => decodePnm(ascii('P5 0 1 255\n'))).toThrow('a size of 0 x 1');
  });
});
