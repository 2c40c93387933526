import { quartilesInPlace } from '../../base/select.ts';
import type { Moments, PairSums } from '../kernelSet.ts';

/** One pass; extremes, sums and zeros are of the finite elements. Without any, min is Infinity, max -Infinity. */
export function momentsF32(x: Float32Array): Moments {
  let [sum, sumOfSquares, zeros, nan, inf] = [0, 0, 0, 0, 0];
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < x.length; i++) {
    const v = x[i] as number;
    if (v - v !== 0) {
      if (Number.isNaN(v)) nan++;
      else inf++;
      continue;
    }
    if (v < min) min = v;
    if (v > max) max = v;
    sum += v;
    sumOfSquares += v * v;
    if (v === 0) zeros++;
  }
  return { count: x.length, min, max, sum, sumOfSquares, zeros, nan, inf };
}

/** The elements at rank floor(q * n) of the n finite ones; NaN when there are none. */
export function quartilesF32(x: Float32Array): readonly [q1: number, median: number, q3: number] {
  return quartilesInPlace(x.filter(Number.isFinite));
}

/** Sums over pairs in float64. */
export function pairSumsF32(a: Float32Array, b: Float32Array): PairSums {
  let [dot, aa, bb, squaredError, maxAbsError] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    dot += x * y;
    aa += x * x;
    bb += y * y;
    squaredError += (x - y) * (x - y);
    maxAbsError = Math.max(maxAbsError, Math.abs(x - y));
  }
  return { dot, aa, bb, squaredError, maxAbsError };
}

/** The moments of x, and the sum of (x - y)^2 in float64. */
export function momentsAndErrorF32(x: Float32Array, y: Float32Array): { moments: Moments; squaredError: number } {
  let squaredError = 0;
  for (let i = 0; i < x.length; i++) {
    const d = (x[i] as number) - (y[i] as number);
    squaredError += d * d;
  }
  return { moments: momentsF32(x), squaredError };
}

/** How many codes have each byte: that of a signed code c is at c & 255. */
export function histogram8(x: Int8Array | Uint8Array): Float64Array {
  const counts = new Float64Array(256);
  for (let i = 0; i < x.length; i++) {
    const byte = (x[i] as number) & 255;
    counts[byte] = (counts[byte] as number) + 1;
  }
  return counts;
}

/** Sum of (x - mean)^2 of the finite elements. */
export function squaredDeviationF32(x: Float32Array, mean: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const v = x[i] as number;
    if (v - v === 0) sum += (v - mean) * (v - mean);
  }
  return sum;
}

/** Sums over the rows of x [rows, C] per channel. */
export function channelSumsF32(x: Float32Array, rows: number, channels: number, out: Float64Array): void {
  out.fill(0, 0, channels);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < channels; c++) out[c] = (out[c] as number) + (x[row * channels + c] as number);
  }
}
