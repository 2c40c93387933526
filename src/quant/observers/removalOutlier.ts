import type { KernelSet, Moments } from '../../kernels/kernelSet.ts';
import type { FirstPass, Outcome } from './observer.ts';
import { elementsAtRanks } from './ranks.ts';

const LOW = Math.fround(0.0001);
const HIGH = Math.fround(0.9999);

/**
 * REMOVAL_OUTLIER: of each tensor's n finite values in ascending order, those at floor(0.0001 n) and floor(0.9999 n), both
 * products in float32; their means over all tensors, taken in doubles and stored as float32. Nothing is left out of
 * tensors of up to 10,000 values.
 *
 * @source MindSpore Lite, tools/converter/quantizer/data_distribution.cc, commit 2b2887057ebe.
 */
export class RemovalOutlierObserver implements FirstPass {
  readonly #kernels: Pick<KernelSet, 'histogramKeysF32'>;
  #tensors = 0;
  #lows = 0;
  #highs = 0;

  constructor(kernels: Pick<KernelSet, 'histogramKeysF32'>) {
    this.#kernels = kernels;
  }

  observe(x: Float32Array, m: Moments): void {
    const n = m.count - m.nan - m.inf;
    if (n === 0) return;
    const low = Math.trunc(Math.fround(LOW * Math.fround(n)));
    const high = Math.min(Math.trunc(Math.fround(HIGH * Math.fround(n))), n - 1);
    const isWhole = low === 0 && high === n - 1;
    const [lo, hi] = isWhole ? [m.min, m.max] : elementsAtRanks(this.#kernels, x, [low, high]);
    this.#lows += lo as number; // as many elements as ranks
    this.#highs += hi as number;
    this.#tensors++;
  }

  finish(): Outcome {
    if (this.#tensors === 0) return { kind: 'range', range: undefined };
    const lo = Math.fround(this.#lows / this.#tensors);
    const hi = Math.fround(this.#highs / this.#tensors);
    return { kind: 'range', range: { lo, hi } };
  }
}
