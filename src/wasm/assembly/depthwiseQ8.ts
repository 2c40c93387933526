import { finishRow, scaleFp32 } from './epilogue';
import {
  CONV_EPILOGUE, CONV_IN_CHANNELS, CONV_MULTIPLIER, CONV_Y_HI, CONV_Y_LO, CONV_Y_ZERO, EPILOGUE_ACCUMULATORS,
  EPILOGUE_FP32,
} from './layout';
import { field, packCodes, pointer, roundingZero, roundToCode, store8 } from './vector';

// A dot instruction adds the products of two taps: their channels are interleaved, as the weights are.

/** Products of two taps for channels 0 to 3. */
// @ts-ignore: decorator
@inline
function low(acc: v128, first: v128, second: v128, w: usize): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(i16x8.shuffle(first, second, 0, 8, 1, 9, 2, 10, 3, 11), v128.load(w)));
}

/** Products of two taps for channels 4 to 7. */
// @ts-ignore: decorator
@inline
function high(acc: v128, first: v128, second: v128, w: usize): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(i16x8.shuffle(first, second, 4, 12, 5, 13, 6, 14, 7, 15), v128.load(w, 16)));
}

/** The epilogue's constants for 8 channels; fields other than fp32's are read where they are used. */
// @ts-ignore: decorator
@inline
function finish(
  descriptor: usize, epilogue: i32, acc0: v128, acc1: v128, out: usize, channel: i32, width: i32, m0: v128, m1: v128,
  lo: v128, hi: v128, zero: v128,
): void {
  if (epilogue == EPILOGUE_FP32) {
    const h = i16x8.narrow_i32x4_s(
      roundToCode(scaleFp32(acc0, m0, lo, hi), zero), roundToCode(scaleFp32(acc1, m1, lo, hi), zero));
    store8(out, packCodes(h, h), width);
  } else finishRow(descriptor, acc0, acc1, out, channel, width);
}

/**
 * One output row of a depthwise convolution, eight channels at a time.
 *
 * @param TAPS 3 or 5 (kernel 3x3 or 5x5, unrolled), or 0: `taps` taps at `offsets`.
 * @param weights [channels / 8][pairs of taps][low, high][8] int16, a last odd tap paired with zeros.
 */
