const TIES_TO_EVEN = 6755399441055744; // 1.5 * 2^52: adding it drops the fraction, half to even

/** Rounds to the nearest integer, ties to even. Valid for |x| < 2^51; NaN and infinities pass through. */
export function rint(x: number): number {
  return x + TIES_TO_EVEN - TIES_TO_EVEN;
}

/** Rounds to the nearest integer, ties away from zero, as C's `round` does. */
export function roundHalfAway(x: number): number {
  return x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5);
}

export function clamp(x: number, lo: number, hi: number): number {
  return x < lo ? lo : x > hi ? hi : x;
}
