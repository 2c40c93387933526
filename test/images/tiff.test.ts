import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/images/raster.ts';
import { decodeTiff } from '../../src/images/tiff.ts';

/** A TIFF of one directory; `fields` are tag and short, `pixels` follow in one strip. */
function tiff(little: boolean, fields: Readonly<Record<number, number>>, pixels: readonly number[]): Uint8Array {
  const entries = Object.entries({ ...fields, 273: 0, 279: pixels.length }).map(
    ([tag, v]) => [Number(tag), v] as const,
  );
  const start = 10 + 12 * entries.length;
  const out = new Uint8Array(start + pixels.length);
  const view = new DataView(out.buffer);
  out.set(little ? [0x49, 0x49, 0x2a, 0] : [0x4d, 0x4d, 0, 0x2a]);
  view.setUint32(4, 8, little);
  view.setUint16(8, entries.length, little);
  entries.forEach(([tag, value], i) => {
    const at = 10 + 12 * i;
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, 3, little);
    view.setUint32(at + 4, 1, little);
    view.setUint16(at + 8, tag === 273 ? start : value, little);
  });
  out.set(pixels, start);
  return out;
}

const GREY = { 256: 2, 257: 1, 258: 8, 259: 1, 262: 1, 277: 1 };
const COLOUR = { 256: 1, 257: 2, 258: 8, 259: 1, 262: 2, 277: 4 };

describe('TIFF', () => {
  it.each([true, false])('is grey or colour, little-endian: %s', (little) => {
    expect(formatOf(tiff(little, GREY, [7, 9]))).toBe('tiff');
    expect(decodeTiff(tiff(little, GREY, [7, 9]))).toEqual({
      width: 2,
      height: 1,
      data: Uint8Array.of(7, 7, 7, 9, 9, 9),
    });
    expect(decodeTiff(tiff(little, COLOUR, [1, 2, 3, 255, 4, 5, 6, 255])).data).toEqual(
      Uint8Array.of(1, 2, 3, 4, 5, 6),
    );
  });

  it('says what is wrong with it', () => {
    expect(() => decodeTiff(tiff(true, { ...GREY, 259: 5 }, [1, 2]))).toThrow('compression 5');
    expect(() => decodeTiff(tiff(true, { ...GREY, 258: 16 }, [1, 2]))).toThrow('only 8 bits');
    expect(() => decodeTiff(tiff(true, { ...GREY, 256: 0 }, []))).toThrow('a size of 0 x 1');
    expect(() => decodeTiff(tiff(true, GREY, [1]))).toThrow('the file ends within its pixels');
    expect(() => decodeTiff(tiff(true, GREY, [1, 2]).subarray(0, 60))).toThrow('the file ends within its directory');
  });
});
