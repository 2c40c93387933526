/** Bins of the histogram of magnitudes. */
export const KL_BINS = 2048;
/** Codes of one sign. */
export const KL_GROUPS = 128;
/** What each bin holds before anything is counted, so that none is empty. */
export const PREFILL = Math.fround(1e-7);

/** Relative entropies of a histogram to its clipped forms, in doubles, from prefix sums. */
export class ClippedHistogram {
  readonly #bins: Float64Array | Float32Array;
  /** Of the bins before j, [2049]. */
  readonly #mass = new Float64Array(KL_BINS + 1);
  /** Sum of h ln h of the bins before j, [2049]. */
  readonly #entropy = new Float64Array(KL_BINS + 1);

  /** @param bins [2048], all > 0. */
  constructor(bins: Float64Array | Float32Array) {
    this.#bins = bins;
    for (let j = 0; j < KL_BINS; j++) {
      const h = bins[j] as number;
      this.#mass[j + 1] = (this.#mass[j] as number) + h;
      this.#entropy[j + 1] = (this.#entropy[j] as number) + h * Math.log(h);
    }
  }

  /** Sum of the bins before j. */
  massBefore(j: number): number {
    return this.#mass[j] as number;
  }

  /**
   * Sum of p ln(p / q) over the first i bins. p: the bins over `total`, the last of them `last` > 0. q: the bins in 128
   * equal groups, each spread evenly again, over their sum.
   */
  divergence(i: number, last: number, total: number): number {
    const own = (this.#entropy[i - 1] as number) + last * Math.log(last);
    const share = (this.massBefore(i - 1) + last) / total;
    return (own - this.#crossEntropy(i, last)) / total + share * Math.log(this.massBefore(i) / total);
  }

  /** All bins inside a group are equal when spread, so that there is one logarithm per group and per border. */
  #crossEntropy(i: number, last: number): number {
    const bins = this.#bins;
    const mass = this.#mass;
    const width = i / KL_GROUPS;
    let sum = 0;
    let average = 0;
    let from = 0;
    let shared = 0; // the part of bin `from` that belongs to the group before
    for (let g = 1; g <= KL_GROUPS; g++) {
      const end = g * width;
      const to = Math.floor(end);
      const part = end - to;
      const h = bins[from] as number;
      const upTo = part > 0 ? part * (bins[to] as number) : 0;
      const previous = average;
      // sums in double lose what nearly empty bins hold, but none holds less than this
      average = Math.max(((mass[to] as number) - (mass[from] as number) - shared * h + upTo) / width, PREFILL);
      const first = shared > 0 ? from + 1 : from;
      if (shared > 0) sum += h * Math.log(previous * shared + average * (1 - shared));
      sum += ((mass[to] as number) - (mass[first] as number)) * Math.log(average);
      from = to;
      shared = part;
    }
    return sum + (last - (bins[i - 1] as number)) * Math.log(average);
  }
}
