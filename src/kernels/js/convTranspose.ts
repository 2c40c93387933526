import { clamp } from '../../base/round.ts';
import type { ClampRange, ConvGeometry, ConvQ8Weights, Packed, Requantizer } from '../kernelSet.ts';
import { asPackedF32, asPackedQ8, JsPacked } from './packed.ts';
import { requantize } from './requantize.ts';

/** @param weights [I, O/groups, kH, kW]; packed as [O, kH, kW, I/groups]. */
export function packConvTransposeF32(
  weights: Float32Array,
  bias: Float32Array | undefined,
  geometry: ConvGeometry,
): Packed {
  const packed = new Float32Array(weights.length);
  moveInputsLast(geometry, (from, to) => {
    packed[to] = weights[from] as number;
  });
  return new JsPacked(packed, bias?.slice() ?? new Float32Array(geometry.outChannels), 0);
}

/** @param weights codes [I, O/groups, kH, kW], zero points per output channel; packed as [O, kH, kW, I/groups]. */
export function packConvTransposeQ8(weights: ConvQ8Weights, geometry: ConvGeometry, inputZeroPoint: number): Packed {
  const { codes, zeroPoint, bias } = weights;
  const centred = new Int16Array(codes.length);
  moveInputsLast(geometry, (from, to, channel) => {
    centred[to] = (codes[from] as number) - (zeroPoint[zeroPoint.length === 1 ? 0 : channel] as number);
  });
  return new JsPacked(centred, bias?.slice() ?? new Int32Array(geometry.outChannels), inputZeroPoint);
}

/** Every output pixel gathers the input pixels whose window covers it: oy = iy * stride - pad + ky * dilation. */
export function convTransposeF32(
  x: Float32Array,
  packed: Packed,
  out: Float32Array,
  geometry: ConvGeometry,
  range: ClampRange,
): void {
  const { weights, bias } = asPackedF32(packed);
  forEachSum(geometry, { x, zero: 0, weights, bias }, (at, sum) => {
    out[at] = clamp(Math.fround(sum), range.lo, range.hi);
  });
}

/** Equations (A) and (R); what the window does not see adds nothing. */
export function convTransposeQ8(
  x: Int8Array | Uint8Array,
  packed: Packed,
  requantizer: Requantizer,
  out: Int8Array | Uint8Array,
  geometry: ConvGeometry,
): void {
  const { weights, bias, inputZeroPoint } = asPackedQ8(packed);
  const accumulators = new Int32Array(out.length);
  forEachSum(geometry, { x, zero: inputZeroPoint, weights, bias }, (at, sum) => {
    accumulators[at] = sum;
  });
  requantize(accumulators, requantizer, out);
}

function moveInputsLast(geometry: ConvGeometry, move: (from: number, to: number, channel: number) => void): void {
  const { inChannels, outChannels, groups } = geometry;
  const area = geometry.kernelHeight * geometry.kernelWidth;
  const depth = inChannels / groups;
  const perGroup = outChannels / groups;
  for (let i = 0; i < inChannels; i++) {
    const group = Math.floor(i / depth);
    for (let o = 0; o < perGroup; o++) {
      const channel = group * perGroup + o;
      for (let tap = 0; tap < area; tap++) {
        move((i * perGroup + o) * area + tap, (channel * area + tap) * depth + (i - group * depth), channel);
      }
    }
  }
}

interface Operands {
  readonly x: ArrayLike<number>;
  /** Subtracted from x. */
  readonly zero: number;
  /** [O, kH, kW, I/groups]. */
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

function forEachSum(
  geometry: ConvGeometry,
  { x, zero, weights, bias }: Operands,
  visit: (at: number, sum: number) => void,
): void {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups } = geometry;
  const { kernelHeight, kernelWidth } = geometry;
  const depth = inChannels / groups;
  const perGroup = outChannels / groups;
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let channel = 0; channel < outChannels; channel++) {
          const firstInput = Math.floor(channel / perGroup) * depth;
          let sum = bias[channel] as number;
          for (let ky = 0; ky < kernelHeight; ky++) {
            const iy = (oy + geometry.padTop - ky * geometry.dilationHeight) / geometry.strideHeight;
            if (!Number.isInteger(iy) || iy < 0 || iy >= inHeight) continue;
            for (let kx = 0; kx < kernelWidth; kx++) {
              const ix = (ox + geometry.padLeft - kx * geometry.dilationWidth) / geometry.strideWidth;
              if (!Number.isInteger(ix) || ix < 0 || ix >= inWidth) continue;
              const pixel = ((n * inHeight + iy) * inWidth + ix) * inChannels + firstInput;
              const weight = ((channel * kernelHeight + ky) * kernelWidth + kx) * depth;
              for (let i = 0; i < depth; i++)
                sum += ((x[pixel + i] as number) - zero) * (weights[weight + i] as number);
            }
          }
          visit(at++, sum);
        }
      }
    }
  }
}
