import type { TensorQuant } from '../kernels/kernelSet.ts';
import type { TensorStats } from './reportTypes.ts';

/** What the 256 counts of a tensor's 8-bit codes tell of it, dequantized. */
export interface CodeStats {
  readonly stats: TensorStats;
  readonly sumOfSquares: number;
  /** Codes equal to the lowest or the highest of their type. */
  readonly saturated: number;
}

/**
 * Figures of a dequantized tensor from its histogram alone.
 *
 * @param counts how many codes have each byte, of at least one code; see `histogram8`.
 */
export function codeStats(counts: Float64Array, { scale, zeroPoint, signed }: TensorQuant): CodeStats {
  const lowest = signed ? -128 : 0;
  const values: number[] = [];
  const numbers: number[] = [];
  let [count, sum, sumOfSquares, zeros] = [0, 0, 0, 0];
  for (let code = lowest; code < lowest + 256; code++) {
    const n = counts[code & 255] as number;
    if (n === 0) continue;
    const value = Math.fround((code - zeroPoint) * scale); // (D), as the kernels compute it
    values.push(value);
    numbers.push(n);
    count += n;
    sum += n * value;
    sumOfSquares += n * value * value;
    if (value === 0) zeros += n;
  }
  const mean = sum / count;
  const variance = values.reduce((s, v, i) => s + (numbers[i] as number) * (v - mean) ** 2, 0) / count;
  const atRank = (rank: number): number => {
    let before = 0;
    return values.find((_, i) => {
      before += numbers[i] as number;
      return before > rank;
    }) as number;
  };
  return {
    stats: {
      count,
      min: values[0] as number,
      q1: atRank(Math.floor(count / 4)),
      median: atRank(Math.floor(count / 2)),
      q3: atRank(Math.floor((3 * count) / 4)),
      max: values.at(-1) as number,
      mean,
      variance,
      sparsity: zeros / count,
      nan: 0,
      inf: 0,
    },
    sumOfSquares,
    saturated: (counts[lowest & 255] as number) + (counts[(lowest + 255) & 255] as number),
  };
}
