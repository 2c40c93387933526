import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeJpeg } from '../../src/images/jpeg/decode.ts';
import { swapRedBlue, TooManyPixels } from '../../src/images/raster.ts';

/** Files that OpenCV 4.14 and Pillow 12.3 wrote, and what `cv2.imdecode` makes of them: B G R, base64. */
interface Golden {
  readonly name: string;
  readonly size: readonly [width: number, height: number];
  readonly file: string;
  readonly pixels: string;
}

const golden: readonly Golden[] = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/jpeg.json'), 'utf8'));
const fileOf = (name: string): Uint8Array => {
  const found = golden.find((g) => g.name === name);
  expect(found).toBeDefined();
  return new Uint8Array(Buffer.from(found?.file ?? '', 'base64'));
};

/** Where a marker's data begins, behind its length. */
function dataOf(file: Uint8Array, marker: number): number {
  const at = file.findIndex((b, i) => b === 0xff && file[i + 1] === marker);
  expect(at).toBeGreaterThan(0);
  return at + 4;
}

describe('JPEG', () => {
  it.each(golden)('$name has every pixel that OpenCV reads', ({ file, size, pixels }) => {
    const { width, height, data } = decodeJpeg(new Uint8Array(Buffer.from(file, 'base64')));
    expect([width, height]).toEqual(size);
    swapRedBlue(data);
    expect(Buffer.from(data).toString('base64')).toBe(pixels);
  });

  it.each(['4:2:0', '4:2:0, progressive', 'grey'])('%s that ends anywhere within its image is an error', (name) => {
    const file = fileOf(name);
    for (let end = 2; end < file.length - 2; end++) {
      expect(() => decodeJpeg(file.subarray(0, end)), `${end} of ${file.length}`).toThrow(Error);
    }
  });

  it('whose end marker alone is missing is whole, unless more scans may follow', () => {
    const file = fileOf('4:2:0');
    expect(decodeJpeg(file.subarray(0, file.length - 2))).toEqual(decodeJpeg(file));
    const progressive = fileOf('4:2:0, progressive');
    expect(() => decodeJpeg(progressive.subarray(0, progressive.length - 2))).toThrow('ends before its image');
  });

  it('of any damage decodes or is an error, and ends', () => {
    let refused = 0;
    for (const name of ['4:2:0', '4:2:0, progressive, restarts', 'CMYK, progressive']) {
      const file = fileOf(name);
      for (let i = 2; i < file.length; i += 3) {
        const broken = file.slice();
        broken[i] = (broken[i] as number) ^ (1 << (i % 8));
        try {
          decodeJpeg(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(TypeError);
          expect(error).not.toBeInstanceOf(RangeError);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('of a kind that is not read is named', () => {
    const change = (marker: number, by: (file: Uint8Array, at: number) => void): Uint8Array => {
      const file = fileOf('4:2:0').slice();
      by(file, dataOf(file, marker));
      return file;
    };
    const frame = 0xc0;
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([12], at)))).toThrow('12 bits per sample');
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([0xc9], at - 3)))).toThrow('SOF9');
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([2], at + 5)))).toThrow('2 components');
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([0x52], at + 7)))).toThrow('sampling factors of 5 x 2');
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([0, 0], at + 1)))).toThrow('a size of 19 x 0');
    expect(() => decodeJpeg(change(frame, (f, at) => f.fill(0xff, at + 1, at + 5)))).toThrow(TooManyPixels);
    expect(() => decodeJpeg(change(0xda, (f, at) => f.set([9], at + 1)))).toThrow('names the component 9');
    expect(() => decodeJpeg(fileOf('4:2:0').subarray(0, 2))).toThrow('ends before its image');
  });

  it('without a restart marker where one is due is an error', () => {
    const file = fileOf('4:2:0, restarts').slice();
    file[dataOf(file, 0xd0) - 3] = 0xe0; // FF D0 becomes FF E0, a marker of another kind
    expect(() => decodeJpeg(file)).toThrow('a restart marker is missing');
  });
});
