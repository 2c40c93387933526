/**
 * The element at rank `k` (0-based) of `x` in ascending order. Reorders `x`.
 *
 * @param x without NaN, at least k + 1 elements.
 * @source C. A. R. Hoare, Algorithm 65: FIND, with the pivot a median of three.
 */
export function selectInPlace(x: Float32Array | Float64Array, k: number): number {
  let lo = 0;
  let hi = x.length - 1;
  while (lo < hi) {
    const pivot = medianOfThree(x[lo] as number, x[(lo + hi) >>> 1] as number, x[hi] as number);
    let i = lo;
    let j = hi;
    while (i <= j) {
      while ((x[i] as number) < pivot) i++;
      while ((x[j] as number) > pivot) j--;
      if (i > j) break;
      const swapped = x[i] as number;
      x[i++] = x[j] as number;
      x[j--] = swapped;
    }
    if (k <= j) hi = j;
    else if (k >= i) lo = i;
    else break;
  }
  return x[k] as number;
}

/** First quartile, median and third quartile: the elements at rank floor(q * n). NaN without elements. Reorders `x`. */
export function quartilesInPlace(x: Float32Array | Float64Array): readonly [number, number, number] {
  const n = x.length;
  if (n === 0) return [NaN, NaN, NaN];
  const rank = (q: number) => Math.min(n - 1, Math.floor(q * n));
  return [selectInPlace(x, rank(0.25)), selectInPlace(x, rank(0.5)), selectInPlace(x, rank(0.75))];
}

function medianOfThree(a: number, b: number, c: number): number {
  return a < b ? (b < c ? b : Math.max(a, c)) : a < c ? a : Math.max(b, c);
}
