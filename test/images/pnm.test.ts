import { describe, expect, it } from 'vitest';
import { decodePnm } from '../../src/images/pnm.ts';

const ascii = (text: string, ...pixels: readonly number[]) =>
  Uint8Array.of(...[...text].map((c) => c.charCodeAt(0)), ...pixels);

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
