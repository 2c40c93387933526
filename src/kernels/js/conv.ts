import { clamp } from '../../base/round.ts';
import type { ClampRange, ConvGeometry, ConvQ8Weights, Packed, Requantizer } from '../kernelSet.ts';
import { asPackedF32, asPackedQ8, JsPacked } from './packed.ts';
import { requantize } from './requantize.ts';

type Codes = Int8Array | Uint8Array;

/** @param weights [O, I/groups, kH, kW]. */
export function packConvF32(weights: Float32Array, bias: Float32Array | undefined, geometry: ConvGeometry): Packed {
  const packed = new Float32Array(weights.length);
  moveChannelsLast(geometry, (from, to) => {
    packed[to] = weights[from] as number;
  });
  return new JsPacked(packed, bias?.slice() ?? new Float32Array(geometry.outChannels), 0);
}

/** x [N, H, W, I] to out [N, H', W', O], summed in float64. */
export function convF32(
  x: Float32Array,
  packed: Packed,
  out: Float32Array,
  geometry: ConvGeometry,
  range: ClampRange,
): void {
  const { weights, bias } = asPackedF32(packed);
  const depth = geometry.inChannels / geometry.groups;
  forEachOutput(geometry, (at, channel, firstInput, taps) => {
    let sum = bias[channel] as number;
    for (let t = 0; t < taps.count; t++) {
      const pixel = (taps.pixel[t] as number) * geometry.inChannels + firstInput;
      const weight = (channel * geometry.kernelHeight * geometry.kernelWidth + (taps.tap[t] as number)) * depth;
      for (let i = 0; i < depth; i++) sum += (x[pixel + i] as number) * (weights[weight + i] as number);
    }
    out[at] = clamp(Math.fround(sum), range.lo, range.hi);
  });
}

/** @param weights codes [O, I/groups, kH, kW]. */
export function packConvQ8(weights: ConvQ8Weights, geometry: ConvGeometry, inputZeroPoint: number): Packed {
  const { codes, zeroPoint, bias } = weights;
  const perChannel = codes.length / geometry.outChannels;
  const centred = new Int16Array(codes.length);
  moveChannelsLast(geometry, (from, to) => {
    const zero = zeroPoint[zeroPoint.length === 1 ? 0 : Math.floor(from / perChannel)] as number;
    centred[to] = (codes[from] as number) - zero;
  });
  return new JsPacked(centred, bias?.slice() ?? new Int32Array(geometry.outChannels), inputZeroPoint);
}

/** Equation (A); taps in the padding add nothing, which is the real 0. */
export function convQ8Accumulators(
  x: Codes,
  packed: Packed,
  out: Int32Array,
  geometry: ConvGeometry,
  inputZeroPoint = asPackedQ8(packed).inputZeroPoint,
): void {
  const { weights, bias } = asPackedQ8(packed);
  const depth = geometry.inChannels / geometry.groups;
  forEachOutput(geometry, (at, channel, firstInput, taps) => {
    let sum = bias[channel] as number;
    for (let t = 0; t < taps.count; t++) {
      const pixel = (taps.pixel[t] as number) * geometry.inChannels + firstInput;
      const weight = (channel * geometry.kernelHeight * geometry.kernelWidth + (taps.tap[t] as number)) * depth;
      for (let i = 0; i < depth; i++) {
        sum += ((x[pixel + i] as number) - inputZeroPoint) * (weights[weight + i] as number);
      }
    }
    out[at] = sum;
  });
}

/** Equations (A) and (R). */
export function convQ8(x: Codes, packed: Packed, requantizer: Requantizer, out: Codes, geometry: ConvGeometry): void {
  const { batch, outHeight, outWidth, outChannels } = geometry;
  const accumulators = new Int32Array(batch * outHeight * outWidth * outChannels);
  convQ8Accumulators(x, packed, accumulators, geometry);
  requantize(accumulators, requantizer, out);
}

/** The kernel taps of one output pixel that lie inside the input. */
interface Taps {
  count: number;
  /** Index into [kH, kW]. */
  readonly tap: Int32Array;
  /** Index into [N, H, W] of the input. */
  readonly pixel: Int32Array;
}

function forEachOutput(
  geometry: ConvGeometry,
  visit: (at: number, channel: number, firstInput: number, taps: Taps) => void,
): void {
  const { batch, outHeight, outWidth, outChannels, inChannels, groups } = geometry;
  const area = geometry.kernelHeight * geometry.kernelWidth;
  const taps: Taps = { count: 0, tap: new Int32Array(area), pixel: new Int32Array(area) };
  const perGroup = outChannels / groups;
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) {
        findTaps(geometry, n, y, x, taps);
        for (let channel = 0; channel < outChannels; channel++) {
          visit(at++, channel, Math.floor(channel / perGroup) * (inChannels / groups), taps);
        }
      }
    }
  }
}

function findTaps(geometry: ConvGeometry, n: number, outY: number, outX: number, taps: Taps): void {
  const { inHeight, inWidth, kernelHeight, kernelWidth } = geometry;
  taps.count = 0;
  for (let ky = 0; ky < kernelHeight; ky++) {
    const y = outY * geometry.strideHeight + ky * geometry.dilationHeight - geometry.padTop;
    if (y < 0 || y >= inHeight) continue;
    for (let kx = 0; kx < kernelWidth; kx++) {
      const x = outX * geometry.strideWidth + kx * geometry.dilationWidth - geometry.padLeft;
      if (x < 0 || x >= inWidth) continue;
      taps.tap[taps.count] = ky * kernelWidth + kx;
      taps.pixel[taps.count++] = (n * inHeight + y) * inWidth + x;
    }
  }
}

/** From [O, I/groups, kH, kW] to [O, kH, kW, I/groups]: calls `move` with both positions of every weight. */
function moveChannelsLast(geometry: ConvGeometry, move: (from: number, to: number) => void): void {
  const { outChannels, inChannels, groups } = geometry;
  const area = geometry.kernelHeight * geometry.kernelWidth;
  const depth = inChannels / groups;
  for (let o = 0; o < outChannels; o++) {
    for (let i = 0; i < depth; i++) {
      for (let tap = 0; tap < area; tap++) move((o * depth + i) * area + tap, (o * area + tap) * depth + i);
    }
  }
}
