import { invariant } from './diagnostics.ts';

/** A positive real number as `mantissa * 2^-shift`, what integer-only hardware multiplies with: M0 and n. */
export interface FixedPoint {
  /** 0 to 2^31 - 1. */
  readonly mantissa: number;
  /** 0 to 62. */
  readonly shift: number;
}

/** How a real multiplier becomes a {@link FixedPoint}. */
export interface FixedPointForm {
  /** Most bits of M0, 1 to 31. */
  readonly bits: number;
  /** Largest relative error; the smallest n that keeps it is taken. Undefined: M0 has all its bits. */
  readonly tolerance?: number;
}

/** What an accumulator of 32 bits and a product of 64 allow. */
export const FULL_WIDTH: FixedPointForm = { bits: 31 };

/** How sums become codes: by float32 multiplication as ONNX Runtime does, or on integers alone. */
export type RequantizerFlavour = 'fp32' | FixedPointForm;

/** From here on no mantissa of 31 bits holds a multiplier. */
export const MULTIPLIER_LIMIT = 2 ** 30;

const LEAST = 2 ** -32;
const MAX_SHIFT = 62;
const ZERO: FixedPoint = { mantissa: 0, shift: 31 };

/**
 * A fixed-point number for `real`; 0.75 gives 1610612736 * 2^-31 in full width, and 3 * 2^-2 with any tolerance.
 *
 * Without a tolerance it is the nearest whose mantissa has just `form.bits` bits. With one it is the first of
 * n = 0, 1, 2, … whose M0 = round(real 2^n) is near enough, or, where none is, the nearest of them.
 *
 * @param real in [0, 2^30). Below 2^-32 it becomes 0: no int32 times it reaches one half.
 */
export function toFixedPoint(real: number, form: FixedPointForm): FixedPoint {
  invariant(real >= 0 && real < MULTIPLIER_LIMIT, `multiplier ${real} is outside [0, 2^30)`);
  if (real < LEAST) return ZERO;
  return form.tolerance === undefined ? widest(real, form.bits) : smallest(real, form.bits, form.tolerance);
}

/** |M0 2^-n - real| / real; 0 where both are 0. */
export function relativeError(real: number, { mantissa, shift }: FixedPoint): number {
  return real === 0 && mantissa === 0 ? 0 : Math.abs(mantissa * 2 ** -shift - real) / real;
}

function widest(real: number, bits: number): FixedPoint {
  let exponent = Math.floor(Math.log2(real)) + 1;
  while (real >= 2 ** exponent) exponent++;
  while (real < 2 ** (exponent - 1)) exponent--;
  if (exponent > bits) return { mantissa: 2 ** bits - 1, shift: 0 };
  let mantissa = Math.round(real * 2 ** (bits - exponent));
  if (mantissa === 2 ** bits) {
    if (exponent === bits) return { mantissa: mantissa - 1, shift: 0 };
    mantissa /= 2;
    exponent++;
  }
  return { mantissa, shift: bits - exponent };
}

function smallest(real: number, bits: number, tolerance: number): FixedPoint {
  let best: FixedPoint = { mantissa: 2 ** bits - 1, shift: 0 };
  let leastError = Number.POSITIVE_INFINITY;
  for (let shift = 0; shift <= MAX_SHIFT; shift++) {
    const mantissa = Math.round(real * 2 ** shift);
    if (mantissa >= 2 ** bits) break;
    const candidate = { mantissa, shift };
    const error = relativeError(real, candidate);
    if (error < leastError) {
      best = candidate;
      leastError = error;
    }
    if (error <= tolerance) break;
  }
  return best;
}

/**
 * floor((acc * mantissa + 2^(shift - 1)) / 2^shift), exactly where it is below 2^53: acc times the fixed-point number,
 * ties upwards; for shift 0 the product.
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
