import type { RowStatistics } from '../kernelSet.ts';
import { sumByLanes } from './reduce.ts';

const f32 = Math.fround;

/** Rows of x by their own statistics, in float64; the normalized value is rounded, then scaled and shifted in float32. */
export function normalizeRowsF32(
  x: Float32Array,
  scale: Float32Array,
  shift: Float32Array | undefined,
  out: Float32Array,
  { centred, epsilon, mean, inverse }: RowStatistics,
): void {
  const count = scale.length;
  for (let row = 0; row < mean.length; row++) {
    const values = Float64Array.from(x.subarray(row * count, (row + 1) * count));
    const centre = centred ? sumByLanes(values) / count : 0;
    const factor = 1 / Math.sqrt(sumByLanes(values.map((v) => (v - centre) * (v - centre))) / count + epsilon);
    mean[row] = centre;
    inverse[row] = factor;
    values.forEach((v, i) => {
      const scaled = f32(f32((v - centre) * factor) * (scale[i] as number));
      out[row * count + i] = shift === undefined ? scaled : scaled + (shift[i] as number);
    });
  }
}

/** x factor + offset per channel of [rows, C], in float64. */
export function scaleChannelsF32(x: Float32Array, factor: Float64Array, offset: Float64Array, out: Float32Array): void {
  const channels = factor.length;
  for (let i = 0; i < x.length; i++) {
    const c = i % channels;
    out[i] = (x[i] as number) * (factor[c] as number) + (offset[c] as number);
  }
}
