/**
 * Fewest codes that a part of a tensor needs to be told apart. Values that fill n steps evenly have a power of n^2 / 12
 * steps, their rounding noise one of 1 / 12: 20 log10(n) dB, which for 32 of 256 codes, 5 bits, are 30 dB. Figures of
 * whole tensors begin to count as bad there; a part that has less is worse than the whole may be.
 */
export const LEAST_CODES = 32;

/** Of 8-bit codes: one part of a tensor that is 8 times another leaves it 256 / 8 codes. */
export const MOST_UNLIKE = 256 / LEAST_CODES;

/** Noise to a quarter is 6.02 dB: what one bit more gives, and what one bit wasted costs. */
export const ONE_BIT = 4;

/** Below a tenth, what a node makes itself is within 0.5 dB of nothing beside what it carries: 10 log10(1 / 0.9). */
export const LEAST_OWN = 0.1;

/** RMSE of even rounding in steps: 1 / sqrt(12) = 0.289. */
export const HEALTHY_RMSE_SCALE = 1 / Math.sqrt(12);

/** 0 at the border, 0.5 at twice, 1 at infinitely many times of it: how far a figure is beyond a border; 0 below it. */
export function beyond(value: number, border: number): number {
  return value > border ? 1 - border / value : 0;
}

/** dB of a ratio of powers. */
export function decibels(ratio: number): number {
  return 10 * Math.log10(ratio);
}
