/** Values that stand apart from the rest. */
export interface Outliers {
  /** Limits beyond which a value is one; infinite where there are too few to tell. */
  readonly low: number;
  readonly high: number;
  /** Indices in rising order. */
  readonly indices: readonly number[];
}

/** Fewer values than this have no outliers. */
const LEAST = 5;
/** Quartile distances beyond the quartiles, as box plots count. */
const FENCE = 1.5;

/**
 * Values more than 1.5 quartile distances beyond the quartiles; those that are not finite are passed over.
 * @param side which of them count: both, or only the worse ones.
 */
export function outliersOf(values: ArrayLike<number>, side: 'both' | 'low' | 'high' = 'both'): Outliers {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length < LEAST) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, indices: [] };
  const [q1, q3] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
  const reach = FENCE * (q3 - q1);
  const low = side === 'high' ? Number.NEGATIVE_INFINITY : q1 - reach;
  const high = side === 'low' ? Number.POSITIVE_INFINITY : q3 + reach;
  const indices: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isFinite(value) && (value < low || value > high)) indices.push(i);
  }
  return { low, high, indices };
}

/** @param sorted in rising order, not empty; between two elements it is linear. */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const below = Math.floor(place);
  const a = sorted[below] as number;
  const b = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return a + (b - a) * (place - below);
}
