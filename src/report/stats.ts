import type { KernelSet, Moments } from '../kernels/kernelSet.ts';
import type { TensorStats } from './reportTypes.ts';

/**
 * Share of the sum of squares above which sum x^2 - n mean^2 is taken for the sum of squared deviations: of the digits of
 * float64 it loses 10 bits at most. Below, the deviations are summed in a pass of their own.
 */
const LEAST_DEVIATION = 2 ** -10;

/**
 * Figures of one tensor, any shape. NaN and infinities are counted, and left out of everything but `count` and `sparsity`,
 * whose share is of all elements. Without finite elements extremes, quartiles, mean and variance are NaN.
 */
export function tensorStats(
  kernels: KernelSet,
  x: Float32Array,
  moments: Moments = kernels.momentsF32(x),
): TensorStats {
  const { count, min, max, sum, sumOfSquares, zeros, nan, inf } = moments;
  const finite = count - nan - inf;
  const mean = sum / finite;
  const deviation = sumOfSquares - sum * mean;
  const isAccurate = deviation > LEAST_DEVIATION * sumOfSquares;
  const [q1, median, q3] = kernels.quartilesF32(x, moments);
  return {
    count,
    min: finite === 0 ? Number.NaN : min,
    q1,
    median,
    q3,
    max: finite === 0 ? Number.NaN : max,
    mean,
    variance: (isAccurate ? deviation : kernels.squaredDeviationF32(x, mean)) / finite,
    sparsity: count === 0 ? 0 : zeros / count,
    nan,
    inf,
  };
}
