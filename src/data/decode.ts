import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { brokenImage, imageTooLarge, notAnImage } from './errors.ts';
import { exifOrientation } from './exif.ts';
import { type Image, oriented } from './image.ts';

/** Larger images are refused before their pixels take memory. */
const MAX_PIXELS = 100e6;

/**
 * Decodes a JPEG or PNG, told apart by content, as OpenCV's default does: 8 bits, B G R, alpha dropped, grey expanded,
 * the Exif orientation of a JPEG applied; 16-bit PNGs keep their upper byte. Subsampled JPEG chroma is repeated, not
 * interpolated, so single pixels may differ from other decoders'.
 *
 * @param file for messages.
 * @throws DiagnosticError DAT201 (another format), DAT202 (damaged), DAT203 (too large).
 */
export function decodeImage(bytes: Uint8Array, file: string): Image {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return jpeg(bytes, file);
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return png(bytes, file);
  throw notAnImage(file, whatElse(bytes));
}

function jpeg(bytes: Uint8Array, file: string): Image {
  const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false, maxMemoryUsageInMB: 2048 } as const;
  let decoded: { readonly width: number; readonly height: number; readonly data: Uint8Array };
  try {
    decoded = decodeJpeg(bytes, { ...options, maxResolutionInMP: MAX_PIXELS / 1e6 });
  } catch (cause) {
    throw brokenImage(file, 'JPEG', reasonOf(cause), cause);
  }
  const { width, height, data } = decoded;
  swapRedBlue(data);
  return oriented({ width, height, channels: 3, data }, exifOrientation(bytes));
}

function png(bytes: Uint8Array, file: string): Image {
  if (bytes.length < 33) throw brokenImage(file, 'PNG', 'the file ends within its header');
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  if (width * height > MAX_PIXELS) throw imageTooLarge(file, width, height, MAX_PIXELS);
  try {
    const decoded = decodePng(bytes, { checkCrc: true });
    return { width, height, channels: 3, data: bgrOf(decoded) };
  } catch (cause) {
    throw brokenImage(file, 'PNG', reasonOf(cause), cause);
  }
}

function bgrOf(decoded: DecodedPng): Uint8Array {
  const pixels = decoded.width * decoded.height;
  const indexed = decoded.palette !== undefined;
  const data = indexed ? convertIndexedToRgb(decoded) : samplesOf(decoded);
  const channels = indexed ? (decoded.palette?.[0]?.length ?? 3) : decoded.channels;
  const out = new Uint8Array(3 * pixels);
  const [red, green, blue] = channels < 3 ? [0, 0, 0] : [0, 1, 2]; // grey, perhaps with alpha
  for (let i = 0; i < pixels; i++) {
    out[3 * i] = data[channels * i + blue] as number;
    out[3 * i + 1] = data[channels * i + green] as number;
    out[3 * i + 2] = data[channels * i + red] as number;
  }
  return out;
}

/** One byte per sample: 16 bits lose the lower byte, fewer than 8 are spread over 0..255. */
function samplesOf({ width, height, channels, depth, data }: DecodedPng): Uint8Array {
  const count = width * height * channels;
  const out = new Uint8Array(count);
  if (depth === 8) out.set(data.subarray(0, count));
  else if (depth === 16) for (let i = 0; i < count; i++) out[i] = (data[i] as number) >> 8;
  else {
    const rowBytes = Math.ceil((width * depth) / 8); // only grey has fewer than 8 bits
    const most = 2 ** depth - 1;
    for (let i = 0; i < count; i++) {
      const bit = (i % width) * depth;
      const byte = data[Math.floor(i / width) * rowBytes + (bit >> 3)] as number;
      out[i] = (((byte >> (8 - depth - (bit & 7))) & most) * 255) / most;
    }
  }
  return out;
}

function swapRedBlue(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const red = data[i] as number;
    data[i] = data[i + 2] as number;
    data[i + 2] = red;
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((b, i) => bytes[i] === b);
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
