import type { PoolGeometry } from '../../src/kernels/kernelSet.ts';
import { numbersOf } from './numbers.ts';

/** Channels 1 to 40 with windows of all kinds, some of them large, some in the padding only. */
export function poolCases(): readonly PoolGeometry[] {
  const numbers = numbersOf(3);
  return Array.from({ length: 160 }, (_, i) => {
    const isLarge = i % 4 === 3;
    const kernelHeight = isLarge ? numbers.within(4, 9) : numbers.within(1, 4);
    const kernelWidth = isLarge ? numbers.within(4, 13) : numbers.within(1, 3);
    const dilationHeight = i % 5 === 0 ? 2 : 1;
    const dilationWidth = i % 7 === 0 ? 2 : 1;
    const inHeight = numbers.within(1, 9);
    const inWidth = numbers.within(1, 9);
    const padTop = numbers.within(0, 3);
    const padLeft = numbers.within(0, 2);
    const strideHeight = numbers.within(1, 3);
    const strideWidth = numbers.within(1, 3);
    const out = (size: number, extent: number, stride: number) => Math.max(1, Math.floor((size - extent) / stride) + 1);
    return {
      batch: numbers.within(1, 2),
      inHeight,
      inWidth,
      outHeight: out(inHeight + 2 * padTop, (kernelHeight - 1) * dilationHeight + 1, strideHeight),
      outWidth: out(inWidth + 2 * padLeft, (kernelWidth - 1) * dilationWidth + 1, strideWidth),
      kernelHeight,
      kernelWidth,
      strideHeight,
      strideWidth,
      dilationHeight,
      dilationWidth,
      padTop,
      padLeft,
      channels: 1 + (i % 40),
    };
  });
}

/** Calls `visit` with each output position and the input positions in its window, by the definition. */
export function forEachPool(g: PoolGeometry, visit: (at: number, inside: readonly number[]) => void): void {
  const { channels } = g;
  for (let at = 0; at < g.batch * g.outHeight * g.outWidth * channels; at++) {
    const c = at % channels;
    const ox = Math.floor(at / channels) % g.outWidth;
    const oy = Math.floor(at / channels / g.outWidth) % g.outHeight;
    const n = Math.floor(at / channels / g.outWidth / g.outHeight);
    const inside: number[] = [];
    for (let tap = 0; tap < g.kernelHeight * g.kernelWidth; tap++) {
      const iy = oy * g.strideHeight + Math.floor(tap / g.kernelWidth) * g.dilationHeight - g.padTop;
      const ix = ox * g.strideWidth + (tap % g.kernelWidth) * g.dilationWidth - g.padLeft;
      if (iy < 0 || ix < 0 || iy >= g.inHeight || ix >= g.inWidth) continue;
      inside.push(((n * g.inHeight + iy) * g.inWidth + ix) * channels + c);
    }
    visit(at, inside);
  }
}
