/** Sums over pairs (a, b) in float64. */
export interface MetricSums {
  /** Pairs. */
  readonly count: number;
  readonly dot: number;
  readonly aa: number;
  readonly bb: number;
  /** Sum of (a - b)^2. */
  readonly squaredError: number;
}

/** One pass over two arrays of the same length; NaN in either makes the sums NaN. */
export function metricSums(a: ArrayLike<number>, b: ArrayLike<number>): MetricSums {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  let squaredError = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    dot += x * y;
    aa += x * x;
    bb += y * y;
    squaredError += (x - y) * (x - y);
  }
  return { count: a.length, dot, aa, bb, squaredError };
}

/** Mean squared error; NaN for no elements. */
export function mse(sums: Pick<MetricSums, 'count' | 'squaredError'>): number {
  return sums.squaredError / sums.count;
}

/** Signal to quantization noise, 10 log10(sum a^2 / sum (a - b)^2) in dB; Infinity without noise. */
export function sqnrDb(sums: Pick<MetricSums, 'aa' | 'squaredError'>): number {
  if (sums.squaredError === 0) return Infinity;
  return 10 * Math.log10(sums.aa / sums.squaredError);
}

/** Cosine of the angle between a and b, under one root so that equal vectors give exactly 1. Both zero: 1; one zero: 0. */
export function cosine(sums: Pick<MetricSums, 'dot' | 'aa' | 'bb'>): number {
  if (sums.aa === 0 || sums.bb === 0) return sums.aa === sums.bb ? 1 : 0;
  const product = sums.aa * sums.bb;
  if (product > 0 && product < Infinity) return sums.dot / Math.sqrt(product);
  return sums.dot / Math.sqrt(sums.aa) / Math.sqrt(sums.bb);
}
