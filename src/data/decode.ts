import { decodeJpeg } from '../images/jpeg.ts';
import { decodePng, pngSize } from '../images/png.ts';
import { formatOf, MAX_PIXELS, swapRedBlue } from '../images/raster.ts';
import { brokenImage, imageTooLarge, notAnImage } from './errors.ts';
import { exifOrientation } from './exif.ts';
import { type Image, oriented } from './image.ts';

/**
 * Decodes a JPEG or PNG, told apart by content, as OpenCV's default does: 8 bits, B G R, alpha dropped, grey expanded,
 * the Exif orientation of a JPEG applied; 16-bit PNGs keep their upper byte. Subsampled JPEG chroma is repeated, not
 * interpolated, so single pixels may differ from other decoders'.
 *
 * @param file for messages.
 * @throws DiagnosticError DAT201 (another format), DAT202 (damaged), DAT203 (too large).
 */
export function decodeImage(bytes: Uint8Array, file: string): Image {
  const format = formatOf(bytes);
  if (format === 'jpeg') return oriented(decoded('JPEG', decodeJpeg, bytes, file), exifOrientation(bytes));
  if (format !== 'png') throw notAnImage(file, whatElse(bytes));
  const size = pngSize(bytes);
  if (size === undefined) throw brokenImage(file, 'PNG', 'the file ends within its header');
  if (size[0] * size[1] > MAX_PIXELS) throw imageTooLarge(file, size[0], size[1], MAX_PIXELS);
  return decoded('PNG', decodePng, bytes, file);
}

function decoded(name: 'JPEG' | 'PNG', decode: typeof decodePng, bytes: Uint8Array, file: string): Image {
  try {
    const { width, height, data } = decode(bytes);
    swapRedBlue(data);
    return { width, height, channels: 3, data };
  } catch (cause) {
    throw brokenImage(file, name, reasonOf(cause), cause);
  }
}

const OTHERS: readonly (readonly [magic: string, name: string])[] = [
  ['GIF8', 'a GIF image'],
  ['BM', 'a BMP image'],
  ['RIFF', 'a WebP image or another RIFF file'],
  ['II*\0', 'a TIFF image'],
  ['MM\0*', 'a TIFF image'],
  ['\x93NUMPY', 'an .npy array (use input_type = BIN)'],
  ['PK\x03\x04', 'a ZIP archive'],
];

function whatElse(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  return OTHERS.find(([magic]) => start.startsWith(magic))?.[1] ?? `a file that starts with ${hex(bytes)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, '0')).join(' ');
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
