/**
 * One-sided sign test: how likely so many of the pairs that differ, or more, are better where neither side is.
 *
 * @returns the exact binomial tail P(X >= better), X of `better + worse` tosses; 1 without any.
 */
export function signTest(better: number, worse: number): number {
  const n = better + worse;
  let logTerm = -n * Math.LN2; // of n choose n
  let tail = 0;
  for (let k = n; k >= better; k--) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(k) - Math.log(n - k + 1);
  }
  return Math.min(1, tail);
}

/**
 * Relative entropy of a Gaussian to the standard one, in nats: (v + m^2 - 1 - ln v) / 2.
 *
 * @param mean m, in deviations of the expected one; @param variance v > 0, relative to the expected one.
 */
export function gaussianDivergence(mean: number, variance: number): number {
  return (variance + mean * mean - 1 - Math.log(variance)) / 2;
}

/** The middle of finite numbers, of two the mean; NaN without any. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[half] as number;
  return ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2;
}

/** Of a normal distribution: the deviation, relative to the median distance from the median. */
const DEVIATIONS_PER_MAD = 1.4826;

/**
 * How many deviations each number lies from the median, by the median distance from it, which outliers do not move.
 *
 * @param least deviation that counts, so that equal numbers make no outlier of one that hardly differs.
 */
export function robustScores(numbers: readonly number[], least: number): number[] {
  const middle = median(numbers);
  const deviation = Math.max(least, DEVIATIONS_PER_MAD * median(numbers.map((x) => Math.abs(x - middle))));
  return numbers.map((x) => (x - middle) / deviation);
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}
