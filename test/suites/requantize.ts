import { rint } from '../../src/base/round.ts';
import type { Requantizer } from '../../src/kernels/kernelSet.ts';

/** Equation (R) by its definition, the fixed-point flavour with BigInt. @param acc [..., C]. */
export function requantizeExactly(acc: ArrayLike<number>, requantizer: Requantizer): readonly number[] {
  const { multiplier, real, zeroPoint, lo, hi } = requantizer;
  const channels = multiplier.length;
  const fixed = Array.from(real, fixedPointExactly);
  return Array.from(acc, (a, i) => {
    const c = i % channels;
    const scaled =
      requantizer.flavour === 'fp32'
        ? rint(Math.fround(Math.fround(a) * (multiplier[c] as number)))
        : Number(multiplyExactly(a, fixed[c] as readonly [bigint, bigint]));
    return Math.min(hi, Math.max(lo, scaled + zeroPoint));
  });
}

/** floor((acc M0 + 2^(n-1)) / 2^n). */
export function multiplyExactly(acc: number, [mantissa, shift]: readonly [bigint, bigint]): bigint {
  return (BigInt(acc) * mantissa + (1n << (shift - 1n))) >> shift;
}

/** The 31-bit mantissa and shift of a positive real, read off the bits of the double. */
export function fixedPointExactly(real: number): readonly [bigint, bigint] {
  const bits = new BigUint64Array(Float64Array.of(real).buffer)[0] as bigint;
  const exponent = Number((bits >> 52n) & 0x7ffn) - 1022;
  const significand = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  let mantissa = (significand + (1n << 21n)) >> 22n;
  let shift = 31 - exponent;
  if (mantissa === 1n << 31n) {
    mantissa >>= 1n;
    shift--;
  }
  return [mantissa, BigInt(shift)];
}
