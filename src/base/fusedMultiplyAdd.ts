/**
 * a * b + c of three float32 numbers, rounded to float32 once, as a fused multiply-add of the processor does.
 *
 * The product is exact in a double (48 bits); the sum may not be. Rounding it twice goes wrong only where the double
 * lies exactly between two float32 numbers and the true sum does not: then the lost part of the sum decides.
 *
 * @source the error of a sum: O. Møller, "Quasi double-precision in floating point addition", 1965.
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const nearest = Math.fround(sum);
  const part = sum - product;
  const lost = product - (sum - part) + (c - part);
  if (lost === 0) return nearest;
  const other = nearest + 2 * (sum - nearest); // the second neighbour, where `sum` lies between two
  if (other === nearest || Math.fround(other) !== other) return nearest;
  return lost > 0 === other > nearest ? other : nearest;
}
