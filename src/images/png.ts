import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import { checkSize, type Raster } from './raster.ts';

/**
 * Decodes a PNG: alpha dropped, grey expanded, of 16 bits the upper byte.
 *
 * @throws Error with the reason where the file is damaged or too large.
 */
export function decodePng(bytes: Uint8Array): Raster {
  if (bytes.length < 33) throw new Error('the file ends within its header');
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkSize(header.getUint32(16), header.getUint32(20));
  const decoded = decode(bytes, { checkCrc: true });
  return { width: decoded.width, height: decoded.height, data: rgbOf(decoded) };
}

/** The Exif data of a PNG, a TIFF structure; undefined where it has none. */
export function pngExif(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x65584966) return bytes.subarray(at + 8, at + 8 + length); // eXIf
  }
  return undefined;
}

function rgbOf(decoded: DecodedPng): Uint8Array {
  const pixels = decoded.width * decoded.height;
  const indexed = decoded.palette !== undefined;
  const data = indexed ? convertIndexedToRgb(decoded) : samplesOf(decoded);
  const channels = indexed ? (decoded.palette?.[0]?.length ?? 3) : decoded.channels;
  const out = new Uint8Array(3 * pixels);
  const [red, green, blue] = channels < 3 ? [0, 0, 0] : [0, 1, 2]; // grey, perhaps with alpha
  for (let i = 0; i < pixels; i++) {
    out[3 * i] = data[channels * i + red] as number;
    out[3 * i + 1] = data[channels * i + green] as number;
    out[3 * i + 2] = data[channels * i + blue] as number;
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
