import { clamp, rint } from '../../base/round.ts';
import type { PoolGeometry, TensorQuant } from '../kernelSet.ts';
import { codeRange } from './qdq.ts';

type Codes = Int8Array | Uint8Array;

/** NaN wins; a window without an element inside gives -Infinity. */
export function maxPoolF32(x: Float32Array, out: Float32Array, geometry: PoolGeometry): void {
  forEachWindow(geometry, (at, pixels) => {
    let best = Number.NEGATIVE_INFINITY;
    for (const pixel of pixels) best = Math.max(best, x[pixel] as number);
    out[at] = best;
  });
}

/** A window without an element inside gives the lowest code. */
export function maxPoolQ8(x: Codes, out: Codes, geometry: PoolGeometry): void {
  const lowest = out instanceof Int8Array ? -128 : 0;
  forEachWindow(geometry, (at, pixels) => {
    let best = lowest;
    for (const pixel of pixels) best = Math.max(best, x[pixel] as number);
    out[at] = best;
  });
}

/** Sums in float64; a window without an element inside gives 0. */
export function averagePoolF32(
  x: Float32Array,
  out: Float32Array,
  geometry: PoolGeometry,
  countPadding: boolean,
): void {
  const area = geometry.kernelHeight * geometry.kernelWidth;
  forEachWindow(geometry, (at, pixels) => {
    let sum = 0;
    for (const pixel of pixels) sum += x[pixel] as number;
    out[at] = sum / (countPadding ? area : Math.max(1, pixels.length));
  });
}

/** clamp(rint(fround(sum (q - zx) * m)) + zy) with m = fround(sx / fround(sy * count)). */
export function averagePoolQ8(
  x: Codes,
  qx: TensorQuant,
  out: Codes,
  qy: TensorQuant,
  geometry: PoolGeometry,
  countPadding: boolean,
): void {
  const area = geometry.kernelHeight * geometry.kernelWidth;
  const { lo, hi } = codeRange(qy.signed);
  forEachWindow(geometry, (at, pixels) => {
    let sum = 0;
    for (const pixel of pixels) sum += (x[pixel] as number) - qx.zeroPoint;
    const multiplier = averageMultiplier(qx.scale, qy.scale, countPadding ? area : Math.max(1, pixels.length));
    out[at] = clamp(rint(Math.fround(Math.fround(sum) * multiplier)) + qy.zeroPoint, lo, hi);
  });
}

/** What turns an integer sum of `count` codes into steps of the output: sx / (sy * count) in float32. */
export function averageMultiplier(inputScale: number, outputScale: number, count: number): number {
  return Math.fround(Math.fround(inputScale) / Math.fround(Math.fround(outputScale) * count));
}

/** Calls `visit` with every output position and the input positions inside its window. */
function forEachWindow(geometry: PoolGeometry, visit: (at: number, pixels: readonly number[]) => void): void {
  const { batch, inHeight, inWidth, outHeight, outWidth, channels } = geometry;
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const rows = inside(geometry.kernelHeight, oy * geometry.strideHeight - geometry.padTop, {
        dilation: geometry.dilationHeight,
        size: inHeight,
      });
      for (let ox = 0; ox < outWidth; ox++) {
        const columns = inside(geometry.kernelWidth, ox * geometry.strideWidth - geometry.padLeft, {
          dilation: geometry.dilationWidth,
          size: inWidth,
        });
        const pixels = rows.flatMap((y) => columns.map((x) => ((n * inHeight + y) * inWidth + x) * channels));
        for (let c = 0; c < channels; c++) {
          visit(at++, pixels);
          for (let p = 0; p < pixels.length; p++) pixels[p] = (pixels[p] as number) + 1;
        }
      }
    }
  }
}

/** Positions start, start + dilation, ... (`kernel` of them) that lie in [0, size). */
function inside(kernel: number, start: number, { dilation, size }: { dilation: number; size: number }): number[] {
  return Array.from({ length: kernel }, (_, k) => start + k * dilation).filter((p) => p >= 0 && p < size);
}
