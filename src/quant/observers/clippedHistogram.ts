/** Bins of the histogram of magnitudes. */
export const KL_BINS = 2048;
/** Codes of one sign. */
export const KL_GROUPS = 128;

/** Relative entropies of a histogram to its clipped and quantized forms, in doubles, from prefix sums. */
export class ClippedHistogram {
  readonly #bins: Float64Array | Float32Array;
  /** What no filled bin falls below. */
  readonly #least: number;
  /** Of the bins before j, [2049]: their sum, how many are not empty, and the sum of h ln h. */
  readonly #mass = new Float64Array(KL_BINS + 1);
  readonly #filled = new Float64Array(KL_BINS + 1);
  readonly #entropy = new Float64Array(KL_BINS + 1);

  /** @param bins [2048]. */
  constructor(bins: Float64Array | Float32Array) {
    this.#bins = bins;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < KL_BINS; j++) {
      const h = bins[j] as number;
      if (h > 0 && h < least) least = h;
      this.#mass[j + 1] = (this.#mass[j] as number) + h;
      this.#filled[j + 1] = (this.#filled[j] as number) + (h > 0 ? 1 : 0);
      this.#entropy[j + 1] = (this.#entropy[j] as number) + (h > 0 ? h * Math.log(h) : 0);
    }
    this.#least = least;
  }

  /** Sum of the bins before j. */
  massBefore(j: number): number {
    return this.#mass[j] as number;
  }

  /**
   * Sum of p ln(p / q) over the first i bins. p: the bins over `total`, the last of them `last`. q: the bins in 128 equal
   * groups, each spread evenly over those of its bins that are not empty, over their sum.
   *
   * @param last > 0, in a bin that is not empty.
   */
  divergence(i: number, last: number, total: number): number {
    const own = (this.#entropy[i - 1] as number) + last * Math.log(last);
    const share = (this.massBefore(i - 1) + last) / total;
    return (own - this.#crossEntropy(i, last)) / total + share * Math.log(this.massBefore(i) / total);
  }

  /** All filled bins inside a group are equal when spread, so that there is one logarithm per group and per border. */
  #crossEntropy(i: number, last: number): number {
    const bins = this.#bins;
    const mass = this.#mass;
    const filled = this.#filled;
    const least = this.#least;
    const width = i / KL_GROUPS;
    let sum = 0;
    let average = 0;
    let from = 0;
    let shared = 0; // the part of bin `from` that belongs to the group before
    let h = 0;
    for (let g = 1; g <= KL_GROUPS; g++) {
      const end = g * width;
      const to = Math.floor(end);
      const part = end - to;
      const next = part > 0 ? (bins[to] as number) : 0;
      const inGroup = (mass[to] as number) - (mass[from] as number) - shared * h + part * next;
      const places = (filled[to] as number) - (filled[from] as number) - (h > 0 ? shared : 0) + (next > 0 ? part : 0);
      const previous = average;
      // rounded sums can lose what nearly empty bins hold
      average = places > 0 ? Math.max(inGroup / places, least) : 0;
      const inside = (mass[to] as number) - (mass[shared > 0 ? from + 1 : from] as number);
      if (shared > 0 && h > 0) sum += h * Math.log(previous * shared + average * (1 - shared));
      if (average > 0) sum += inside * Math.log(average);
      from = to;
      shared = part;
      h = next;
    }
    return sum + (last - (bins[i - 1] as number)) * Math.log(average);
  }
}
