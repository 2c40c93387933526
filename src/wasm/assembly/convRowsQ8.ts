import { gemmRunsQs8Qc8w_4x8 } from './gemmQ8';
import {
  CONV_BIAS, CONV_BLOCK, CONV_CONTIGUOUS, CONV_DILATION_Y, CONV_GRID_HEIGHT, CONV_GRID_WIDTH,
  CONV_GROUP_OUT, CONV_IN_CHANNELS, CONV_IN_HEIGHT, CONV_IN_WIDTH, CONV_OUT, CONV_OUT_IMAGE, CONV_OUT_PIXEL,
  CONV_OUT_ROW, CONV_PAD_LEFT, CONV_PAD_TOP, CONV_STRIDE_X, CONV_STRIDE_Y, CONV_TAPS_X, CONV_TAPS_Y, CONV_WEIGHTS,
  CONV_X, CONV_X_SIGNED, CONV_X_ZERO,
} from './layout';
import { widenRun, zeroRun } from './runs';
import { field, pointer } from './vector';

/**
 * Copies input rows into scratch as int16, zero point subtracted, with the padding around them.
 *
 * @param firstRow may lie outside the image; @param width padded columns.
 */
function padRows(descriptor: usize, image: i32, firstRow: i32, rows: i32, width: i32, to: usize): void {
  const inHeight = field(descriptor, CONV_IN_HEIGHT);
  const inWidth = field(descriptor, CONV_IN_WIDTH);
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const left = min(max(field(descriptor, CONV_PAD_LEFT), 0), width);
  const skipped = max(-field(descriptor, CONV_PAD_LEFT), 0);
  const inside = max(min(inWidth - skipped, width - left), 0);
  const right = width - left - inside;
  const signed = field(descriptor, CONV_X_SIGNED);
  const zero = i16x8.splat(<i16>field(descriptor, CONV_X_ZERO));
  const pixelBytes = <usize>channels << 1;
  const x = pointer(descriptor, CONV_X);
  for (let y = firstRow; y < firstRow + rows; y++) {
    if (<u32>y >= <u32>inHeight) {
      zeroRun(to, <usize>width * pixelBytes);
      to += <usize>width * pixelBytes;
      continue;
    }
    zeroRun(to, <usize>left * pixelBytes);
    to += <usize>left * pixelBytes;
    const from = x + <usize>((image * inHeight + y) * inWidth + skipped) * <usize>channels;
    widenRun(from, to, inside * channels, signed, zero);
    to += <usize>inside * pixelBytes;
    zeroRun(to, <usize>right * pixelBytes);
    to += <usize>right * pixelBytes;
  }
}

/**
 * Convolution of one group whose taps are neighbours in a row: the rows of its patches are read where they lie in the
 * padded input, so that nothing is copied once per tap.
 *
 * @param firstRow, endRow output rows over [batch, grid height].
 * @param scratch offsets of the pixels of CONV_BLOCK output rows and 3 more, their padded input rows, and SLACK.
 */
export function convRowsQs8Qc8w(descriptor: usize, firstRow: i32, endRow: i32, scratch: usize): void {
  const height = field(descriptor, CONV_GRID_HEIGHT);
  const gridWidth = field(descriptor, CONV_GRID_WIDTH);
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const strideY = field(descriptor, CONV_STRIDE_Y);
  const strideX = field(descriptor, CONV_STRIDE_X);
  const tapsY = field(descriptor, CONV_TAPS_Y);
  const tapsX = field(descriptor, CONV_TAPS_X);
  const dilationY = field(descriptor, CONV_DILATION_Y);
  const block = field(descriptor, CONV_BLOCK);
  const columns = field(descriptor, CONV_GROUP_OUT);
  const outRow = pointer(descriptor, CONV_OUT_ROW);
  const outPixel = pointer(descriptor, CONV_OUT_PIXEL);
  const weights = pointer(descriptor, CONV_WEIGHTS);
  const bias = pointer(descriptor, CONV_BIAS);
  const pairs = (tapsX * channels + 1) >> 1;
  const width = (gridWidth - 1) * strideX + tapsX;
  const rowBytes = <usize>(width * channels) << 1;
  const runStep = <usize>dilationY * rowBytes;
  const pixels = block * gridWidth + 3;
  const rows = scratch + (<usize>((pixels + 15) & ~15) << 2);
  for (let i = 0; i < pixels; i++) {
    const y = i / gridWidth;
    const start = <usize>(y * strideY) * rowBytes + (<usize>((i - y * gridWidth) * strideX * channels) << 1);
    store<usize>(scratch + (<usize>i << 2), y < block ? start : 0);
  }
  for (let row = firstRow; row < endRow; ) {
    const image = row / height;
    const y = row - image * height;
    const count = min(min(block, endRow - row), height - y);
    const reach = (count - 1) * strideY + (tapsY - 1) * dilationY + 1;
    padRows(descriptor, image, y * strideY - field(descriptor, CONV_PAD_TOP), reach, width, rows);
    const out = pointer(descriptor, CONV_OUT) + <usize>image * pointer(descriptor, CONV_OUT_IMAGE) + <usize>y * outRow;
    if (field(descriptor, CONV_CONTIGUOUS)) {
      gemmRunsQs8Qc8w_4x8(
        descriptor, rows, scratch, tapsY, runStep, weights, bias, out, outPixel, count * gridWidth, columns, pairs, 0);
    } else {
      for (let i = 0; i < count; i++) {
        gemmRunsQs8Qc8w_4x8(
          descriptor, rows + <usize>(i * strideY) * rowBytes, scratch, tapsY, runStep, weights, bias,
          out + <usize>i * outRow, outPixel, gridWidth, columns, pairs, 0);
      }
    }
    row += count;
  }
}
