/** The shortest decimal that reads as this float32 again; NaN and infinities as JavaScript writes them. */
export function shortestFloat32(x: number): string {
  const single = Math.fround(x);
  for (let digits = 6; digits < 10; digits++) {
    const decimal = Number(single.toPrecision(digits));
    if (Math.fround(decimal) === single) return String(decimal);
  }
  return String(single);
}
