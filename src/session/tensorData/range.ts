import type { Limits } from '../../protocol/tensorViews.ts';

/** Least and largest of the finite numbers it is shown. */
export class Range {
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  add(x: number): void {
    if (!Number.isFinite(x)) return;
    if (x < this.#low) this.#low = x;
    if (x > this.#high) this.#high = x;
  }

  /** Answers how many are not finite. */
  addAll(x: ArrayLike<number>): number {
    let low = this.#low;
    let high = this.#high;
    let notFinite = 0;
    for (let i = 0; i < x.length; i++) {
      const value = x[i] as number;
      if (value - value !== 0) notFinite++;
      else {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    this.#low = low;
    this.#high = high;
    return notFinite;
  }

  /** Null where there was none. */
  get limits(): Limits {
    return this.#low > this.#high ? null : [this.#low, this.#high];
  }
}
