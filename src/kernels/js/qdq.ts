import { clamp, rint } from '../../base/round.ts';
import type { TensorQuant, WideCodes } from '../kernelSet.ts';

type Codes = Int8Array | Uint8Array;

/** The codes of int8 or uint8. */
export function codeRange(signed: boolean): { readonly lo: number; readonly hi: number } {
  return signed ? { lo: -128, hi: 127 } : { lo: 0, hi: 255 };
}

/**
 * Equation (Q); NaN becomes the zero point.
 *
 * @returns how many elements left the dtype's range before clamping.
 * @source ONNX QuantizeLinear: quotient in float32, half to even, then the zero point.
 */
export function quantizeF32(x: Float32Array, q: TensorQuant, out: Codes): number {
  const scale = Math.fround(q.scale);
  const { zeroPoint } = q;
  const { lo, hi } = codeRange(q.signed);
  let clipped = 0;
  for (let i = 0; i < x.length; i++) {
    const code = rint(Math.fround((x[i] as number) / scale)) + zeroPoint;
    if (code < lo || code > hi) clipped++;
    out[i] = Number.isNaN(code) ? zeroPoint : clamp(code, lo, hi);
  }
  return clipped;
}

/** Equation (D), one float32 multiplication. */
export function dequantizeQ8(x: Codes, q: TensorQuant, out: Float32Array): void {
  const scale = Math.fround(q.scale);
  const { zeroPoint } = q;
  for (let i = 0; i < x.length; i++) out[i] = ((x[i] as number) - zeroPoint) * scale;
}

/** Equation (Q) to 16 bits; NaN becomes the zero point. */
export function quantizeWideF32(x: Float32Array, q: TensorQuant, out: WideCodes): void {
  const scale = Math.fround(q.scale);
  const { zeroPoint } = q;
  const [lo, hi] = q.signed ? [-32768, 32767] : [0, 65535];
  for (let i = 0; i < x.length; i++) {
    const code = rint(Math.fround((x[i] as number) / scale)) + zeroPoint;
    out[i] = Number.isNaN(code) ? zeroPoint : clamp(code, lo, hi);
  }
}

/** Equation (D) of codes of 16 bits. */
export function dequantizeWide(x: WideCodes, q: TensorQuant, out: Float32Array): void {
  const scale = Math.fround(q.scale);
  const { zeroPoint } = q;
  for (let i = 0; i < x.length; i++) out[i] = ((x[i] as number) - zeroPoint) * scale;
}

/** How many elements (Q) clips. NaN is not one. */
export function countClippedF32(x: Float32Array, q: TensorQuant): number {
  const scale = Math.fround(q.scale);
  const { zeroPoint } = q;
  const { lo, hi } = codeRange(q.signed);
  let clipped = 0;
  for (let i = 0; i < x.length; i++) {
    const code = rint(Math.fround((x[i] as number) / scale)) + zeroPoint;
    if (code < lo || code > hi) clipped++;
  }
  return clipped;
}

/** How many codes equal `lo` or `hi`. */
export function countSaturated8(x: Codes, lo: number, hi: number): number {
  let saturated = 0;
  for (let i = 0; i < x.length; i++) if (x[i] === lo || x[i] === hi) saturated++;
  return saturated;
}
