const BLOCK = 64;

/** Sorted numbers with the sums of any run of them, in float64, without a sum per number in memory. */
export class SortedSums {
  /** Ascending. */
  readonly values: Float32Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;

  /** @param values ascending, without NaN. */
  constructor(values: Float32Array) {
    this.values = values;
    const blocks = Math.floor(values.length / BLOCK) + 1;
    this.#sums = new Float64Array(blocks);
    this.#squares = new Float64Array(blocks);
    for (let b = 1; b < blocks; b++) {
      let sum = 0;
      let squares = 0;
      for (let i = (b - 1) * BLOCK; i < b * BLOCK; i++) {
        const x = values[i] as number;
        sum += x;
        squares += x * x;
      }
      this.#sums[b] = (this.#sums[b - 1] as number) + sum;
      this.#squares[b] = (this.#squares[b - 1] as number) + squares;
    }
  }

  /** Of values[from .. to). */
  sum(from: number, to: number): number {
    return this.#sumBelow(to) - this.#sumBelow(from);
  }

  /** Sum of (x - centre)^2 over values[from .. to); rounding may leave less than nothing, which is 0. */
  squaredDistance(from: number, to: number, centre: number): number {
    const squares = this.#squaresBelow(to) - this.#squaresBelow(from);
    return Math.max(0, squares - 2 * centre * this.sum(from, to) + (to - from) * centre * centre);
  }

  #sumBelow(end: number): number {
    const block = Math.floor(end / BLOCK);
    let sum = this.#sums[block] as number;
    for (let i = block * BLOCK; i < end; i++) sum += this.values[i] as number;
    return sum;
  }

  #squaresBelow(end: number): number {
    const block = Math.floor(end / BLOCK);
    let sum = this.#squares[block] as number;
    for (let i = block * BLOCK; i < end; i++) sum += (this.values[i] as number) ** 2;
    return sum;
  }
}

/** How many of the sorted values are at most `limit`; those below `from` are known to be. */
export function upperBound(sorted: Float32Array, limit: number, from = 0): number {
  let lo = from;
  let hi = sorted.length;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if ((sorted[middle] as number) <= limit) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}
