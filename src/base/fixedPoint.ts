/** A positive real number as `mantissa * 2^-shift`, what integer-only hardware multiplies with. */
export interface FixedPoint {
  /** 0, or in [2^30, 2^31). */
  readonly mantissa: number;
  /** 1 to 62. */
  readonly shift: number;
}

const MANTISSA_BITS = 31;
const MAX_SHIFT = 62;

/**
 * The nearest fixed-point number to `real`; 0.75 gives 1610612736 * 2^-31.
 *
 * @param real in [0, 2^30). Below 2^-32 it becomes 0: no int32 times it reaches one half.
 */
export function toFixedPoint(real: number): FixedPoint {
  if (!(real >= 0 && real < 2 ** 30)) throw new RangeError(`multiplier ${real} is outside [0, 2^30)`);
  if (real === 0) return { mantissa: 0, shift: MANTISSA_BITS };
  let exponent = Math.floor(Math.log2(real)) + 1;
  while (real >= 2 ** exponent) exponent++;
  while (real < 2 ** (exponent - 1)) exponent--;
  let mantissa = Math.round(real * 2 ** (MANTISSA_BITS - exponent));
  if (mantissa === 2 ** MANTISSA_BITS) {
    mantissa /= 2;
    exponent++;
  }
  const shift = MANTISSA_BITS - exponent;
  return shift > MAX_SHIFT ? { mantissa: 0, shift: MANTISSA_BITS } : { mantissa, shift };
}

/**
 * floor((acc * mantissa + 2^(shift - 1)) / 2^shift), exactly: acc times the fixed-point number, ties upwards.
 *
 * The product needs 62 bits, a double has 53: it is held as `high * 2^16 + low`, and the bits of `low` only matter
 * when fewer than 17 are shifted out.
 *
 * @param acc int32.
 */
export function multiplyByFixedPoint(acc: number, { mantissa, shift }: FixedPoint): number {
  const mantissaHigh = Math.floor(mantissa / 65536);
  const lowProduct = acc * (mantissa - mantissaHigh * 65536);
  const carry = Math.floor(lowProduct / 65536);
  const low = lowProduct - carry * 65536;
  const high = acc * mantissaHigh + carry;
  if (shift > 16) return Math.floor((high + 2 ** (shift - 17)) / 2 ** (shift - 16));
  return high * 2 ** (16 - shift) + Math.floor((low + 2 ** (shift - 1)) / 2 ** shift);
}
