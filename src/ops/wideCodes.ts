import { rint } from '../base/round.ts';

export type WideCodes = Int16Array | Uint16Array;

/** Codes of 16 bits and one scale, equation (Q); NaN becomes the zero point. */
export function quantizeWide(x: Float32Array, scale: number, zeroPoint: number, out: WideCodes): void {
  const [lo, hi] = out instanceof Int16Array ? [-32768, 32767] : [0, 65535];
  for (let i = 0; i < x.length; i++) {
    const steps = rint(Math.fround((x[i] as number) / scale)) + zeroPoint;
    out[i] = steps < lo ? lo : steps > hi ? hi : Number.isNaN(steps) ? zeroPoint : steps;
  }
}

/** What codes of 16 bits and one scale stand for, equation (D). */
export function dequantizeWide(codes: WideCodes, scale: number, zeroPoint: number, out: Float32Array): void {
  for (let i = 0; i < codes.length; i++) out[i] = ((codes[i] as number) - zeroPoint) * scale;
}

export function isWide(codes: unknown): codes is WideCodes {
  return codes instanceof Int16Array || codes instanceof Uint16Array;
}
