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

  /** Null where there was none. */
  get limits(): Limits {
    return this.#low > this.#high ? null : [this.#low, this.#high];
  }
}
