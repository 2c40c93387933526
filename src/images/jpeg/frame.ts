import { checkSize } from '../raster.ts';

/** One of the images that a JPEG interleaves. */
export interface Component {
  readonly id: number;
  /** Sampling factors: how many blocks an MCU has of it, across and down. */
  readonly h: number;
  readonly v: number;
  /** Number of its quantization table. */
  readonly table: number;
  /** Samples, without those that fill up its last blocks. */
  readonly width: number;
  readonly height: number;
  /** Blocks, with those that fill up the last MCUs. */
  readonly blocksWide: number;
  readonly blocksHigh: number;
  /** [blocksHigh, blocksWide, 64], rows of a block one after the other, not dequantized. */
  readonly coefficients: Int16Array;
  /** Of the last DC coefficient. */
  prediction: number;
}

export interface Frame {
  readonly isProgressive: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  /** Largest sampling factors. */
  readonly maxH: number;
  readonly maxV: number;
  readonly mcusWide: number;
  readonly mcusHigh: number;
}

/**
 * Reads the parameters of a frame.
 *
 * @param marker 0xc0 to 0xc2; @param data of the segment, without its length.
 * @throws TooManyPixels, or Error with the reason.
 * @source ITU-T T.81, B.2.2.
 */
export function readFrame(marker: number, data: Uint8Array): Frame {
  const byte = (i: number): number => data[i] ?? 0;
  if (byte(0) !== 8) throw new Error(`${byte(0)} bits per sample are not supported`);
  const [height, width, count] = [byte(1) * 256 + byte(2), byte(3) * 256 + byte(4), byte(5)];
  checkSize(width, height);
  if (![1, 3, 4].includes(count) || data.length < 6 + 3 * count)
    throw new Error(`${count} components are not supported`);
  const factors = Array.from({ length: count }, (_, i) => ({
    id: byte(6 + 3 * i),
    h: byte(7 + 3 * i) >> 4,
    v: byte(7 + 3 * i) & 15,
    table: byte(8 + 3 * i),
  }));
  const [maxH, maxV] = [Math.max(...factors.map((f) => f.h)), Math.max(...factors.map((f) => f.v))];
  for (const { h, v } of factors) {
    if (h < 1 || v < 1 || h > 4 || v > 4 || maxH % h !== 0 || maxV % v !== 0) {
      throw new Error(`sampling factors of ${h} x ${v} beside ${maxH} x ${maxV} are not supported`);
    }
  }
  const [mcusWide, mcusHigh] = [Math.ceil(width / (8 * maxH)), Math.ceil(height / (8 * maxV))];
  const components = factors.map((factor): Component => {
    const [blocksWide, blocksHigh] = [mcusWide * factor.h, mcusHigh * factor.v];
    return {
      ...factor,
      width: Math.ceil((width * factor.h) / maxH),
      height: Math.ceil((height * factor.v) / maxV),
      blocksWide,
      blocksHigh,
      coefficients: new Int16Array(64 * blocksWide * blocksHigh),
      prediction: 0,
    };
  });
  return { isProgressive: marker === 0xc2, width, height, components, maxH, maxV, mcusWide, mcusHigh };
}
