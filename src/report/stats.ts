import type { KernelSet } from '../kernels/kernelSet.ts';
import type { TensorStats } from './reportTypes.ts';

/**
 * Figures of one tensor, any shape. NaN and infinities are counted, and left out of everything but `count` and `sparsity`,
 * whose share is of all elements. Without finite elements extremes, quartiles, mean and variance are NaN.
 */
export function tensorStats(kernels: KernelSet, x: Float32Array): TensorStats {
  const { count, min, max, sum, zeros, nan, inf } = kernels.momentsF32(x);
  const finite = count - nan - inf;
  const mean = sum / finite;
  const [q1, median, q3] = kernels.quartilesF32(x);
  return {
    count,
    min: finite === 0 ? Number.NaN : min,
    q1,
    median,
    q3,
    max: finite === 0 ? Number.NaN : max,
    mean,
    variance: kernels.squaredDeviationF32(x, mean) / finite,
    sparsity: count === 0 ? 0 : zeros / count,
    nan,
    inf,
  };
}
