import {
  CONV_BIAS, CONV_DILATION_X, CONV_DILATION_Y, CONV_GRID_HEIGHT, CONV_GRID_WIDTH, CONV_IN_CHANNELS, CONV_IN_HEIGHT,
  CONV_IN_WIDTH, CONV_LO, CONV_OUT, CONV_PAD_LEFT, CONV_PAD_TOP, CONV_STRIDE_X, CONV_STRIDE_Y, CONV_TAPS_X,
  CONV_TAPS_Y, CONV_WEIGHTS, CONV_X,
} from './layout';
import { clampF32x4, field, pointer, store32, store4 } from './vector';

/**
 * Depthwise convolution of output rows, over [batch, height], straight from the input: taps outside it are left out,
 * row by row, and pixel by pixel at the sides. Every output sums the bias and its taps in their order.
 *
 * Weights lie [channels / 8][taps][8].
 *
 * @param scratch 3 int32 per tap.
 */
export function depthwiseF32(descriptor: usize, firstRow: i32, endRow: i32, scratch: usize): void {
  const height = field(descriptor, CONV_GRID_HEIGHT);
  const width = field(descriptor, CONV_GRID_WIDTH);
  const inHeight = field(descriptor, CONV_IN_HEIGHT);
  const inWidth = field(descriptor, CONV_IN_WIDTH);
  const channels = field(descriptor, CONV_IN_CHANNELS);
  const dilationX = field(descriptor, CONV_DILATION_X);
  const dilationY = field(descriptor, CONV_DILATION_Y);
  const strideX = field(descriptor, CONV_STRIDE_X);
  const tapsX = field(descriptor, CONV_TAPS_X);
  const tapsY = field(descriptor, CONV_TAPS_Y);
  const padLeft = field(descriptor, CONV_PAD_LEFT);
  const pixelBytes = <usize>channels << 2;
  const tapX = <usize>dilationX * pixelBytes;
  const tapY = <usize>(dilationY * inWidth) * pixelBytes;
  const step = <usize>strideX * pixelBytes;
  const panel = <usize>(tapsX * tapsY) << 5;
  const bias = pointer(descriptor, CONV_BIAS);
  const range = descriptor + CONV_LO;
  const inside = min(max(ceilDivided(padLeft, strideX), 0), width);
  const insideEnd = max(min(ceilDivided(inWidth + padLeft - (tapsX - 1) * dilationX, strideX), width), inside);

  for (let row = firstRow; row < endRow; row++) {
    const image = row / height;
    const top = (row - image * height) * field(descriptor, CONV_STRIDE_Y) - field(descriptor, CONV_PAD_TOP);
    const firstY = min(max(ceilDivided(-top, dilationY), 0), tapsY);
    const rows = max(min(ceilDivided(inHeight - top, dilationY), tapsY) - firstY, 0);
    const from = pointer(descriptor, CONV_X) + <usize>firstY * tapY
      + <usize>((image * inHeight + top) * inWidth - padLeft) * pixelBytes;
    const weights = pointer(descriptor, CONV_WEIGHTS) + (<usize>(firstY * tapsX) << 5);
    const to = pointer(descriptor, CONV_OUT) + <usize>(row * width) * pixelBytes;
    let end = scratch;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < tapsX; x++) {
        store<usize>(end, <usize>y * tapY + <usize>x * tapX);
        end += 4;
      }
    }
    for (let ox = 0; ox < width; ) {
      const x = from + <usize>ox * step;
      const out = to + <usize>ox * pixelBytes;
      if (ox < inside || ox >= insideEnd || insideEnd - inside < 4) {
        const left = ox * strideX - padLeft;
        const pairs = scratch + (panel >> 3);
        let pairsEnd = pairs;
        for (let tap = 0; tap < rows * tapsX; tap++) {
          if (<u32>(left + (tap % tapsX) * dilationX) >= <u32>inWidth) continue;
          store<usize>(pairsEnd, load<usize>(scratch + (<usize>tap << 2)));
          store<usize>(pairsEnd, <usize>tap << 5, 4);
          pairsEnd += 8;
        }
        depthwisePixel_1x8(x, weights, panel, bias, out, channels, pairs, pairsEnd, range);
        ox++;
        continue;
      }
      const back = <usize>max(ox + 4 - insideEnd, 0);
      const x0 = x - back * step;
      const out0 = out - back * pixelBytes;
      if (tapsX == 3 && strideX == 1 && dilationX == 1) {
        depthwiseTileX3_4x8(x0, pixelBytes, tapY, rows, weights, panel, bias, out0, channels, range);
      } else depthwiseTile_4x8(x0, step, weights, panel, bias, out0, channels, scratch, end, range);
      ox = min(ox + 4, insideEnd);
    }
  }
}

