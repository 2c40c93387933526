/** Pixels of 8 bits, [height, width, 3] in C order: red, green, blue. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'bmp' | 'pnm' | 'tiff';

/** For messages: the formats that are decoded. */
export const IMAGE_FORMAT_LIST = 'JPEG, PNG, WebP, BMP, binary PGM or PPM, uncompressed TIFF';

/** Larger images are refused before their pixels take memory. */
export const MAX_PIXELS = 100e6;

/** An image of more pixels than {@link MAX_PIXELS}. */
export class TooManyPixels extends Error {
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    super(`${width} x ${height} pixels are too many`);
    this.width = width;
    this.height = height;
  }
}

/** What a header says of an image's size. @throws TooManyPixels, or Error where there is no pixel. */
export function checkSize(width: number, height: number): void {
  if (!(width > 0 && height > 0)) throw new Error(`a size of ${width} x ${height} is not supported`);
  if (width * height > MAX_PIXELS) throw new TooManyPixels(width, height);
}

const MAGIC: readonly (readonly [ImageFormat, readonly number[]])[] = [
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['bmp', [0x42, 0x4d]],
  ['pnm', [0x50, 0x35]],
  ['pnm', [0x50, 0x36]],
  ['tiff', [0x49, 0x49, 0x2a, 0]],
  ['tiff', [0x4d, 0x4d, 0, 0x2a]],
];

/** The format of an image by its first bytes; undefined for any that is not decoded here. */
export function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  const magic = MAGIC.find(([, start]) => start.every((b, i) => bytes[i] === b))?.[0];
  return magic ?? (isWebp(bytes) ? 'webp' : undefined);
}

function isWebp(bytes: Uint8Array): boolean {
  return /^RIFF.{4}WEBP/s.test(String.fromCharCode(...bytes.subarray(0, 12)));
}

/** Exchanges red and blue in place. */
export function swapRedBlue(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const red = data[i] as number;
    data[i] = data[i + 2] as number;
    data[i + 2] = red;
  }
}
