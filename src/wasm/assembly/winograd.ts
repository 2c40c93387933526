import { gemmF32Panel_4x8 } from './gemmF32';
import {
  CONV_BIAS, CONV_BLOCK, CONV_GRID_HEIGHT, CONV_GRID_WIDTH, CONV_GROUP_OUT, CONV_IN_CHANNELS, CONV_IN_HEIGHT,
  CONV_IN_WIDTH, CONV_LO, CONV_OUT, CONV_PAD_LEFT, CONV_PAD_TOP, CONV_WEIGHTS, CONV_X, WINOGRAD_HEADER,
} from './layout';
import { copyRunF32, zeroRun } from './runs';
import { clampF32x4, field, pointer, store4 } from './vector';

/**
 * Convolution 3x3 of stride 1 by F(2x2, 3x3): tiles of 2x2 outputs, each from a 4x4 patch d of the input, as
 * y = A'[ sum over channels of (G g G') * (B' d B) ] A, which takes 16 products instead of 36.
 *
 * B' d B and A' m A are sums of at most two and three terms per dimension with factors 1 and -1. The bias enters as the
 * start of sum (1, 1), which all four outputs contain once. Tiles do not depend on each other, so that any split over
 * blocks or threads gives the same bits.
 *
 * @param firstTile, endTile over [batch, ceil(height / 2), ceil(width / 2)].
 * @param firstPanel, endPanel of 8 output channels.
 * @param scratch WINOGRAD_HEADER, one patch [16][channels padded to 4], sums [16][CONV_BLOCK][8], transformed patches
 *   [16][CONV_BLOCK][channels padded to 4], and SLACK.
 * @source Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2015), section 4.1.
 */
export function winogradF32(
  descriptor: usize, firstTile: i32, endTile: i32, firstPanel: i32, endPanel: i32, scratch: usize,
): void {
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const outChannels = field(descriptor, CONV_GROUP_OUT);
  const block = field(descriptor, CONV_BLOCK);
  const rowBytes = <usize>((channels + 3) & ~3) << 2;
  const patch = scratch + WINOGRAD_HEADER;
  const sums = patch + (rowBytes << 4);
  const transformed = sums + (<usize>block << 9);
  const panelBytes = <usize>channels << 5;
  zeroRun(scratch, 32);
  store<f32>(scratch + 32, -Infinity);
  store<f32>(scratch + 36, Infinity);
  const blocks = (endTile - firstTile + block - 1) / block;
  const size = blocks == 0 ? 0 : ((endTile - firstTile + blocks - 1) / blocks + 3) & ~3;
  for (let tile = firstTile; tile < endTile; tile += size) {
    const count = min(size, endTile - tile);
    const plane = <usize>count * rowBytes;
    transformPatches(descriptor, tile, count, rowBytes, patch, transformed);
    for (let panel = firstPanel; panel < endPanel; panel++) {
      let weights = pointer(descriptor, CONV_WEIGHTS) + (<usize>panel << 4) * panelBytes;
      const bias = pointer(descriptor, CONV_BIAS) + (<usize>panel << 5);
      let a = transformed;
      let c = sums;
      for (let p = 0; p < 16; p++) {
        gemmF32Panel_4x8(a, rowBytes, weights, p == 5 ? bias : scratch, c, 32, count, 8, channels, scratch + 32);
        a += plane;
        c += <usize>count << 5;
        weights += panelBytes;
      }
      finishTiles(descriptor, tile, count, panel << 3, min(8, outChannels - (panel << 3)), sums);
    }
  }
}

/** B' d B of tiles first, first + 1, ... to [16][count][channels padded to 4]. */
function transformPatches(
  descriptor: usize, first: i32, count: i32, rowBytes: usize, patch: usize, to: usize,
): void {
  const inHeight = field(descriptor, CONV_IN_HEIGHT);
  const inWidth = field(descriptor, CONV_IN_WIDTH);
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const tilesX = (field(descriptor, CONV_GRID_WIDTH) + 1) >> 1;
  const tilesY = (field(descriptor, CONV_GRID_HEIGHT) + 1) >> 1;
  const padTop = field(descriptor, CONV_PAD_TOP);
  const padLeft = field(descriptor, CONV_PAD_LEFT);
  const pixelBytes = <usize>channels << 2;
  const lineBytes = <usize>inWidth * pixelBytes;
  const plane = <usize>count * rowBytes;
  for (let i = 0; i < count; i++) {
    const tile = first + i;
    const y = ((tile / tilesX) % tilesY) * 2 - padTop;
    const x = (tile % tilesX) * 2 - padLeft;
    const image = tile / (tilesX * tilesY);
    const from = pointer(descriptor, CONV_X) + <usize>((image * inHeight + y) * inWidth + x) * pixelBytes;
    if (y >= 0 && x >= 0 && y + 4 <= inHeight && x + 4 <= inWidth) {
      transformPatch(from, lineBytes, pixelBytes, to, plane, channels);
    } else {
      for (let p = 0; p < 16; p++) {
        const iy = y + (p >> 2);
        const ix = x + (p & 3);
        const at = patch + <usize>p * rowBytes;
        if (<u32>iy >= <u32>inHeight || <u32>ix >= <u32>inWidth) zeroRun(at, rowBytes);
        else copyRunF32(from + <usize>(p >> 2) * lineBytes + <usize>(p & 3) * pixelBytes, at, channels);
      }
      transformPatch(patch, rowBytes << 2, rowBytes, to, plane, channels);
    }
    to += rowBytes;
  }
}

