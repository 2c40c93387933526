/** Pixels of 8 bits, [height, width, 3] in C order: red, green, blue. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export type ImageFormat = 'jpeg' | 'png' | 'bmp' | 'pnm' | 'tiff';

/** Larger images are refused before their pixels take memory. */
export const MAX_PIXELS = 100e6;

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
  return MAGIC.find(([, magic]) => magic.every((b, i) => bytes[i] === b))?.[0];
}

/** Exchanges red and blue in place. */
export function swapRedBlue(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const red = data[i] as number;
    data[i] = data[i + 2] as number;
    data[i + 2] = red;
  }
}