/** ceil(a / b) for b > 0. */
function ceilDivided(a: i32, b: i32): i32 {
  return a > 0 ? (a + b - 1) / b : -(-a / b);
}

/** One output, eight channels at a time, over pairs of offsets: of the input from x, and of the weights. */
export function depthwisePixel_1x8(
  x: usize, weights: usize, panel: usize, bias: usize, out: usize, channels: i32, pairs: usize, pairsEnd: usize,
  range: usize,
): void {
  const lo = v128.load32_splat(range), hi = v128.load32_splat(range, 4);
  for (let c = 0; c < channels; c += 8) {
    let c0 = v128.load(bias), c1 = v128.load(bias, 16);
    for (let pair = pairs; pair != pairsEnd; pair += 8) {
      const from = x + load<usize>(pair);
      const w = weights + load<usize>(pair, 4);
      c0 = f32x4.add(f32x4.mul(v128.load(from), v128.load(w)), c0);
      c1 = f32x4.add(f32x4.mul(v128.load(from, 16), v128.load(w, 16)), c1);
    }
    store32(out, clampF32x4(c0, lo, hi), clampF32x4(c1, lo, hi), channels - c);
    weights += panel;
    bias += 32;
    x += 32;
    out += 32;
  }
}

/**
 * Four neighbouring outputs, eight channels at a time, any taps. As in gemmF32Panel_4x8, what is loaded when, and that
 * this stays a function of its own, keeps the inner loop in registers.
 *
 * @param step bytes between the inputs of neighbouring outputs; @param offsets, end of the taps' inputs from x.
 */
export function depthwiseTile_4x8(
  x: usize, step: usize, weights: usize, panel: usize, bias: usize, out: usize, channels: i32, offsets: usize,
  end: usize, range: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  for (let c = 0; c < channels; c += 8) {
    let c00 = v128.load(bias), c01 = v128.load(bias, 16);
    let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
    let w = weights;
    let offset = offsets;
    if (offset != end) {
      do {
        const x0 = x + load<usize>(offset);
        const x1 = x0 + step, x2 = x1 + step, x3 = x2 + step;
        const w1 = v128.load(w, 16), w0 = v128.load(w);
        c31 = f32x4.add(f32x4.mul(v128.load(x3, 16), w1), c31);
        c30 = f32x4.add(f32x4.mul(v128.load(x3), w0), c30);
        c21 = f32x4.add(f32x4.mul(v128.load(x2, 16), w1), c21);
        c20 = f32x4.add(f32x4.mul(v128.load(x2), w0), c20);
        c11 = f32x4.add(f32x4.mul(v128.load(x1, 16), w1), c11);
        c10 = f32x4.add(f32x4.mul(v128.load(x1), w0), c10);
        c01 = f32x4.add(f32x4.mul(v128.load(x0, 16), w1), c01);
        c00 = f32x4.add(f32x4.mul(v128.load(x0), w0), c00);
        w += 32;
        offset += 4;
      } while (offset != end);
    }
    const lo = v128.load32_splat(range), hi = v128.load32_splat(range, 4);
    const width = channels - c;
    let to = out;
    store32(to, clampF32x4(c00, lo, hi), clampF32x4(c01, lo, hi), width);
    store32(to += pixelBytes, clampF32x4(c10, lo, hi), clampF32x4(c11, lo, hi), width);
    store32(to += pixelBytes, clampF32x4(c20, lo, hi), clampF32x4(c21, lo, hi), width);
    store32(to += pixelBytes, clampF32x4(c30, lo, hi), clampF32x4(c31, lo, hi), width);
    weights += panel;
    bias += 32;
    x += 32;
    out += 32;
  }
}

