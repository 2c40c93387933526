import type { ResampleShape, ResampleTaps } from '../kernelSet.ts';

const f32 = Math.fround;

/** Weighted sums over the middle dimension, every product and every sum rounded to float32. */
export function resampleF32(x: Float32Array, out: Float32Array, shape: ResampleShape, taps: ResampleTaps): void {
  const { outer, size, inner, length } = shape;
  const { count, index, weight } = taps;
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < length; p++) {
      for (let i = 0; i < inner; i++) {
        const term = (k: number) => {
          const at = (o * size + (index[p * count + k] as number)) * inner + i;
          return f32((x[at] as number) * (weight[p * count + k] as number));
        };
        let sum = term(0);
        for (let k = 1; k < count; k++) sum = f32(sum + term(k));
        out[to++] = sum;
      }
    }
  }
}
