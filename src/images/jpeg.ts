import { decode } from 'jpeg-js';
import { MAX_PIXELS, type Raster } from './raster.ts';

/**
 * Decodes a JPEG. Subsampled chroma is repeated, not interpolated, so single pixels may differ from other decoders'.
 *
 * @throws Error with the reason where the file is damaged or too large.
 */
export function decodeJpeg(bytes: Uint8Array): Raster {
  const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false, maxMemoryUsageInMB: 2048 } as const;
  const { width, height, data } = decode(bytes, { ...options, maxResolutionInMP: MAX_PIXELS / 1e6 });
  return { width, height, data };
}
