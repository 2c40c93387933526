import {
  POOL_CHANNELS, POOL_COUNT_PADDING, POOL_DILATION_X, POOL_DILATION_Y, POOL_IN_HEIGHT, POOL_IN_WIDTH, POOL_KERNEL_X,
  POOL_KERNEL_Y, POOL_OUT, POOL_OUT_HEIGHT, POOL_OUT_WIDTH, POOL_PAD_LEFT, POOL_PAD_TOP, POOL_STRIDE_X,
  POOL_STRIDE_Y, POOL_X, POOL_X_SCALE, POOL_X_SIGNED, POOL_X_ZERO, POOL_Y_HI, POOL_Y_LO, POOL_Y_SCALE, POOL_Y_ZERO,
} from './layout';
import { field, packCodes, pointer, roundingZero, roundToCode, store8, storePart32, upperHalf } from './vector';

const MAX_F32 = 0;
const MAX_Q8 = 1;
const AVERAGE_F32 = 2;
const AVERAGE_Q8 = 3;

/** First tap k with start + k * dilation >= 0. */
// @ts-ignore: decorator
@inline
function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (-start + dilation - 1) / dilation;
}

/** One past the last of `taps` with start + k * dilation < size. */
// @ts-ignore: decorator
@inline
function endTap(start: i32, dilation: i32, size: i32, taps: i32): i32 {
  return size <= start ? 0 : min(taps, (size - start + dilation - 1) / dilation);
}

/** Rows of a pooling, over [batch, height]: for each output pixel, the taps that lie inside. */
// @ts-ignore: decorator
@inline
function poolRows(KIND: i32, descriptor: usize, firstRow: i32, endRow: i32): void {
  const inHeight = field(descriptor, POOL_IN_HEIGHT);
  const inWidth = field(descriptor, POOL_IN_WIDTH);
  const outHeight = field(descriptor, POOL_OUT_HEIGHT);
  const outWidth = field(descriptor, POOL_OUT_WIDTH);
  const channels = field(descriptor, POOL_CHANNELS);
  const kernelY = field(descriptor, POOL_KERNEL_Y);
  const kernelX = field(descriptor, POOL_KERNEL_X);
  const dilationY = field(descriptor, POOL_DILATION_Y);
  const dilationX = field(descriptor, POOL_DILATION_X);
  const shift: usize = KIND == MAX_F32 || KIND == AVERAGE_F32 ? 2 : 0;
  const pixel = <usize>channels << shift;
  const stepX = <usize>dilationX * pixel;
  const stepY = <usize>dilationY * <usize>inWidth * pixel;
  const x = pointer(descriptor, POOL_X);
  const flip = i8x16.splat(field(descriptor, POOL_X_SIGNED) ? <i8>-128 : 0);
  let out = pointer(descriptor, POOL_OUT) + <usize>(firstRow * outWidth) * pixel;
  for (let row = firstRow; row < endRow; row++) {
    const image = row / outHeight;
    const top = (row - image * outHeight) * field(descriptor, POOL_STRIDE_Y) - field(descriptor, POOL_PAD_TOP);
    const ky0 = firstTap(top, dilationY);
    const rows = max(endTap(top, dilationY, inHeight, kernelY) - ky0, 0);
    for (let ox = 0; ox < outWidth; ox++) {
      const left = ox * field(descriptor, POOL_STRIDE_X) - field(descriptor, POOL_PAD_LEFT);
      const kx0 = firstTap(left, dilationX);
      const columns = max(endTap(left, dilationX, inWidth, kernelX) - kx0, 0);
      const y0 = image * inHeight + top + ky0 * dilationY;
      const from = x + <usize>(y0 * inWidth + left + kx0 * dilationX) * pixel;
      const count = field(descriptor, POOL_COUNT_PADDING) ? kernelY * kernelX : max(rows * columns, 1);
      if (KIND == MAX_F32) maxF32(from, out, channels, rows, columns, stepY, stepX);
      else if (KIND == MAX_Q8) maxQ8(flip, from, out, channels, rows, columns, stepY, stepX);
      else if (KIND == AVERAGE_F32) averageF32(from, out, channels, rows, columns, stepY, stepX, <f64>count);
      else averageQ8(descriptor, from, out, channels, rows, columns, stepY, stepX, <f32>count);
      out += pixel;
    }
  }
}

// @ts-ignore: decorator
@inline
function maxF32(x: usize, out: usize, channels: i32, rows: i32, columns: i32, stepY: usize, stepX: usize): void {
  for (let c = 0; c < channels; c += 4) {
    let best = f32x4.splat(-Infinity);
    let row = x;
    for (let ky = 0; ky < rows; ky++) {
      let from = row;
      for (let kx = 0; kx < columns; kx++) {
        best = f32x4.max(best, v128.load(from));
        from += stepX;
      }
      row += stepY;
    }
    if (channels - c >= 4) v128.store(out, best);
    else storePart32(out, best, best, channels - c);
    x += 16;
    out += 16;
  }
}

