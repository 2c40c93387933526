import {
  CONV_BIAS, CONV_BLOCK, CONV_DILATION_X, CONV_DILATION_Y, CONV_EPILOGUE, CONV_GRID_HEIGHT, CONV_GRID_WIDTH,
  CONV_IN_CHANNELS, CONV_IN_HEIGHT, CONV_IN_WIDTH, CONV_OUT, CONV_PAD_LEFT, CONV_PAD_TOP, CONV_STRIDE_X,
  CONV_STRIDE_Y, CONV_TAPS_X, CONV_TAPS_Y, CONV_WEIGHTS, CONV_X, CONV_X_SIGNED, CONV_X_ZERO, EPILOGUE_ACCUMULATORS,
} from './layout';
import { depthwiseRowQ8, depthwiseRowQ8_3x3, depthwiseRowQ8_5x5 } from './depthwiseQ8';
import { widenRun, zeroRun } from './runs';
import { field, pointer } from './vector';

/**
 * Copies input rows into scratch as int16, with the padding around them and channels padded to 8.
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
  const signed = field(descriptor, CONV_X_SIGNED);
  const zero = i16x8.splat(<i16>field(descriptor, CONV_X_ZERO));
  const padded = (channels + 7) & ~7;
  const pixelBytes = <usize>padded << 1;
  const x = pointer(descriptor, CONV_X);
  for (let r = 0; r < rows; r++) {
    const iy = firstRow + r;
    if (<u32>iy >= <u32>inHeight) {
      zeroRun(to, <usize>width * pixelBytes);
      to += <usize>width * pixelBytes;
      continue;
    }
    zeroRun(to, <usize>left * pixelBytes);
    to += <usize>left * pixelBytes;
    let from = x + (<usize>((image * inHeight + iy) * inWidth + skipped) * <usize>channels);
    if (padded == channels) {
      widenRun(from, to, inside * channels, signed, zero);
      to += <usize>inside * pixelBytes;
    } else {
      for (let i = 0; i < inside; i++) {
        widenRun(from, to, channels, signed, zero);
        from += <usize>channels;
        to += pixelBytes;
      }
    }
    const right = <usize>(width - left - inside) * pixelBytes;
    zeroRun(to, right);
    to += right;
  }
}

/**
 * Depthwise convolution of output rows, over [batch, height]: blocks of input rows padded in cache, then row by row.
 *
 * @param scratch the padded rows of CONV_BLOCK output rows, SLACK, and one int32 offset per tap in front.
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
  const block = field(descriptor, CONV_BLOCK);
  const outShift: usize = field(descriptor, CONV_EPILOGUE) == EPILOGUE_ACCUMULATORS ? 2 : 0;
  const pixelBytes = <usize>((channels + 7) & ~7) << 1;
  const width = (outWidth - 1) * strideX + (tapsX - 1) * dilationX + 1;
  const rowBytes = <usize>width * pixelBytes;
  const reach = (tapsY - 1) * dilationY + 1;
  const taps = tapsY * tapsX;
  const rows = scratch + (<usize>((taps + 16) & ~15) << 2);
  const tapX = <usize>dilationX * pixelBytes;
  const tapY = <usize>dilationY * rowBytes;
  const step = <usize>strideX * pixelBytes;
  for (let t = 0; t <= taps; t++) {
    const tap = min(t, taps - 1);
    store<usize>(scratch + (<usize>t << 2), <usize>(tap / tapsX) * tapY + <usize>(tap % tapsX) * tapX);
  }
  const weights = pointer(descriptor, CONV_WEIGHTS);
  const bias = pointer(descriptor, CONV_BIAS);

  for (let row = firstRow; row < endRow; ) {
    const image = row / height;
    const y = row - image * height;
    const count = min(min(block, endRow - row), height - y);
    const top = y * strideY - field(descriptor, CONV_PAD_TOP);
    padRows(descriptor, image, top, (count - 1) * strideY + reach, width, rows);
    for (let i = 0; i < count; i++) {
      const x = rows + <usize>(i * strideY) * rowBytes;
      const out = pointer(descriptor, CONV_OUT)
        + (<usize>((row + i) * outWidth) * <usize>channels << outShift);
      if (tapsY == 3 && tapsX == 3) depthwiseRowQ8_3x3(descriptor, x, weights, bias, out, outWidth, step, tapX, tapY);
      else if (tapsY == 5 && tapsX == 5) {
        depthwiseRowQ8_5x5(descriptor, x, weights, bias, out, outWidth, step, tapX, tapY);
      } else depthwiseRowQ8(descriptor, x, weights, bias, out, outWidth, step, scratch, taps);
    }
    row += count;
  }
}
