import { checkSize, type Raster } from './raster.ts';

/**
 * Decodes an uncompressed BMP of 8 (by palette), 24 or 32 bits per pixel.
 *
 * @throws Error with the reason where it is of another kind, too large, or ends early.
 */
export function decodeBmp(bytes: Uint8Array): Raster {
  if (bytes.length < 54) throw new Error('the file ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [pixelsAt, headerSize] = [view.getUint32(10, true), view.getUint32(14, true)];
  const [width, rows, bits] = [view.getInt32(18, true), view.getInt32(22, true), view.getUint16(28, true)];
  const compression = view.getUint32(30, true);
  if (![8, 24, 32].includes(bits) || (compression !== 0 && compression !== 3)) {
    throw new Error(`${bits} bits per pixel with compression ${compression} are not supported`);
  }
  const height = Math.abs(rows);
  checkSize(width, height);
  const step = bits / 8;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (pixelsAt + stride * height > bytes.length) throw new Error('the file ends within its pixels');
  const palette = 14 + headerSize;
  const data = new Uint8Array(3 * width * height);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + stride * (rows > 0 ? height - 1 - y : y); // the last row comes first, unless rows are negative
    for (let x = 0; x < width; x++) {
      const pixel = row + x * step;
      const at = bits === 8 ? palette + 4 * (bytes[pixel] as number) : pixel;
      for (let c = 2; c >= 0; c--) data[to++] = bytes[at + c] as number;
    }
  }
  return { width, height, data };
}

/**
 * Decodes a binary PGM (P5) or PPM (P6) of 8 bits.
 *
 * @throws Error with the reason where it has another depth, is too large, or ends early.
 */
export function decodePnm(bytes: Uint8Array): Raster {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
  const gap = '(?:\\s|#[^\\n]*\\n)+';
  const header = new RegExp(`^P([56])${gap}(\\d+)${gap}(\\d+)${gap}(\\d+)\\s`).exec(start);
  if (header === null) throw new Error('its header is not that of a binary PGM or PPM');
  const [width, height, most] = header.slice(2).map(Number) as [number, number, number];
  if (most !== 255) throw new Error(`a largest value of ${most} is not supported (255 is)`);
  checkSize(width, height);
  const channels = header[1] === '6' ? 3 : 1;
  const pixels = bytes.subarray(header[0].length, header[0].length + width * height * channels);
  if (pixels.length < width * height * channels) throw new Error('the file ends within its pixels');
  if (channels === 3) return { width, height, data: pixels.slice() };
  return {
    width,
    height,
    data: Uint8Array.from({ length: 3 * width * height }, (_, i) => pixels[Math.floor(i / 3)] ?? 0),
  };
}
