import { type RequantizerFlavour, toFixedPoint } from '../../src/base/fixedPoint.ts';
import { rint } from '../../src/base/round.ts';
import type { FixedPointRequantizer, Fp32Requantizer, Requantizer } from '../../src/kernels/kernelSet.ts';

/** Equation (R) by its definition, the fixed-point flavour with BigInt. @param acc [..., C]. */
export function requantizeExactly(acc: ArrayLike<number>, requantizer: Requantizer): readonly number[] {
  const { zeroPoint, lo, hi } = requantizer;
  const scaled = scaledBy(requantizer);
  return Array.from(acc, (a, i) =>
    Math.min(hi, Math.max(lo, scaled(a, i % requantizer.multiplier.length) + zeroPoint)),
  );
}

function scaledBy(requantizer: Requantizer): (acc: number, channel: number) => number {
  if (requantizer.flavour === 'fp32') {
    const { multiplier } = requantizer;
    return (acc, c) => rint(Math.fround(Math.fround(acc) * (multiplier[c] as number)));
  }
  const fixed = requantizer.multiplier.map(({ mantissa, shift }) => [BigInt(mantissa), BigInt(shift)] as const);
  return (acc, c) => Number(multiplyExactly(acc, fixed[c] as readonly [bigint, bigint]));
}

/** The multipliers of a requantizer of one flavour, for these real ones. */
export function multipliersOf(
  real: readonly number[],
  flavour: RequantizerFlavour,
): Pick<Fp32Requantizer, 'flavour' | 'multiplier'> | Pick<FixedPointRequantizer, 'flavour' | 'multiplier'> {
  if (flavour === 'fp32') return { flavour, multiplier: Float32Array.from(real) };
  return { flavour: 'fixedPoint', multiplier: real.map((m) => toFixedPoint(m, flavour)) };
}

/** floor(acc M0 / 2^n + 1/2). */
export function multiplyExactly(acc: number, [mantissa, shift]: readonly [bigint, bigint]): bigint {
  return (2n * BigInt(acc) * mantissa + (1n << shift)) >> (shift + 1n);
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