// @ts-ignore: decorator
@inline
function depthwiseRow(
  TAPS: i32, descriptor: usize, x: usize, weights: usize, bias: usize, out: usize, outWidth: i32, step: usize,
  tapX: usize, tapY: usize, offsets: usize, taps: i32,
): void {
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const epilogue = field(descriptor, CONV_EPILOGUE);
  const outShift: usize = epilogue == EPILOGUE_ACCUMULATORS ? 2 : 0;
  const outPixel = <usize>channels << outShift;
  const yZero = field(descriptor, CONV_Y_ZERO);
  const lo = f32x4.splat(<f32>(field(descriptor, CONV_Y_LO) - yZero));
  const hi = f32x4.splat(<f32>(field(descriptor, CONV_Y_HI) - yZero));
  const zero = roundingZero(yZero);
  const pairs = (taps + 1) >> 1;
  let multiplier = pointer(descriptor, CONV_MULTIPLIER);
  for (let c = 0; c < channels; c += 8) {
    const b0 = v128.load(bias), b1 = v128.load(bias, 16);
    let m0 = b0, m1 = b1;
    if (epilogue == EPILOGUE_FP32) {
      m0 = v128.load(multiplier);
      m1 = v128.load(multiplier, 16);
    }
    let px = x;
    let po = out;
    for (let ox = 0; ox < outWidth; ox++) {
      let s0 = b0, s1 = b1;
      if (TAPS == 3) {
        const row1 = px + tapY, row2 = row1 + tapY, tapX2 = tapX << 1;
        let p = v128.load(px), q = v128.load(px + tapX);
        s0 = low(s0, p, q, weights);
        s1 = high(s1, p, q, weights);
        p = v128.load(px + tapX2);
        q = v128.load(row1);
        s0 = low(s0, p, q, weights + 32);
        s1 = high(s1, p, q, weights + 32);
        p = v128.load(row1 + tapX);
        q = v128.load(row1 + tapX2);
        s0 = low(s0, p, q, weights + 64);
        s1 = high(s1, p, q, weights + 64);
        p = v128.load(row2);
        q = v128.load(row2 + tapX);
        s0 = low(s0, p, q, weights + 96);
        s1 = high(s1, p, q, weights + 96);
        p = v128.load(row2 + tapX2);
        s0 = low(s0, p, p, weights + 128);
        s1 = high(s1, p, p, weights + 128);
      } else if (TAPS == 5) {
        const tapX2 = tapX << 1, tapX3 = tapX2 + tapX, tapX4 = tapX << 2;
        let row = px;
        let w = weights;
        for (let ty = 0; ty < 2; ty++) {
          const next = row + tapY;
          let p = v128.load(row), q = v128.load(row + tapX);
          s0 = low(s0, p, q, w);
          s1 = high(s1, p, q, w);
          p = v128.load(row + tapX2);
          q = v128.load(row + tapX3);
          s0 = low(s0, p, q, w + 32);
          s1 = high(s1, p, q, w + 32);
          p = v128.load(row + tapX4);
          q = v128.load(next);
          s0 = low(s0, p, q, w + 64);
          s1 = high(s1, p, q, w + 64);
          p = v128.load(next + tapX);
          q = v128.load(next + tapX2);
          s0 = low(s0, p, q, w + 96);
          s1 = high(s1, p, q, w + 96);
          p = v128.load(next + tapX3);
          q = v128.load(next + tapX4);
          s0 = low(s0, p, q, w + 128);
          s1 = high(s1, p, q, w + 128);
          row = next + tapY;
          w += 160;
        }
        let p = v128.load(row), q = v128.load(row + tapX);
        s0 = low(s0, p, q, w);
        s1 = high(s1, p, q, w);
        p = v128.load(row + tapX2);
        q = v128.load(row + tapX3);
        s0 = low(s0, p, q, w + 32);
        s1 = high(s1, p, q, w + 32);
        p = v128.load(row + tapX4);
        s0 = low(s0, p, p, w + 64);
        s1 = high(s1, p, p, w + 64);
      } else {
        let w = weights;
        let offset = offsets;
        for (let i = 0; i < pairs; i++) {
          const p = v128.load(px + load<usize>(offset)), q = v128.load(px + load<usize>(offset, 4));
          s0 = low(s0, p, q, w);
          s1 = high(s1, p, q, w);
          w += 32;
          offset += 8;
        }
      }
      finish(descriptor, epilogue, s0, s1, po, c, channels - c, m0, m1, lo, hi, zero);
      px += step;
      po += outPixel;
    }
    weights += <usize>pairs << 5;
    bias += 32;
    multiplier += 32;
    x += 16;
    out += <usize>8 << outShift;
  }
}

export function depthwiseRowQ8_3x3(
  descriptor: usize, x: usize, weights: usize, bias: usize, out: usize, outWidth: i32, step: usize, tapX: usize,
  tapY: usize,
): void {
  depthwiseRow(3, descriptor, x, weights, bias, out, outWidth, step, tapX, tapY, 0, 9);
}

export function depthwiseRowQ8_5x5(
  descriptor: usize, x: usize, weights: usize, bias: usize, out: usize, outWidth: i32, step: usize, tapX: usize,
  tapY: usize,
): void {
  depthwiseRow(5, descriptor, x, weights, bias, out, outWidth, step, tapX, tapY, 0, 25);
}

export function depthwiseRowQ8(
  descriptor: usize, x: usize, weights: usize, bias: usize, out: usize, outWidth: i32, step: usize, offsets: usize,
  taps: i32,
): void {
  depthwiseRow(0, descriptor, x, weights, bias, out, outWidth, step, 0, 0, offsets, taps);
}
