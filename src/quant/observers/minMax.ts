import type { Moments } from '../../kernels/kernelSet.ts';
import type { Range } from '../qparams.ts';

/** Keeps the extremes of everything it sees; NaN and infinities are counted apart. */
export class MinMaxObserver {
  #lo = Number.POSITIVE_INFINITY;
  #hi = Number.NEGATIVE_INFINITY;

  /** @param m moments of one tensor of one sample. */
  observe(m: Moments): void {
    if (m.count === m.nan + m.inf) return;
    this.#lo = Math.min(this.#lo, m.min);
    this.#hi = Math.max(this.#hi, m.max);
  }

  /** The range seen so far; undefined before the first finite value. */
  get range(): Range | undefined {
    return this.#lo <= this.#hi ? { lo: this.#lo, hi: this.#hi } : undefined;
  }
}