/**
 * As {@link depthwiseTile_4x8} for three neighbouring taps per row and stride 1: six inputs of a row serve four outputs.
 *
 * The stores come in the reverse of the order in which V8 shall finish the sums.
 *
 * @param step bytes of a pixel; @param tapY bytes to the next row of taps, of which there are `rows`.
 */
export function depthwiseTileX3_4x8(
  x: usize, step: usize, tapY: usize, rows: i32, weights: usize, panel: usize, bias: usize, out: usize, channels: i32,
  range: usize,
): void {
  for (let c = 0; c < channels; c += 8) {
    let l0 = v128.load(bias), h0 = v128.load(bias, 16);
    let l1 = l0, l2 = l0, l3 = l0, h1 = h0, h2 = h0, h3 = h0;
    let w = weights;
    const end = w + <usize>rows * 96;
    let x0 = x;
    if (rows > 0) {
      do {
        const x1 = x0 + step, x2 = x1 + step, x3 = x2 + step, x4 = x3 + step, x5 = x4 + step;
        let w0 = v128.load(w), w1 = v128.load(w, 32), w2 = v128.load(w, 64);
        let v0 = v128.load(x0), v1 = v128.load(x1), v2 = v128.load(x2);
        l0 = f32x4.add(f32x4.mul(v2, w2), f32x4.add(f32x4.mul(v1, w1), f32x4.add(f32x4.mul(v0, w0), l0)));
        v0 = v128.load(x3);
        l1 = f32x4.add(f32x4.mul(v0, w2), f32x4.add(f32x4.mul(v2, w1), f32x4.add(f32x4.mul(v1, w0), l1)));
        v1 = v128.load(x4);
        l2 = f32x4.add(f32x4.mul(v1, w2), f32x4.add(f32x4.mul(v0, w1), f32x4.add(f32x4.mul(v2, w0), l2)));
        v2 = v128.load(x5);
        l3 = f32x4.add(f32x4.mul(v2, w2), f32x4.add(f32x4.mul(v1, w1), f32x4.add(f32x4.mul(v0, w0), l3)));
        w0 = v128.load(w, 16); w1 = v128.load(w, 48); w2 = v128.load(w, 80);
        v0 = v128.load(x0, 16); v1 = v128.load(x1, 16); v2 = v128.load(x2, 16);
        h0 = f32x4.add(f32x4.mul(v2, w2), f32x4.add(f32x4.mul(v1, w1), f32x4.add(f32x4.mul(v0, w0), h0)));
        v0 = v128.load(x3, 16);
        h1 = f32x4.add(f32x4.mul(v0, w2), f32x4.add(f32x4.mul(v2, w1), f32x4.add(f32x4.mul(v1, w0), h1)));
        v1 = v128.load(x4, 16);
        h2 = f32x4.add(f32x4.mul(v1, w2), f32x4.add(f32x4.mul(v0, w1), f32x4.add(f32x4.mul(v2, w0), h2)));
        v2 = v128.load(x5, 16);
        h3 = f32x4.add(f32x4.mul(v2, w2), f32x4.add(f32x4.mul(v1, w1), f32x4.add(f32x4.mul(v0, w0), h3)));
        w += 96;
        x0 += tapY;
      } while (w != end);
    }
    const lo = v128.load32_splat(range), hi = v128.load32_splat(range, 4);
    const width = channels - c;
    const to1 = out + step, to2 = to1 + step, to3 = to2 + step;
    if (width > 4) {
      store4(to3 + 16, clampF32x4(h3, lo, hi), width - 4);
      store4(to2 + 16, clampF32x4(h2, lo, hi), width - 4);
      store4(to1 + 16, clampF32x4(h1, lo, hi), width - 4);
      store4(out + 16, clampF32x4(h0, lo, hi), width - 4);
    }
    store4(to3, clampF32x4(l3, lo, hi), width);
    store4(to2, clampF32x4(l2, lo, hi), width);
    store4(to1, clampF32x4(l1, lo, hi), width);
    store4(out, clampF32x4(l0, lo, hi), width);
    weights += panel;
    bias += 32;
    x += 32;
    out += 32;
  }
}
