import { clampF32x4, store4 } from './vector';

/**
 * One output row of a depthwise convolution, any kernel, four channels at a time.
 *
 * @param x the padded row of the first tap; weights [channels / 4][taps][4]; offsets of the taps in bytes.
 */
export function depthwiseRowF32(
  x: usize, weights: usize, bias: usize, out: usize, outWidth: i32, channels: i32, step: usize, offsets: usize,
  taps: i32, lo: f32, hi: f32,
): void {
  const vlo = f32x4.splat(lo);
  const vhi = f32x4.splat(hi);
  const outPixel = <usize>channels << 2;
  for (let c = 0; c < channels; c += 4) {
    const b = v128.load(bias);
    let px = x;
    let po = out;
    for (let ox = 0; ox < outWidth; ox++) {
      let sum = b;
      let w = weights;
      for (let t = 0; t < taps; t++) {
        sum = f32x4.add(sum, f32x4.mul(v128.load(px + load<usize>(offsets + (<usize>t << 2))), v128.load(w)));
        w += 16;
      }
      store4(po, clampF32x4(sum, vlo, vhi), channels - c);
      px += step;
      po += outPixel;
    }
    weights += <usize>taps << 4;
    bias += 16;
    x += 16;
    out += 16;
  }
}

/** As {@link depthwiseRowF32}, with the nine weights in registers. */
export function depthwiseRowF32_3x3(
  x: usize, weights: usize, bias: usize, out: usize, outWidth: i32, channels: i32, step: usize, tapX: usize,
  tapY: usize, lo: f32, hi: f32,
): void {
  const vlo = f32x4.splat(lo);
  const vhi = f32x4.splat(hi);
  const outPixel = <usize>channels << 2;
  const tapX2 = tapX << 1;
  for (let c = 0; c < channels; c += 4) {
    const b = v128.load(bias);
    const w0 = v128.load(weights), w1 = v128.load(weights, 16), w2 = v128.load(weights, 32);
    const w3 = v128.load(weights, 48), w4 = v128.load(weights, 64), w5 = v128.load(weights, 80);
    const w6 = v128.load(weights, 96), w7 = v128.load(weights, 112), w8 = v128.load(weights, 128);
    let px = x;
    let po = out;
    for (let ox = 0; ox < outWidth; ox++) {
      const row1 = px + tapY, row2 = row1 + tapY;
      let s = f32x4.add(b, f32x4.mul(v128.load(px), w0));
      let t = f32x4.mul(v128.load(px + tapX), w1);
      s = f32x4.add(s, f32x4.mul(v128.load(px + tapX2), w2));
      t = f32x4.add(t, f32x4.mul(v128.load(row1), w3));
      s = f32x4.add(s, f32x4.mul(v128.load(row1 + tapX), w4));
      t = f32x4.add(t, f32x4.mul(v128.load(row1 + tapX2), w5));
      s = f32x4.add(s, f32x4.mul(v128.load(row2), w6));
      t = f32x4.add(t, f32x4.mul(v128.load(row2 + tapX), w7));
      s = f32x4.add(s, f32x4.mul(v128.load(row2 + tapX2), w8));
      store4(po, clampF32x4(f32x4.add(s, t), vlo, vhi), channels - c);
      px += step;
      po += outPixel;
    }
    weights += 144;
    bias += 16;
    x += 16;
    out += 16;
  }
}
