import { type FixedPoint, multiplyByFixedPoint } from '../../base/fixedPoint.ts';
import { clamp, rint } from '../../base/round.ts';
import type { FixedPointRequantizer, Fp32Requantizer, Requantizer } from '../kernelSet.ts';

/**
 * From accumulators to codes, equation (R), channel innermost.
 *
 * @param acc int32 [..., C]; @param out [..., C], the dtype that `requantizer` says.
 */
export function requantize(acc: Int32Array, requantizer: Requantizer, out: Int8Array | Uint8Array): void {
  if (requantizer.flavour === 'fp32') requantizeFp32(acc, requantizer, out);
  else requantizeFixedPoint(acc, requantizer, out);
}

function requantizeFp32(acc: Int32Array, requantizer: Fp32Requantizer, out: Int8Array | Uint8Array): void {
  const { multiplier, zeroPoint, lo, hi } = requantizer;
  const channels = multiplier.length;
  for (let i = 0; i < acc.length; i++) {
    const scaled = Math.fround(Math.fround(acc[i] as number) * (multiplier[i % channels] as number));
    out[i] = clamp(rint(scaled) + zeroPoint, lo, hi);
  }
}

function requantizeFixedPoint(acc: Int32Array, requantizer: FixedPointRequantizer, out: Int8Array | Uint8Array): void {
  const { multiplier, zeroPoint, lo, hi } = requantizer;
  const channels = multiplier.length;
  for (let i = 0; i < acc.length; i++) {
    const scaled = multiplyByFixedPoint(acc[i] as number, multiplier[i % channels] as FixedPoint);
    out[i] = clamp(scaled + zeroPoint, lo, hi);
  }
}
