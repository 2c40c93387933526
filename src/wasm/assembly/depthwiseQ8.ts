import { byteFlip, byteHi, byteLo, scaledStep, stepCodes, stepZero } from './epilogue';
import { finishOctet } from './gemmQ8';
import {
  CONV_BIAS, CONV_BLOCK, CONV_DILATION_X, CONV_DILATION_Y, CONV_EPILOGUE, CONV_GRID_HEIGHT, CONV_GRID_WIDTH,
  CONV_IN_CHANNELS, CONV_IN_HEIGHT, CONV_IN_WIDTH, CONV_MULTIPLIER, CONV_OUT, CONV_PAD_LEFT, CONV_PAD_TOP,
  CONV_STRIDE_X, CONV_STRIDE_Y, CONV_TAPS_X, CONV_TAPS_Y, CONV_WEIGHTS, CONV_X, CONV_X_SIGNED, CONV_X_ZERO,
  EPILOGUE_ACCUMULATORS, EPILOGUE_FP32,
} from './layout';
import { field, pointer } from './vector';

// A dot instruction adds the products of two taps. Here they are the taps of two rows: input rows that one column of
// the window sees below each other are interleaved channel by channel when they are padded, four channels to a vector,
// in a plane of their own. The bias holds what the zero point takes from the sums. A row of outputs then starts at the first or at the second row of a pair; there are weights
// for either, with zeros where a pair has a row that the window does not see.

/** Bytes of one column of a plane: four channels of two rows. */
const ENTRY: usize = 8;

/** Writes `count` bytes, rounded up to ENTRY; what follows is overwritten later. */
function fillRun(to: usize, bytes: v128, count: usize): void {
  for (let i: usize = 0; i < count; i += 8) v128.store64_lane(to + i, bytes, 0);
}

/**
 * Interleaves input rows into planes [channels / 4][pair of rows][column][4][2] int8, uint8 codes less 128; padding is
 * the zero point.
 *
 * @param firstRow of the input, may lie outside; rows that are paired lie CONV_DILATION_Y apart.
 * @param pairs of rows; @param width columns with padding; @param outside 16 bytes for what rows outside hold.
 */
