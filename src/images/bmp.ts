import { checkSize, type Raster } from './raster.ts';

interface Header {
  readonly width: number;
  readonly height: number;
  /** The last row comes first. */
  readonly isUpward: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Byte offsets. */
  readonly palette: number;
  readonly pixels: number;
}

/** BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS. */
const PLAIN = 0;
const RLE8 = 1;
const RLE4 = 2;
const MASKS = 3;

/**
 * Decodes a BMP of 1, 4 or 8 bits per pixel (by palette, also run-length coded), 16, 24 or 32 (also with masks).
 *
 * @throws TooManyPixels, or Error with the reason where it is of another kind or ends early.
 * @source the bitmap storage of Windows: BITMAPFILEHEADER, BITMAPINFOHEADER and the headers that begin as it does.
 */
export function decodeBmp(bytes: Uint8Array): Raster {
  const header = readHeader(bytes);
  const { width, height, bits, compression } = header;
  const data = new Uint8Array(3 * width * height);
  if (bits <= 8) {
    const indices = compression === PLAIN ? indicesOf(bytes, header) : unpackedRuns(bytes, header);
    for (let i = 0; i < indices.length; i++) copyBgr(bytes, header.palette + 4 * (indices[i] as number), data, 3 * i);
    return { width, height, data };
  }
  const masked = bits === 24 ? undefined : channelsOf(bytes, header);
  eachRow(header, (row, y) => {
    for (let x = 0, to = 3 * width * y; x < width; x++, to += 3) {
      if (masked === undefined) copyBgr(bytes, row + 3 * x, data, to);
      else data.set(masked(row + (bits / 8) * x), to);
    }
  });
  return { width, height, data };
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 54) throw new Error('the file ends within its header');
  const view = viewOf(bytes);
  const [pixels, headerSize] = [view.getUint32(10, true), view.getUint32(14, true)];
  const [width, rows, bits] = [view.getInt32(18, true), view.getInt32(22, true), view.getUint16(28, true)];
  const compression = view.getUint32(30, true);
  const kinds: Readonly<Record<number, readonly number[]>> = {
    1: [PLAIN],
    4: [PLAIN, RLE4],
    8: [PLAIN, RLE8],
    16: [PLAIN, MASKS],
    24: [PLAIN],
    32: [PLAIN, MASKS],
  };
  if (headerSize < 40 || kinds[bits]?.includes(compression) !== true) {
    throw new Error(`${bits} bits per pixel with compression ${compression} are not supported`);
  }
  const height = Math.abs(rows);
  checkSize(width, height);
  const isRuns = compression === RLE8 || compression === RLE4;
  if (!isRuns && pixels + strideOf(width, bits) * height > bytes.length)
    throw new Error('the file ends within its pixels');
  return { width, height, isUpward: rows > 0, bits, compression, palette: 14 + headerSize, pixels };
}

/** Rows are filled up to four bytes. */
function strideOf(width: number, bits: number): number {
  return Math.ceil((width * bits) / 32) * 4;
}

function eachRow(header: Header, use: (offset: number, y: number) => void): void {
  const { width, height, bits, isUpward, pixels } = header;
  for (let i = 0; i < height; i++) use(pixels + strideOf(width, bits) * i, isUpward ? height - 1 - i : i);
}

function indicesOf(bytes: Uint8Array, header: Header): Uint8Array {
  const { width, height, bits } = header;
  const indices = new Uint8Array(width * height);
  const most = (1 << bits) - 1;
  eachRow(header, (row, y) => {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      indices[y * width + x] = ((bytes[row + (bit >> 3)] as number) >> (8 - bits - (bit & 7))) & most;
    }
  });
  return indices;
}

/** Runs of one index (RLE4: of two in turn), literal ones, and leaps over pixels, which stay 0. */
function unpackedRuns(bytes: Uint8Array, { width, height, bits, isUpward, pixels }: Header): Uint8Array {
  const indices = new Uint8Array(width * height);
  const perByte = 8 / bits;
  let [x, row, at] = [0, 0, pixels];
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('the file ends within its pixels');
    return byte;
  };
  const put = (index: number): void => {
    if (x < width && row < height) indices[(isUpward ? height - 1 - row : row) * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number): number => (bits === 8 ? byte : i % 2 === 0 ? byte >> 4 : byte & 15);
  while (row < height) {
    const [count, value] = [next(), next()];
    if (count > 0) for (let i = 0; i < count; i++) put(nibble(value, i));
    else if (value === 0) [x, row] = [0, row + 1];
    else if (value === 1) break;
    else if (value === 2) [x, row] = [x + next(), row + next()];
    else {
      const start = at;
      for (let i = 0; i < value; i++) put(nibble(bytes[start + Math.floor(i / perByte)] ?? next(), i));
      at = start + 2 * Math.ceil(value / perByte / 2); // filled up to two bytes
    }
  }
  return indices;
}

/** Reads red, green and blue at an offset by their masks; of fewer than 8 bits, the upper ones of a byte. */
function channelsOf(bytes: Uint8Array, { bits, compression }: Header): (at: number) => readonly number[] {
  const view = viewOf(bytes);
  const usual = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const masks = compression === MASKS ? [54, 58, 62].map((at) => view.getUint32(at, true)) : usual;
  const places = masks.map((mask) => {
    if (mask === 0) throw new Error('a mask of its colours is empty');
    const low = 31 - Math.clz32(mask & -mask);
    return { low, high: 32 - Math.clz32(mask) - low, mask };
  });
  return (at) => {
    const value = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
    return places.map(({ low, high, mask }) => {
      const part = (value & mask) >>> low;
      return high > 8 ? part >>> (high - 8) : part << (8 - high);
    });
  };
}

function copyBgr(from: Uint8Array, at: number, to: Uint8Array, start: number): void {
  for (let c = 0; c < 3; c++) to[start + c] = from[at + 2 - c] ?? 0;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
