import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeJpeg } from '../../src/images/jpeg.ts';
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

const isRead = ({ name }: Golden): boolean => !/CMYK|YCCK/.test(name);

describe('JPEG', () => {
  it.each(golden.filter(isRead))('$name has every pixel that OpenCV reads', ({ file, size, pixels }) => {
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

  it.each(['4:2:0', '4:2:0, progressive'])('%s whose end marker is missing is an error', (name) => {
    expect(() => decodeJpeg(fileOf(name).slice(0, -2))).toThrow('ends before its image does');
  });

  it('with bytes that belong to nothing before its end is whole', () => {
    const file = fileOf('4:2:0');
    const padded = Uint8Array.from([...file.subarray(0, -2), 0, 0, 0, ...file.subarray(-2)]);
    expect(decodeJpeg(padded)).toEqual(decodeJpeg(file));
  });

  it('whose data ends before its pixels is an error, although its end marker is there', () => {
    const file = fileOf('4:2:0');
    const short = Uint8Array.from([...file.subarray(0, -40), 0xff, 0xd9]);
    expect(() => decodeJpeg(short)).toThrow('libjpeg says "Corrupt JPEG data: premature end of data segment"');
  });

  it('that is damaged leaves the next one as it was', () => {
    const file = fileOf('4:2:0');
    const { data } = decodeJpeg(file);
    const broken = file.slice();
    broken.fill(0x5a, dataOf(file, 0xc4), dataOf(file, 0xc4) + 20);
    expect(() => decodeJpeg(broken)).toThrow('libjpeg says');
    expect(decodeJpeg(file).data).toEqual(data);
  });

  it('of any damage decodes or is an error, and ends', () => {
    let refused = 0;
    for (const name of ['4:2:0', '4:2:0, progressive, restarts', 'RGB']) {
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
    const kind = (code: number): Uint8Array => change(frame, (f, at) => f.set([code], at - 3));
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([12], at)))).toThrow('12 bits per sample');
    expect(() => decodeJpeg(kind(0xc3))).toThrow('it is lossless (SOF3), which is not read: save it as');
    expect(() => decodeJpeg(kind(0xc5))).toThrow('hierarchical (SOF5)');
    expect(() => decodeJpeg(kind(0xc9))).toThrow('arithmetic (SOF9)');
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([2], at + 5)))).toThrow('2 components');
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([0x52], at + 7)))).toThrow('sampling factors');
    expect(() => decodeJpeg(change(frame, (f, at) => f.set([0, 0], at + 1)))).toThrow('a size of 19 x 0');
    expect(() => decodeJpeg(change(frame, (f, at) => f.fill(0xff, at + 1, at + 5)))).toThrow(TooManyPixels);
    expect(() => decodeJpeg(change(0xda, (f, at) => f.set([9], at + 1)))).toThrow('Invalid component ID 9');
    expect(() => decodeJpeg(fileOf('4:2:0').subarray(0, 2))).toThrow('ends before its image does');
  });

  it.each(['CMYK, progressive', 'YCCK, progressive'])('%s is refused with what to do', (name) => {
    expect(() => decodeJpeg(fileOf(name))).toThrow('it is CMYK or YCCK, which is not read: save it as');
  });

  it('without a restart marker where one is due is an error', () => {
    const file = fileOf('4:2:0, restarts').slice();
    file[dataOf(file, 0xd0) - 3] = 0xd5; // the sixth where the first is due
    expect(() => decodeJpeg(file)).toThrow('found marker 0xd5 instead of RST0');
  });
});
