import { gemmF32_1x32, gemmF32_4x8 } from './gemmF32';
import { gemmQs8Qc8w_1x16, gemmQs8Qc8w_4x8 } from './gemmQ8';
import { im2colF32, im2colQ8, widenRows } from './im2col';
import {
  CONV_BIAS, CONV_BLOCK, CONV_CONTIGUOUS, CONV_DIRECT, CONV_EPILOGUE, CONV_GRID_HEIGHT, CONV_GRID_WIDTH,
  CONV_GROUP_OUT, CONV_K, CONV_LO, CONV_OUT, CONV_OUT_IMAGE, CONV_OUT_PIXEL, CONV_OUT_ROW, CONV_PANELS,
  CONV_WEIGHTS, CONV_X, EPILOGUE_ACCUMULATORS,
} from './layout';
import { field, pairsOfSums, pointer } from './vector';

/**
 * Convolution, transposed convolution and matrix product as a GEMM over blocks of output pixels that stay in cache.
 *
 * @param firstPixel, endPixel over [batch, grid height, grid width].
 * @param firstPanel, endPanel over [groups, panels per group]: 8 output channels each.
 * @param scratch CONV_BLOCK rows of the patch matrix and SLACK.
 */
// @ts-ignore: decorator
@inline
function convBlocks(
  Q8: bool, descriptor: usize, firstPixel: i32, endPixel: i32, firstPanel: i32, endPanel: i32, scratch: usize,
): void {
  const block = field(descriptor, CONV_BLOCK);
  const panels = field(descriptor, CONV_PANELS);
  const k = field(descriptor, CONV_K);
  const direct = field(descriptor, CONV_DIRECT);
  const gridWidth = field(descriptor, CONV_GRID_WIDTH);
  const image = gridWidth * field(descriptor, CONV_GRID_HEIGHT);
  const contiguous = field(descriptor, CONV_CONTIGUOUS);
  const groupOut = field(descriptor, CONV_GROUP_OUT);
  const outPixel = pointer(descriptor, CONV_OUT_PIXEL);
  const wide = Q8 && field(descriptor, CONV_EPILOGUE) == EPILOGUE_ACCUMULATORS;
  const outShift: usize = !Q8 || wide ? 2 : 0;
  const pairs = pairsOfSums(descriptor);
  const panelBytes = Q8 ? <usize>pairs << 5 : <usize>k << 5;
  const rowBytes = Q8 ? <usize>pairs << 2 : <usize>k << 2;

  for (let pixel = firstPixel; pixel < endPixel; ) {
    let count = min(block, endPixel - pixel);
    if (!contiguous) count = min(count, gridWidth - (pixel % gridWidth));
    const rowOfGrid = (pixel % image) / gridWidth;
    const outRow = pointer(descriptor, CONV_OUT)
      + <usize>(pixel / image) * pointer(descriptor, CONV_OUT_IMAGE)
      + <usize>rowOfGrid * pointer(descriptor, CONV_OUT_ROW)
      + <usize>(pixel % gridWidth) * outPixel;
    let a = scratch;
    if (direct) {
      if (Q8) widenRows(descriptor, pixel, count, scratch);
      else a = pointer(descriptor, CONV_X) + <usize>pixel * rowBytes;
    }
    for (let panel = firstPanel; panel < endPanel; ) {
      const group = panel / panels;
      const end = min(endPanel, (group + 1) * panels);
      if (!direct) {
        if (Q8) im2colQ8(descriptor, group, pixel, count, scratch);
        else im2colF32(descriptor, group, pixel, count, scratch);
      }
      const inGroup = (panel - group * panels) << 3;
      const columns = min((end - panel) << 3, groupOut - inGroup);
      const b = pointer(descriptor, CONV_WEIGHTS) + <usize>panel * panelBytes;
      const bias = pointer(descriptor, CONV_BIAS) + (<usize>panel << 5);
      const c = outRow + (<usize>(group * groupOut + inGroup) << outShift);
      if (Q8) {
        if (count == 1) gemmQs8Qc8w_1x16(descriptor, a, b, bias, c, columns, pairs, panel << 3);
        else gemmQs8Qc8w_4x8(descriptor, a, rowBytes, b, bias, c, outPixel, count, columns, pairs, panel << 3);
      } else if (count == 1) gemmF32_1x32(a, b, bias, c, columns, k, descriptor + CONV_LO);
      else gemmF32_4x8(a, rowBytes, b, bias, c, outPixel, count, columns, k, descriptor + CONV_LO);
      panel = end;
    }
    pixel += count;
  }
}

export function convF32(
  descriptor: usize, firstPixel: i32, endPixel: i32, firstPanel: i32, endPanel: i32, scratch: usize,
): void {
  convBlocks(false, descriptor, firstPixel, endPixel, firstPanel, endPanel, scratch);
}

export function convQs8Qc8w(
  descriptor: usize, firstPixel: i32, endPixel: i32, firstPanel: i32, endPanel: i32, scratch: usize,
): void {
  convBlocks(true, descriptor, firstPixel, endPixel, firstPanel, endPanel, scratch);
}
