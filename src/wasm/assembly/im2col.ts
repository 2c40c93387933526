import {
  CONV_DENSE_TAPS, CONV_GRID_HEIGHT, CONV_GRID_WIDTH, CONV_GROUP_IN, CONV_IN_CHANNELS, CONV_IN_HEIGHT,
  CONV_IN_WIDTH, CONV_K, CONV_OFFSETS, CONV_STRIDE_X, CONV_STRIDE_Y, CONV_TAPS_X, CONV_TAPS_Y, CONV_X, CONV_X_SIGNED,
  CONV_X_ZERO,
} from './layout';
import { copyRunF32, widenRun, zeroRun } from './runs';
import { field, pointer } from './vector';

/**
 * Writes the patches of output pixels first, first + 1, ... as rows of a matrix: [ky][kx][input channel].
 *
 * @param Q8 true: codes become int16, every row of taps has an even length; false: float32.
 */
// @ts-ignore: decorator
@inline
function im2col(Q8: bool, descriptor: usize, group: i32, first: i32, count: i32, to: usize): void {
  const inHeight = field(descriptor, CONV_IN_HEIGHT);
  const inWidth = field(descriptor, CONV_IN_WIDTH);
  const inChannels = field(descriptor, CONV_IN_CHANNELS);
  const gridHeight = field(descriptor, CONV_GRID_HEIGHT);
  const gridWidth = field(descriptor, CONV_GRID_WIDTH);
  const strideY = field(descriptor, CONV_STRIDE_Y);
  const strideX = field(descriptor, CONV_STRIDE_X);
  const tapsY = field(descriptor, CONV_TAPS_Y);
  const tapsX = field(descriptor, CONV_TAPS_X);
  const offsetsY = pointer(descriptor, CONV_OFFSETS);
  const offsetsX = offsetsY + (<usize>tapsY << 2);
  const depth = field(descriptor, CONV_GROUP_IN);
  const dense = field(descriptor, CONV_DENSE_TAPS);
  const odd = Q8 && ((tapsX * depth) & 1) == 1;
  const signed = field(descriptor, CONV_X_SIGNED);
  const zero = i16x8.splat(<i16>field(descriptor, CONV_X_ZERO));
  const inShift: usize = Q8 ? 0 : 2;
  const outShift: usize = Q8 ? 1 : 2;
  const x = pointer(descriptor, CONV_X) + (<usize>(group * depth) << inShift);

  let gx = first % gridWidth;
  let gy = (first / gridWidth) % gridHeight;
  let image = first / (gridWidth * gridHeight);
  for (let i = 0; i < count; i++) {
    for (let ty = 0; ty < tapsY; ty++) {
      const iy = gy * strideY + load<i32>(offsetsY + (<usize>ty << 2));
      if (<u32>iy >= <u32>inHeight) {
        const bytes = <usize>(tapsX * depth + (odd ? 1 : 0)) << outShift;
        zeroRun(to, bytes);
        to += bytes;
        continue;
      }
      const row = x + ((<usize>((image * inHeight + iy) * inWidth) * <usize>inChannels) << inShift);
      if (dense) {
        const start = gx * strideX + load<i32>(offsetsX);
        const left = min(max(-start, 0), tapsX);
        const inside = max(min(inWidth - start, tapsX) - left, 0);
        const right = tapsX - left - inside;
        if (left > 0) {
          zeroRun(to, <usize>(left * depth) << outShift);
          to += <usize>(left * depth) << outShift;
        }
        const from = row + (<usize>((start + left) * inChannels) << inShift);
        if (Q8) widenRun(from, to, inside * depth, signed, zero);
        else copyRunF32(from, to, inside * depth);
        to += <usize>(inside * depth) << outShift;
        if (right > 0) {
          zeroRun(to, <usize>(right * depth) << outShift);
          to += <usize>(right * depth) << outShift;
        }
      } else {
        for (let tx = 0; tx < tapsX; tx++) {
          const ix = gx * strideX + load<i32>(offsetsX + (<usize>tx << 2));
          const from = row + (<usize>(ix * inChannels) << inShift);
          if (<u32>ix >= <u32>inWidth) zeroRun(to, <usize>depth << outShift);
          else if (Q8) widenRun(from, to, depth, signed, zero);
          else copyRunF32(from, to, depth);
          to += <usize>depth << outShift;
        }
      }
      if (odd) {
        store<i16>(to, 0);
        to += 2;
      }
    }
    if (++gx == gridWidth) {
      gx = 0;
      if (++gy == gridHeight) {
        gy = 0;
        image++;
      }
    }
  }
}

export function im2colF32(descriptor: usize, group: i32, first: i32, count: i32, to: usize): void {
  im2col(false, descriptor, group, first, count, to);
}

export function im2colQ8(descriptor: usize, group: i32, first: i32, count: i32, to: usize): void {
  im2col(true, descriptor, group, first, count, to);
}

/** Rows of a matrix that lies there already: to int16 rows of even length. */
export function widenRows(descriptor: usize, first: i32, count: i32, to: usize): void {
  const k = field(descriptor, CONV_K);
  const signed = field(descriptor, CONV_X_SIGNED);
  const zero = i16x8.splat(<i16>field(descriptor, CONV_X_ZERO));
  let from = pointer(descriptor, CONV_X) + <usize>first * <usize>k;
  if ((k & 1) == 0) {
    widenRun(from, to, count * k, signed, zero);
    return;
  }
  for (let i = 0; i < count; i++) {
    widenRun(from, to, k, signed, zero);
    store<i16>(to + (<usize>k << 1), 0);
    from += <usize>k;
    to += <usize>(k + 1) << 1;
  }
}
