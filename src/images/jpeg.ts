import { decodeWithMozjpeg } from './icodec.ts';
import { checkSize, type Raster } from './raster.ts';

interface Segment {
  /** The second byte of its marker. */
  readonly code: number;
  /** Without marker and length. */
  readonly data: Uint8Array;
}

/** What libjpeg warns of although every pixel is there. */
const HARMLESS = /extraneous bytes before marker|unknown JFIF revision|Unknown Adobe color transform/;

/**
 * Decodes a JPEG, baseline or progressive, of 8 bits, grey, RGB or YCbCr, with mozjpeg in WebAssembly. Every pixel is
 * that of libjpeg-turbo, which OpenCV and Pillow read with. Damage within the pixels that libjpeg does not notice makes
 * other pixels, as it does there.
 *
 * @throws TooManyPixels, or Error with the reason where the file is damaged, ends early or is of another kind.
 */
export function decodeJpeg(bytes: Uint8Array): Raster {
  checkSegments(bytes);
  const { raster, messages } = decodeWithMozjpeg(bytes);
  const reason = messages.find((message) => !HARMLESS.test(message));
  if (reason !== undefined) throw new Error(`libjpeg says "${reason}"`);
  if (raster === undefined) throw new Error('its data is damaged');
  return raster;
}

/** The Exif data of a JPEG, a TIFF structure; undefined where it has none before its pixels. */
export function jpegExif(bytes: Uint8Array): Uint8Array | undefined {
  for (const { code, data } of segmentsOf(bytes)) {
    if (code === SCAN) break;
    if (code === APP1 && String.fromCharCode(...data.subarray(0, 4)) === 'Exif') return data.subarray(6);
  }
  return undefined;
}

const SCAN = 0xda;
const END = 0xd9;
const APP1 = 0xe1;

/** libjpeg would read a file to its end, whatever is missing there, and take memory for any size. */
function checkSegments(bytes: Uint8Array): void {
  for (const { code, data } of segmentsOf(bytes)) {
    if (code === END) return;
    if (code >= 0xc0 && code <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(code)) checkFrame(code - 0xc0, data);
  }
  throw new Error('the file ends before its image does');
}

const KINDS: Readonly<Record<number, string>> = { 3: 'lossless', 9: 'arithmetic', 10: 'arithmetic', 11: 'lossless' };

/** @source ITU-T T.81, B.2.2: bits, height, width, components. */
function checkFrame(kind: number, data: Uint8Array): void {
  const at = (i: number): number => data[i] ?? 0;
  const advice = 'save it as a baseline or progressive JPEG of 8 bits, grey or of three colours';
  if (kind > 2) throw new Error(`it is ${KINDS[kind] ?? 'hierarchical'} (SOF${kind}), which is not read: ${advice}`);
  if (at(0) !== 8) throw new Error(`its ${at(0)} bits per sample are not read: ${advice}`);
  checkSize(at(3) * 256 + at(4), at(1) * 256 + at(2));
  const components = at(5);
  if (components === 4) throw new Error(`it is CMYK or YCCK, which is not read: ${advice}`);
  if (components !== 1 && components !== 3) throw new Error(`its ${components} components are not read: ${advice}`);
}

/** The segments, and the end, in order; bytes that belong to none, such as pixels, are left out. */
function* segmentsOf(bytes: Uint8Array): Generator<Segment> {
  for (let at = bytes.indexOf(0xff, 2); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at)) {
    const code = bytes[at + 1] as number;
    if (code === 0xff) {
      at++; // a fill byte
      continue;
    }
    const isAlone = code < 2 || (code >= 0xd0 && code <= END);
    const length = isAlone ? 0 : (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    if (!isAlone || code === END) yield { code, data: bytes.subarray(at + 4, at + 2 + length) };
    at += 2 + length;
  }
}