/** One row of B' d B: columns (0) - (2), (1) + (2), (2) - (1), (1) - (3). */
// @ts-ignore: decorator
@inline
function storeRow(to: usize, plane: usize, t0: v128, t1: v128, t2: v128, t3: v128): void {
  v128.store(to, f32x4.sub(t0, t2));
  v128.store(to + plane, f32x4.add(t1, t2));
  v128.store(to + plane * 2, f32x4.sub(t2, t1));
  v128.store(to + plane * 3, f32x4.sub(t1, t3));
}

/** B' d B of one patch: rows (0) - (2), (1) + (2), (2) - (1), (1) - (3), and the same over columns. */
function transformPatch(from: usize, lineBytes: usize, pixelBytes: usize, to: usize, plane: usize, channels: i32): void {
  const step = plane << 2;
  for (let c = 0; c < channels; c += 4) {
    const row1 = from + lineBytes, row2 = row1 + lineBytes, row3 = row2 + lineBytes;
    const x1 = pixelBytes, x2 = pixelBytes << 1, x3 = x1 + x2;
    const d20 = v128.load(row2), d21 = v128.load(row2 + x1), d22 = v128.load(row2 + x2), d23 = v128.load(row2 + x3);
    storeRow(
      to, plane, f32x4.sub(v128.load(from), d20), f32x4.sub(v128.load(from + x1), d21),
      f32x4.sub(v128.load(from + x2), d22), f32x4.sub(v128.load(from + x3), d23),
    );
    const d10 = v128.load(row1), d11 = v128.load(row1 + x1), d12 = v128.load(row1 + x2), d13 = v128.load(row1 + x3);
    storeRow(to + step, plane, f32x4.add(d10, d20), f32x4.add(d11, d21), f32x4.add(d12, d22), f32x4.add(d13, d23));
    storeRow(to + step * 2, plane, f32x4.sub(d20, d10), f32x4.sub(d21, d11), f32x4.sub(d22, d12), f32x4.sub(d23, d13));
    storeRow(
      to + step * 3, plane, f32x4.sub(d10, v128.load(row3)), f32x4.sub(d11, v128.load(row3 + x1)),
      f32x4.sub(d12, v128.load(row3 + x2)), f32x4.sub(d13, v128.load(row3 + x3)),
    );
    from += 16;
    to += 16;
  }
}

/** A' m A of tiles first, first + 1, ... from [16][count][8], clamped, to `width` output channels from `channel`. */
function finishTiles(descriptor: usize, first: i32, count: i32, channel: i32, width: i32, sums: usize): void {
  const outHeight = field(descriptor, CONV_GRID_HEIGHT);
  const outWidth = field(descriptor, CONV_GRID_WIDTH);
  const tilesX = (outWidth + 1) >> 1;
  const tilesY = (outHeight + 1) >> 1;
  const outPixel = <usize>field(descriptor, CONV_GROUP_OUT) << 2;
  const outRow = <usize>outWidth * outPixel;
  const plane = <usize>count << 5;
  const out = pointer(descriptor, CONV_OUT) + (<usize>channel << 2);
  for (let i = 0; i < count; i++) {
    const tile = first + i;
    const y = ((tile / tilesX) % tilesY) * 2;
    const x = (tile % tilesX) * 2;
    const image = tile / (tilesX * tilesY);
    const to = out + <usize>((image * outHeight + y) * outWidth + x) * outPixel;
    const right = x + 1 < outWidth ? outPixel : 0;
    const below = y + 1 < outHeight ? outRow : 0;
    finishTile(sums, plane, to, right, below, width, descriptor + CONV_LO);
    if (width > 4) finishTile(sums + 16, plane, to + 16, right, below, width - 4, descriptor + CONV_LO);
    sums += 32;
  }
}

/** Four channels of one tile; `right` and `below` are steps to the next pixel and row, 0 where the image ends. */
// @ts-ignore: decorator
@inline
function finishTile(m: usize, plane: usize, to: usize, right: usize, below: usize, width: i32, range: usize): void {
  const lo = v128.load32_splat(range), hi = v128.load32_splat(range, 4);
  let top0 = v128.load(m), top1 = v128.load(m + plane), top2 = v128.load(m + plane * 2), top3 = v128.load(m + plane * 3);
  m += plane << 2;
  const m10 = v128.load(m), m11 = v128.load(m + plane), m12 = v128.load(m + plane * 2), m13 = v128.load(m + plane * 3);
  m += plane << 2;
  const m20 = v128.load(m), m21 = v128.load(m + plane), m22 = v128.load(m + plane * 2), m23 = v128.load(m + plane * 3);
  m += plane << 2;
  top0 = f32x4.add(f32x4.add(top0, m10), m20);
  top1 = f32x4.add(f32x4.add(top1, m11), m21);
  top2 = f32x4.add(f32x4.add(top2, m12), m22);
  top3 = f32x4.add(f32x4.add(top3, m13), m23);
  store4(to, clampF32x4(f32x4.add(f32x4.add(top0, top1), top2), lo, hi), width);
  if (right) store4(to + right, clampF32x4(f32x4.sub(f32x4.sub(top1, top2), top3), lo, hi), width);
  if (!below) return;
  const low0 = f32x4.sub(f32x4.sub(m10, m20), v128.load(m));
  const low1 = f32x4.sub(f32x4.sub(m11, m21), v128.load(m + plane));
  const low2 = f32x4.sub(f32x4.sub(m12, m22), v128.load(m + plane * 2));
  const low3 = f32x4.sub(f32x4.sub(m13, m23), v128.load(m + plane * 3));
  store4(to + below, clampF32x4(f32x4.add(f32x4.add(low0, low1), low2), lo, hi), width);
  if (right) store4(to + below + right, clampF32x4(f32x4.sub(f32x4.sub(low1, low2), low3), lo, hi), width);
}
