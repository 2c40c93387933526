import { clamp } from '../../base/round.ts';
import type { ClampRange, ConvGeometry, Packed } from '../kernelSet.ts';
import { asPackedF32, JsPacked } from './packed.ts';

/** @param weights [I, O/groups, kH, kW]; packed as [O, kH, kW, I/groups]. */
export function packConvTransposeF32(
  weights: Float32Array,
  bias: Float32Array | undefined,
  geometry: ConvGeometry,
): Packed {
  const { inChannels, outChannels, groups } = geometry;
  const area = geometry.kernelHeight * geometry.kernelWidth;
  const depth = inChannels / groups;
  const perGroup = outChannels / groups;
  const packed = new Float32Array(weights.length);
  for (let i = 0; i < inChannels; i++) {
    const group = Math.floor(i / depth);
    for (let o = 0; o < perGroup; o++) {
      for (let tap = 0; tap < area; tap++) {
        const to = ((group * perGroup + o) * area + tap) * depth + (i - group * depth);
        packed[to] = weights[(i * perGroup + o) * area + tap] as number;
      }
    }
  }
  return new JsPacked(packed, bias?.slice() ?? new Float32Array(outChannels), 0);
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
              for (let i = 0; i < depth; i++) sum += (x[pixel + i] as number) * (weights[weight + i] as number);
            }
          }
          out[at++] = clamp(Math.fround(sum), range.lo, range.hi);
        }
      }
    }
  }
}