function padPairs(
  descriptor: usize, image: i32, firstRow: i32, pairs: i32, width: i32, to: usize, outside: usize,
): void {
  const inHeight = field(descriptor, CONV_IN_HEIGHT);
  const inWidth = field(descriptor, CONV_IN_WIDTH);
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const dilation = field(descriptor, CONV_DILATION_Y);
  const left = min(max(field(descriptor, CONV_PAD_LEFT), 0), width);
  const skipped = max(-field(descriptor, CONV_PAD_LEFT), 0);
  const inside = max(min(inWidth - skipped, width - left), 0);
  const right = <usize>(width - left - inside) * ENTRY;
  const flip = i8x16.splat(field(descriptor, CONV_X_SIGNED) ? 0 : <i8>-128);
  const zero = i8x16.splat(<i8>field(descriptor, CONV_X_ZERO));
  const padding = v128.xor(zero, flip);
  v128.store(outside, zero);
  const rowBytes = <usize>width * ENTRY;
  const planeBytes = <usize>pairs * rowBytes;
  const x = pointer(descriptor, CONV_X) + <usize>((image * inHeight) * inWidth + skipped) * <usize>channels;
  const inRow = <usize>inWidth * <usize>channels;
  for (let pair = 0; pair < pairs; pair++) {
    const y0 = firstRow + (pair / dilation) * 2 * dilation + (pair % dilation);
    const y1 = y0 + dilation;
    const has0 = <u32>y0 < <u32>inHeight, has1 = <u32>y1 < <u32>inHeight;
    const step0 = has0 ? <usize>channels : 0, step1 = has1 ? <usize>channels : 0;
    let plane0 = to + <usize>pair * rowBytes;
    for (let c = 0; c < channels; c += 16) {
      const plane1 = plane0 + planeBytes, plane2 = plane1 + planeBytes, plane3 = plane2 + planeBytes;
      const lead = <usize>left * ENTRY;
      fillRun(plane0, padding, lead);
      fillRun(plane1, padding, lead);
      let from0 = has0 ? x + <usize>y0 * inRow + <usize>c : outside;
      let from1 = has1 ? x + <usize>y1 * inRow + <usize>c : outside;
      let at = lead;
      if (channels - c > 8) {
        fillRun(plane2, padding, lead);
        fillRun(plane3, padding, lead);
        for (let i = 0; i < inside; i++) {
          const v0 = v128.xor(v128.load(from0), flip), v1 = v128.xor(v128.load(from1), flip);
          const low = i8x16.shuffle(v0, v1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
          const high = i8x16.shuffle(v0, v1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
          v128.store64_lane(plane0 + at, low, 0);
          v128.store64_lane(plane1 + at, low, 1);
          v128.store64_lane(plane2 + at, high, 0);
          v128.store64_lane(plane3 + at, high, 1);
          from0 += step0;
          from1 += step1;
          at += ENTRY;
        }
        fillRun(plane2 + at, padding, right);
        fillRun(plane3 + at, padding, right);
      } else {
        for (let i = 0; i < inside; i++) {
          const v0 = v128.xor(v128.load64_zero(from0), flip), v1 = v128.xor(v128.load64_zero(from1), flip);
          const low = i8x16.shuffle(v0, v1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
          v128.store64_lane(plane0 + at, low, 0);
          v128.store64_lane(plane1 + at, low, 1);
          from0 += step0;
          from1 += step1;
          at += ENTRY;
        }
      }
      fillRun(plane0 + at, padding, right);
      fillRun(plane1 + at, padding, right);
      plane0 += planeBytes << 2;
    }
  }
}

// @ts-ignore: decorator
@inline
function mac(acc: v128, x: v128, w: v128): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(x, w));
}

/** A row of outputs of a 3x3 window without dilation in x: four channels, two pixels at a time, EPILOGUE_FP32. */
// @ts-ignore: decorator
@inline
function row3x3(
  STRIDE: i32, x: usize, pairStep: usize, weights: usize, bias: v128, multiplier: v128, out: usize, outWidth: i32,
  outPixel: usize, zero: v128, lo: v128, hi: v128, flip: v128,
): void {
  const w0 = v128.load(weights), w1 = v128.load(weights, 16), w2 = v128.load(weights, 32);
  const w3 = v128.load(weights, 48), w4 = v128.load(weights, 64), w5 = v128.load(weights, 80);
  let a = x, b = x + pairStep;
  for (let i = outWidth; i > 0; i -= 2) {
    let v = v128.load8x8_s(a);
    let s0 = mac(bias, v, w0), s1 = bias;
    v = v128.load8x8_s(a, 8);
    s0 = mac(s0, v, w1);
    if (STRIDE == 1) s1 = mac(s1, v, w0);
    v = v128.load8x8_s(a, 16);
    s0 = mac(s0, v, w2);
    s1 = mac(s1, v, STRIDE == 1 ? w1 : w0);
    v = v128.load8x8_s(a, 24);
    s1 = mac(s1, v, STRIDE == 1 ? w2 : w1);
    if (STRIDE == 2) s1 = mac(s1, v128.load8x8_s(a, 32), w2);
    v = v128.load8x8_s(b);
    s0 = mac(s0, v, w3);
    v = v128.load8x8_s(b, 8);
    s0 = mac(s0, v, w4);
    if (STRIDE == 1) s1 = mac(s1, v, w3);
    v = v128.load8x8_s(b, 16);
    s0 = mac(s0, v, w5);
    s1 = mac(s1, v, STRIDE == 1 ? w4 : w3);
    v = v128.load8x8_s(b, 24);
    s1 = mac(s1, v, STRIDE == 1 ? w5 : w4);
    if (STRIDE == 2) s1 = mac(s1, v128.load8x8_s(b, 32), w5);
    const h = i16x8.narrow_i32x4_s(scaledStep(s0, multiplier, zero), scaledStep(s1, multiplier, zero));
    const codes = stepCodes(h, h, lo, hi, flip);
    v128.store32_lane(out, codes, 0);
    if (i > 1) v128.store32_lane(out + outPixel, codes, 1);
    a += STRIDE == 1 ? 16 : 32;
    b += STRIDE == 1 ? 16 : 32;
    out += outPixel << 1;
  }
}

/** Sums of one output of four channels: `pairs` pairs of rows and `tapsX` columns. */
// @ts-ignore: decorator
@inline
function sums(
  x: usize, pairStep: usize, tapStep: usize, weights: usize, bias: v128, pairs: i32, tapsX: i32,
): v128 {
  let acc = bias;
  for (let p = pairs; p > 0; p--) {
    let at = x;
    for (let t = tapsX; t > 0; t--) {
      acc = mac(acc, v128.load8x8_s(at), v128.load(weights));
      at += tapStep;
      weights += 16;
    }
    x += pairStep;
  }
  return acc;
}

/** A row of outputs of any window: four channels, EPILOGUE_FP32. */
// @ts-ignore: decorator
@inline
function rowOfAny(
  PAIRS: i32, TAPS: i32, x: usize, pairStep: usize, weights: usize, bias: v128, multiplier: v128, out: usize,
  outWidth: i32, outPixel: usize, tapStep: usize, step: usize, pairs: i32, tapsX: i32, zero: v128, lo: v128, hi: v128,
  flip: v128,
): void {
  for (let i = outWidth; i > 0; i--) {
    const acc = sums(x, pairStep, tapStep, weights, bias, PAIRS ? PAIRS : pairs, TAPS ? TAPS : tapsX);
    const h = i16x8.narrow_i32x4_s(scaledStep(acc, multiplier, zero), acc);
    v128.store32_lane(out, stepCodes(h, h, lo, hi, flip), 0);
    x += step;
    out += outPixel;
  }
}

/** A row of outputs of any window: up to eight channels, any epilogue. */
function rowOfOctet(
  descriptor: usize, x: usize, planeBytes: usize, pairStep: usize, weights: usize, quadWeights: usize, bias: usize,
  channel: i32, out: usize, outWidth: i32, outPixel: usize, tapStep: usize, step: usize, pairs: i32, tapsX: i32,
): void {
  const b0 = v128.load(bias), b1 = v128.load(bias, 16);
  const width = field(descriptor, CONV_IN_CHANNELS) - channel;
  for (let i = outWidth; i > 0; i--) {
    const acc0 = sums(x, pairStep, tapStep, weights, b0, pairs, tapsX);
    const acc1 = sums(x + planeBytes, pairStep, tapStep, weights + quadWeights, b1, pairs, tapsX);
    finishOctet(descriptor, acc0, acc1, out, channel, width);
    x += step;
    out += outPixel;
  }
}

/**
 * Depthwise convolution of codes, output rows over [batch, height]: equation (A), and (R) as the epilogue says.
 *
 * Weights [channels / 4][first or second row of a pair][pairs][columns][4][2] int16.
 *
 * @param scratch 16 bytes, the planes of CONV_BLOCK output rows, and SLACK.
 */
export function depthwiseQs8Qc8w(descriptor: usize, firstRow: i32, endRow: i32, scratch: usize): void {
  const height = field(descriptor, CONV_GRID_HEIGHT);
  const outWidth = field(descriptor, CONV_GRID_WIDTH);
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const strideY = field(descriptor, CONV_STRIDE_Y);
  const strideX = field(descriptor, CONV_STRIDE_X);
  const dilationY = field(descriptor, CONV_DILATION_Y);
  const dilationX = field(descriptor, CONV_DILATION_X);
  const tapsY = field(descriptor, CONV_TAPS_Y);
  const tapsX = field(descriptor, CONV_TAPS_X);
  const epilogue = field(descriptor, CONV_EPILOGUE);
  const shift: usize = epilogue == EPILOGUE_ACCUMULATORS ? 2 : 0;
  const width = (outWidth - 1) * strideX + (tapsX - 1) * dilationX + 1;
  const rowBytes = <usize>width * ENTRY;
  const pairStep = <usize>dilationY * rowBytes;
  const pairs = (tapsY >> 1) + 1;
  const rowWeights = <usize>(pairs * tapsX) << 4;
  const outPixel = <usize>channels << shift;
  const is3x3 = dilationX == 1 && tapsX == 3 && tapsY == 3;
  const zero = stepZero(descriptor), lo = byteLo(descriptor), hi = byteHi(descriptor), flip = byteFlip(descriptor);
  const tapStep = <usize>dilationX * ENTRY, step = <usize>strideX * ENTRY;
  const planes = scratch + 16;
  for (let row = firstRow; row < endRow; ) {
    const image = row / height;
    const y = row - image * height;
    const count = min(min(field(descriptor, CONV_BLOCK), endRow - row), height - y);
    const lastStart = (count - 1) * strideY;
    const allPairs = ((lastStart / dilationY >> 1) + pairs) * dilationY;
    padPairs(descriptor, image, y * strideY - field(descriptor, CONV_PAD_TOP), allPairs, width, planes, scratch);
    const planeBytes = <usize>allPairs * rowBytes;
    for (let i = 0; i < count; i++) {
      const start = i * strideY;
      const index = start / dilationY;
      let x = planes + <usize>((index >> 1) * dilationY + start % dilationY) * rowBytes;
      let weights = pointer(descriptor, CONV_WEIGHTS) + (index & 1 ? rowWeights : 0);
      let bias = pointer(descriptor, CONV_BIAS);
      let multiplier = pointer(descriptor, CONV_MULTIPLIER);
      let out = pointer(descriptor, CONV_OUT) + <usize>((row + i) * outWidth) * outPixel;
      for (let c = 0; c < channels; c += 8) {
        if (epilogue != EPILOGUE_FP32 || channels - c < 8) {
          rowOfOctet(
            descriptor, x, planeBytes, pairStep, weights, rowWeights << 1, bias, c, out, outWidth, outPixel, tapStep,
            step, pairs, tapsX);
          x += planeBytes << 1;
          weights += rowWeights << 2;
          bias += 32;
          multiplier += 32;
          out += <usize>8 << shift;
          continue;
        }
        for (let quad = 0; quad < 2; quad++) {
          const b = v128.load(bias), m = v128.load(multiplier);
          if (is3x3 && strideX == 1) {
            row3x3(1, x, pairStep, weights, b, m, out, outWidth, outPixel, zero, lo, hi, flip);
          } else if (is3x3 && strideX == 2) {
            row3x3(2, x, pairStep, weights, b, m, out, outWidth, outPixel, zero, lo, hi, flip);
          } else if (tapsY == 5 && tapsX == 5) {
            rowOfAny(
              3, 5, x, pairStep, weights, b, m, out, outWidth, outPixel, tapStep, step, pairs, tapsX, zero, lo, hi,
              flip);
          } else {
            rowOfAny(
              0, 0, x, pairStep, weights, b, m, out, outWidth, outPixel, tapStep, step, pairs, tapsX, zero, lo, hi,
              flip);
          }
          x += planeBytes;
          weights += rowWeights << 1;
          bias += 16;
          multiplier += 16;
          out += 4;
        }
      }
    }
    row += count;
  }
}
