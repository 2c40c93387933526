import type { Moments } from '../../kernels/kernelSet.ts';
import type { Range } from '../qparams.ts';
import type { FirstPass, Outcome } from './observer.ts';

/** MAX_MIN: the extremes of everything it sees; NaN and infinities are left out. */
export class MinMaxObserver implements FirstPass {
  #lo = Number.POSITIVE_INFINITY;
  #hi = Number.NEGATIVE_INFINITY;

  observe(_x: Float32Array, m: Moments): void {
    if (m.count === m.nan + m.inf) return;
    this.#lo = Math.min(this.#lo, m.min);
    this.#hi = Math.max(this.#hi, m.max);
  }

  /** The range seen so far; undefined before the first finite value. */
  get range(): Range | undefined {
    return this.#lo <= this.#hi ? { lo: this.#lo, hi: this.#hi } : undefined;
  }

  finish(): Outcome {
    return { kind: 'range', range: this.range };
  }
}
