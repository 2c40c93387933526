import { decodeWithLibwebp } from './icodec.ts';
import { checkSize, type Raster } from './raster.ts';

interface Chunk {
  readonly name: string;
  readonly data: Uint8Array;
}

/**
 * Decodes a still WebP, lossy or lossless, with libwebp in WebAssembly; alpha is dropped.
 *
 * @throws Error with the reason where it is animated, damaged or too large.
 */
export function decodeWebp(bytes: Uint8Array): Raster {
  checkSize(...webpSize(bytes));
  const { raster } = decodeWithLibwebp(bytes);
  if (raster === undefined) throw new Error('its data is damaged');
  return raster;
}

/** The Exif data of a WebP, a TIFF structure; undefined where it has none. */
export function webpExif(bytes: Uint8Array): Uint8Array | undefined {
  const data = chunksOf(bytes).find(({ name }) => name === 'EXIF')?.data;
  const isPrefixed = data !== undefined && String.fromCharCode(...data.subarray(0, 4)) === 'Exif';
  return isPrefixed ? data.subarray(6) : data;
}

/** @source WebP container specification: the sizes of VP8X, VP8L and VP8 data. */
function webpSize(bytes: Uint8Array): readonly [width: number, height: number] {
  for (const { name, data } of chunksOf(bytes)) {
    const at = (i: number): number => data[i] ?? 0;
    const u16 = (i: number): number => at(i) | (at(i + 1) << 8);
    if (name === 'VP8X') {
      if ((at(0) & 2) !== 0) throw new Error('it is animated; only still images are read');
      return [1 + u16(4) + (at(6) << 16), 1 + u16(7) + (at(9) << 16)];
    }
    if (name === 'VP8L') {
      const bits = u16(1) + u16(3) * 65536;
      return [1 + (bits % 16384), 1 + (Math.floor(bits / 16384) % 16384)];
    }
    if (name === 'VP8 ') return [u16(6) & 0x3fff, u16(8) & 0x3fff];
  }
  throw new Error('it holds no image');
}

function chunksOf(bytes: Uint8Array): readonly Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const name = String.fromCharCode(...bytes.subarray(at, at + 4));
    chunks.push({ name, data: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length % 2);
  }
  return chunks;
}
