import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/data/decode.ts';
import { oriented } from '../../src/data/image.ts';
import { exifOrientation } from '../../src/images/exif.ts';

const bgr = (bytes: Uint8Array) => Array.from(decodeImage(bytes, 'x.png').data);

describe('PNG', () => {
  test('is B G R without alpha', () => {
    const data = Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 0);
    const image = decodeImage(encodePng({ width: 2, height: 1, data, channels: 4 }), 'x.png');
    expect(image).toEqual({ width: 2, height: 1, channels: 3, data: Uint8Array.of(3, 2, 1, 6, 5, 4) });
  });

  test('of grey, with and without alpha, has three equal channels', () => {
    expect(bgr(encodePng({ width: 2, height: 1, data: Uint8Array.of(7, 200), channels: 1 }))).toEqual([
      7, 7, 7, 200, 200, 200,
    ]);
    expect(bgr(encodePng({ width: 1, height: 1, data: Uint8Array.of(7, 9), channels: 2 }))).toEqual([7, 7, 7]);
  });

  test('of 16 bits keeps the upper byte', () => {
    const data = Uint16Array.of(0x12ff, 0x8000, 0xffff);
    expect(bgr(encodePng({ width: 1, height: 1, data, channels: 3, depth: 16 }))).toEqual([0xff, 0x80, 0x12]);
  });

  test('of 1 bit spreads over 0 to 255, rows start on bytes', () => {
    const data = Uint8Array.of(0b10100000, 0b01000000);
    const grey = bgr(encodePng({ width: 3, height: 2, data, channels: 1, depth: 1 })).filter((_, i) => i % 3 === 0);
    expect(grey).toEqual([255, 0, 255, 0, 255, 0]);
  });

  test('of a palette has its colours', () => {
    const data = Uint8Array.of(1, 0);
    const palette = [
      [10, 20, 30],
      [40, 50, 60],
    ];
    expect(bgr(encodePng({ width: 2, height: 1, data, channels: 1, palette }))).toEqual([60, 50, 40, 30, 20, 10]);
  });

  test('that is damaged or huge is an error that names the file', () => {
    const good = encodePng({ width: 4, height: 4, data: new Uint8Array(48).fill(9), channels: 3 });
    const flipped = good.slice();
    flipped[45] = (flipped[45] as number) ^ 0xff;
    expect(() => decodeImage(flipped, 'a/bad.png')).toThrow(/^DAT202 a\/bad\.png: the PNG image cannot be decoded/);
    expect(() => decodeImage(good.subarray(0, good.length - 20), 'bad.png')).toThrow(/DAT202/);
    expect(() => decodeImage(good.subarray(0, 20), 'bad.png')).toThrow(/DAT202/);
    const huge = good.slice();
    new DataView(huge.buffer).setUint32(16, 100_000);
    new DataView(huge.buffer).setUint32(20, 100_000);
    expect(() => decodeImage(huge, 'bad.png')).toThrow(/DAT203 .*100000 x 100000/);
  });
});

/** Left half red, right half blue; upper rows dark. 16 x 8. */
function sampleJpeg(orientation?: number): Uint8Array {
  const data = Buffer.alloc(16 * 8 * 4);
  for (let i = 0; i < 128; i++) data.set(i % 16 < 8 ? [250, 0, 0, 255] : [0, 0, 250, 255], 4 * i);
  const jpeg = new Uint8Array(encodeJpeg({ width: 16, height: 8, data }, 100).data);
  if (orientation === undefined) return jpeg;
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const segment = [0xff, 0xe1, 0, tiff.length + 8, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  return Uint8Array.from([...jpeg.subarray(0, 2), ...segment, ...jpeg.subarray(2)]);
}

describe('JPEG', () => {
  test('is B G R', () => {
    const { width, height, data } = decodeImage(sampleJpeg(), 'x.jpg');
    expect([width, height]).toEqual([16, 8]);
    const near = (at: number) => Array.from(data.subarray(3 * at, 3 * at + 3), (x) => 50 * Math.round(x / 50));
    expect([near(2), near(13)]).toEqual([
      [0, 0, 250],
      [250, 0, 0],
    ]);
  });

  test('is turned as Exif says: 6 is 90 degrees clockwise', () => {
    const { width, height, data } = decodeImage(sampleJpeg(6), 'x.jpg');
    expect([width, height]).toEqual([8, 16]);
    expect(data[2]).toBeGreaterThan(200); // red, once left, is on top
    expect(data[3 * 8 * 15]).toBeGreaterThan(200);
  });

  test('cut short is an error that names the file', () => {
    const bytes = sampleJpeg();
    expect(() => decodeImage(bytes.subarray(0, bytes.length - 40), 'cut.jpg')).toThrow(/^DAT202 cut\.jpg: the JPEG/);
  });
});

test('a PNG with Exif in its eXIf chunk is turned, as OpenCV turns it', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAcSURBVHicY2RgYFBhF1dhF2dhMBJnYBdnYBcHAAo1AQ/etOezAAAAAElFTkSuQmCC',
    'base64',
  );
  const { width, height, data } = decodeImage(png, 'x.png');
  expect([width, height]).toEqual([2, 3]);
  expect(Buffer.from(data).toString('base64')).toBe('FzIAAAAALjkkFwckRUBILg5I');
});

test('a BMP is B G R', () => {
  const file = Buffer.alloc(58);
  file.write('BM');
  for (const [at, value] of [
    [10, 54],
    [14, 40],
    [18, 1],
    [22, 1],
  ] as const)
    file.writeUInt32LE(value, at);
  file.writeUInt16LE(24, 28);
  file.set([1, 2, 3], 54);
  expect(decodeImage(file, 'x.bmp')).toEqual({ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) });
  expect(() => decodeImage(file.subarray(0, 50), 'cut.bmp')).toThrow(/^DAT202 cut\.bmp: the BMP image cannot/);
});

test('Exif that lies about its lengths is no orientation', () => {
  const bytes = sampleJpeg(6);
  expect(exifOrientation(bytes)).toBe(6);
  for (let i = 2; i < 34; i++) expect(exifOrientation(bytes.subarray(0, i))).toBe(1);
  for (let i = 2; i < 44; i++) {
    const broken = bytes.slice();
    broken[i] = 0xff;
    expect(exifOrientation(broken)).toBeGreaterThanOrEqual(1);
  }
});

test.each([
  [1, [1, 2, 3, 4, 5, 6], 3],
  [2, [3, 2, 1, 6, 5, 4], 3],
  [3, [6, 5, 4, 3, 2, 1], 3],
  [4, [4, 5, 6, 1, 2, 3], 3],
  [5, [1, 4, 2, 5, 3, 6], 2],
  [6, [4, 1, 5, 2, 6, 3], 2],
  [7, [6, 3, 5, 2, 4, 1], 2],
  [8, [3, 6, 2, 5, 1, 4], 2],
])('orientation %i of [[1, 2, 3], [4, 5, 6]]', (orientation, expected, width) => {
  const image = oriented({ width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }, orientation);
  expect([image.width, Array.from(image.data)]).toEqual([width, expected]);
});

test.each([
  ['', 'an empty file'],
  ['GIF89a..', 'a GIF image'],
  ['RIFF....', 'a RIFF file that is no WebP'],
  ['hello', 'a file that starts with 68 65 6c 6c'],
])('%j is told as %s', (start, what) => {
  expect(() => decodeImage(Buffer.from(start), 'photo.jpg')).toThrow(`DAT201 photo.jpg: this is ${what}`);
});
