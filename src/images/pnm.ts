import { checkSize, type Raster } from './raster.ts';

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
