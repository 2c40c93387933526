import { demote, firstLanes, highF64, lowF64, storePart32 } from './vector';

// @ts-ignore: decorator
@inline
function sumLanes(low: v128, high: v128): f64 {
  const pair = f64x2.add(low, high);
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** Sum of (x - mean)^2 over a row, by lanes as in reduce.ts; of x itself where `SQUARED` is false. */
// @ts-ignore: decorator
@inline
function sumOver(SQUARED: bool, x: usize, count: i32, mean: f64): f64 {
  const centre = f64x2.splat(mean);
  let low = f64x2.splat(0), high = low;
  let i = count;
  for (; i >= 4; i -= 4) {
    const v = v128.load(x);
    let a = lowF64(v), b = highF64(v);
    if (SQUARED) {
      a = f64x2.sub(a, centre);
      b = f64x2.sub(b, centre);
      a = f64x2.mul(a, a);
      b = f64x2.mul(b, b);
    }
    low = f64x2.add(low, a);
    high = f64x2.add(high, b);
    x += 16;
  }
  if (i > 0) {
    const v = v128.load(x), mask = firstLanes(i);
    let a = lowF64(v), b = highF64(v);
    if (SQUARED) {
      a = f64x2.sub(a, centre);
      b = f64x2.sub(b, centre);
      a = f64x2.mul(a, a);
      b = f64x2.mul(b, b);
    }
    low = f64x2.add(low, v128.and(a, i32x4.shuffle(mask, mask, 0, 0, 1, 1)));
    high = f64x2.add(high, v128.and(b, i32x4.shuffle(mask, mask, 2, 2, 3, 3)));
  }
  return sumLanes(low, high);
}

/** Rows of `count`; `mean` and `inverse` receive two f64 per row. See `FloatKernels.normalizeRowsF32`. */
export function normalizeRowsF32(
  x: usize, scale: usize, shift: usize, out: usize, rows: i32, count: i32, centred: i32, epsilon: f64, mean: usize,
  inverse: usize,
): void {
  const bytes = <usize>count << 2;
  for (let row = 0; row < rows; row++) {
    const centre: f64 = centred ? sumOver(false, x, count, 0) / <f64>count : 0;
    const factor: f64 = 1 / sqrt<f64>(sumOver(true, x, count, centre) / <f64>count + epsilon);
    store<f64>(mean, centre);
    store<f64>(inverse, factor);
    mean += 8;
    inverse += 8;
    const c = f64x2.splat(centre), f = f64x2.splat(factor);
    for (let at: usize = 0; at < bytes; at += 16) {
      const v = v128.load(x + at);
      const normalized = demote(
        f64x2.mul(f64x2.sub(lowF64(v), c), f), f64x2.mul(f64x2.sub(highF64(v), c), f));
      let y = f32x4.mul(normalized, v128.load(scale + at));
      if (shift) y = f32x4.add(y, v128.load(shift + at));
      if (bytes - at >= 16) v128.store(out + at, y);
      else storePart32(out + at, y, y, <i32>(bytes - at) >> 2);
    }
    x += bytes;
    out += bytes;
  }
}

/** Rows of `channels`: y = x factor + offset, both f64 per channel, in float64 and rounded once. */
export function scaleChannelsF32(
  x: usize, factor: usize, offset: usize, out: usize, rows: i32, channels: i32,
): void {
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < channels; c += 4) {
      const v = v128.load(x);
      const f = factor + (<usize>c << 3), b = offset + (<usize>c << 3);
      const y = demote(
        f64x2.add(f64x2.mul(lowF64(v), v128.load(f)), v128.load(b)),
        f64x2.add(f64x2.mul(highF64(v), v128.load(f, 16)), v128.load(b, 16)));
      const width = min(channels - c, 4);
      if (width == 4) v128.store(out, y);
      else storePart32(out, y, y, width);
      x += <usize>width << 2;
      out += <usize>width << 2;
    }
  }
}
