/** Spearman's rank correlation of two lists of the same length: ties share their mean rank. NaN where either is constant. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [(x[i] as number) - mean, (y[i] as number) - mean];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? Number.NaN : xy / Math.sqrt(xx * yy);
}

/** How many of the `k` largest of both lists are the same; of equal values the earlier counts as larger. */
export function commonTop(a: readonly number[], b: readonly number[], k: number): number {
  const top = new Set(order(a).slice(0, k));
  return order(b)
    .slice(0, k)
    .filter((i) => top.has(i)).length;
}

/** Indices, largest first. */
function order(values: readonly number[]): number[] {
  return [...values.keys()].sort((i, j) => (values[j] as number) - (values[i] as number) || i - j);
}

function ranks(values: readonly number[]): number[] {
  const sorted = [...values.keys()].sort((i, j) => (values[i] as number) - (values[j] as number));
  const out = new Array<number>(values.length).fill(0);
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    while (to < sorted.length && values[sorted[to] as number] === values[sorted[from] as number]) to++;
    for (let i = from; i < to; i++) out[sorted[i] as number] = (from + 1 + to) / 2;
  }
  return out;
}
