/**
 * Indices of at most about `most` points whose line looks like that of all: the lowest and the highest of every stretch
 * of equal length, in their order, and both ends. NaN is passed over, unless a whole stretch is NaN: then one of it stays,
 * for the gap.
 */
export function decimated(y: ArrayLike<number>, most: number): Uint32Array {
  const count = y.length;
  if (count <= most) return Uint32Array.from({ length: count }, (_, i) => i);
  const stretches = Math.max(1, Math.floor(most / 2));
  const kept = new Set<number>([0, count - 1]);
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * count) / stretches);
    const to = Math.floor(((s + 1) * count) / stretches);
    let [low, high] = [-1, -1];
    for (let i = from; i < to; i++) {
      const value = y[i] as number;
      if (Number.isNaN(value)) continue;
      if (low === -1 || value < (y[low] as number)) low = i;
      if (high === -1 || value > (y[high] as number)) high = i;
    }
    if (low === -1) kept.add(from);
    else kept.add(low).add(high);
  }
  return Uint32Array.from(kept).sort();
}

/**
 * Indices of points of which no two lie in the same cell of a grid of `cells` by `cells` over both axes, the first of
 * each; those that are not finite are left out.
 */
export function thinned(x: ArrayLike<number>, y: ArrayLike<number>, cells: number): Uint32Array {
  const [ax, ay] = [spanOf(x, y, x), spanOf(x, y, y)];
  const seen = new Set<number>();
  const kept: number[] = [];
  const cell = (value: number, { low, length }: { low: number; length: number }): number =>
    length === 0 ? 0 : Math.min(cells - 1, Math.floor(((value - low) / length) * cells));
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [x[i] as number, y[i] as number];
    if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
    const key = cell(px, ax) * cells + cell(py, ay);
    if (!seen.has(key)) kept.push(i);
    seen.add(key);
  }
  return Uint32Array.from(kept);
}

function spanOf(x: ArrayLike<number>, y: ArrayLike<number>, of: ArrayLike<number>): { low: number; length: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < of.length; i++) {
    if (!Number.isFinite(x[i] as number) || !Number.isFinite(y[i] as number)) continue;
    low = Math.min(low, of[i] as number);
    high = Math.max(high, of[i] as number);
  }
  return low > high ? { low: 0, length: 0 } : { low, length: high - low };
}