// @ts-ignore: decorator
@inline
function maxQ8(
  flip: v128, x: usize, out: usize, channels: i32, rows: i32, columns: i32, stepY: usize, stepX: usize,
): void {
  let c = channels;
  // No call in this loop: it would keep the vectors out of the registers.
  for (; c >= 16; c -= 16) {
    v128.store(out, largestOf(flip, x, rows, columns, stepY, stepX));
    x += 16;
    out += 16;
  }
  if (c > 0) {
    const largest = largestOf(flip, x, rows, columns, stepY, stepX);
    store8(out, largest, c);
    if (c > 8) store8(out + 8, upperHalf(largest), c - 8);
  }
}

/** The largest of a window's codes in each of 16 channels. */
// @ts-ignore: decorator
@inline
function largestOf(flip: v128, x: usize, rows: i32, columns: i32, stepY: usize, stepX: usize): v128 {
  let best = i8x16.splat(0);
  for (let ky = 0; ky < rows; ky++) {
    let from = x;
    for (let kx = 0; kx < columns; kx++) {
      best = i8x16.max_u(best, v128.xor(v128.load(from), flip));
      from += stepX;
    }
    x += stepY;
  }
  return v128.xor(best, flip);
}

// @ts-ignore: decorator
@inline
function averageF32(
  x: usize, out: usize, channels: i32, rows: i32, columns: i32, stepY: usize, stepX: usize, count: f64,
): void {
  const divisor = f64x2.splat(count);
  for (let c = 0; c < channels; c += 4) {
    let sum0 = f64x2.splat(0), sum1 = sum0;
    let row = x;
    for (let ky = 0; ky < rows; ky++) {
      let from = row;
      for (let kx = 0; kx < columns; kx++) {
        const v = v128.load(from);
        sum0 = f64x2.add(sum0, f64x2.promote_low_f32x4(v));
        sum1 = f64x2.add(sum1, f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1)));
        from += stepX;
      }
      row += stepY;
    }
    const mean = i64x2.shuffle(
      f32x4.demote_f64x2_zero(f64x2.div(sum0, divisor)), f32x4.demote_f64x2_zero(f64x2.div(sum1, divisor)), 0, 2);
    if (channels - c >= 4) v128.store(out, mean);
    else storePart32(out, mean, mean, channels - c);
    x += 16;
    out += 16;
  }
}

// @ts-ignore: decorator
@inline
function averageQ8(
  descriptor: usize, x: usize, out: usize, channels: i32, rows: i32, columns: i32, stepY: usize, stepX: usize,
  count: f32,
): void {
  const signed = field(descriptor, POOL_X_SIGNED);
  const yZero = field(descriptor, POOL_Y_ZERO);
  const lo = f32x4.splat(<f32>(field(descriptor, POOL_Y_LO) - yZero));
  const hi = f32x4.splat(<f32>(field(descriptor, POOL_Y_HI) - yZero));
  const zero = roundingZero(yZero);
  const bias = i32x4.splat(-field(descriptor, POOL_X_ZERO) * rows * columns);
  const multiplier = f32x4.splat(
    load<f32>(descriptor + POOL_X_SCALE) / (load<f32>(descriptor + POOL_Y_SCALE) * count));
  for (let c = 0; c < channels; c += 8) {
    let sum0 = bias, sum1 = bias;
    let row = x;
    for (let ky = 0; ky < rows; ky++) {
      let from = row;
      for (let kx = 0; kx < columns; kx++) {
        const v = signed ? v128.load8x8_s(from) : v128.load8x8_u(from);
        sum0 = i32x4.add(sum0, i32x4.extend_low_i16x8_s(v));
        sum1 = i32x4.add(sum1, i32x4.extend_high_i16x8_s(v));
        from += stepX;
      }
      row += stepY;
    }
    const f0 = f32x4.mul(f32x4.convert_i32x4_s(sum0), multiplier);
    const f1 = f32x4.mul(f32x4.convert_i32x4_s(sum1), multiplier);
    const h = i16x8.narrow_i32x4_s(
      roundToCode(f32x4.pmin(f32x4.pmax(f0, lo), hi), zero), roundToCode(f32x4.pmin(f32x4.pmax(f1, lo), hi), zero));
    store8(out, packCodes(h, h), channels - c);
    x += 8;
    out += 8;
  }
}

export function maxPoolF32(descriptor: usize, firstRow: i32, endRow: i32): void {
  poolRows(MAX_F32, descriptor, firstRow, endRow);
}

export function maxPoolQ8(descriptor: usize, firstRow: i32, endRow: i32): void {
  poolRows(MAX_Q8, descriptor, firstRow, endRow);
}

export function averagePoolF32(descriptor: usize, firstRow: i32, endRow: i32): void {
  poolRows(AVERAGE_F32, descriptor, firstRow, endRow);
}

export function averagePoolQ8(descriptor: usize, firstRow: i32, endRow: i32): void {
  poolRows(AVERAGE_Q8, descriptor, firstRow, endRow);
}
