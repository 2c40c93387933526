import { rint } from '../base/round.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';

/**
 * Scale and zero point of uint8 for numbers from `min` to `max`, 0 included: (max - min) / 255, and what 0 becomes,
 * both in float32. A tensor of zeros has scale 1.
 *
 * @source ONNX DynamicQuantizeLinear; the scale of zeros is ONNX Runtime's.
 */
export function dynamicQuant(min: number, max: number): { readonly scale: number; readonly zeroPoint: number } {
  const [lo, hi] = [Math.min(0, min), Math.max(0, max)];
  const scale = lo === hi ? 1 : Math.fround(Math.fround(hi - lo) / 255);
  return { scale, zeroPoint: Math.min(Math.max(rint(Math.fround(-lo / scale)), 0), 255) };
}

/** Makes `codes` the uint8 codes of `x` by its own range. @returns scale and zero point. */
export function quantizeByRange(
  kernels: KernelSet,
  x: Float32Array,
  codes: Uint8Array,
): ReturnType<typeof dynamicQuant> {
  const { min, max } = kernels.momentsF32(x);
  const quant = dynamicQuant(min, max);
  kernels.quantizeF32(x, { ...quant, signed: false }, codes);
  return quant;
}
