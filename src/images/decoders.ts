import { decodeBmp } from './bmp.ts';
import { decodeJpeg } from './jpeg.ts';
import { decodePng } from './png.ts';
import { decodePnm } from './pnm.ts';
import type { ImageFormat, Raster } from './raster.ts';
import { decodeTiff } from './tiff.ts';
import { decodeWebp } from './webp.ts';

interface Decoder {
  /** As messages call it. */
  readonly name: string;
  /** @throws TooManyPixels, or Error with the reason where the file is damaged or of an unknown kind. */
  readonly decode: (bytes: Uint8Array) => Raster;
}

/** What is decoded here, by format. */
export const DECODERS: Readonly<Record<ImageFormat, Decoder>> = {
  jpeg: { name: 'JPEG', decode: decodeJpeg },
  png: { name: 'PNG', decode: decodePng },
  webp: { name: 'WebP', decode: decodeWebp },
  bmp: { name: 'BMP', decode: decodeBmp },
  pnm: { name: 'PGM or PPM', decode: decodePnm },
  tiff: { name: 'TIFF', decode: decodeTiff },
};
