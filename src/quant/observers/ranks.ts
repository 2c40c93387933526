import { floatOfKey } from '../../base/floatKeys.ts';
import type { KernelSet, KeyDigit } from '../../kernels/kernelSet.ts';

/** Digits of a key from the highest to the lowest; together 32 bits. */
const DIGITS = [11, 11, 10] as const;

/**
 * The elements at the given ranks (0-based) of the finite elements of x in ascending order: radix selection, one look at
 * x per digit and distinct prefix.
 *
 * @param ranks each below the number of finite elements.
 */
export function elementsAtRanks(
  kernels: Pick<KernelSet, 'histogramKeysF32'>,
  x: Float32Array,
  ranks: readonly number[],
): number[] {
  let found = ranks.map((rank) => ({ prefix: 0, rank }));
  let shift = 32;
  for (const bits of DIGITS) {
    shift -= bits;
    const histograms = new Map<number, Float64Array>();
    found = found.map(({ prefix, rank }) => {
      let counts = histograms.get(prefix);
      if (counts === undefined) {
        const digit: KeyDigit = { shift, bits, prefix };
        counts = new Float64Array(2 ** bits);
        kernels.histogramKeysF32(x, digit, counts);
        histograms.set(prefix, counts);
      }
      const { bin, before } = binOfRank(counts, rank);
      return { prefix: prefix * 2 ** bits + bin, rank: rank - before };
    });
  }
  return found.map(({ prefix }) => floatOfKey(prefix));
}

/** The bin that holds the element at `rank`, and how many elements are in those before it. */
export function binOfRank(counts: Float64Array, rank: number): { readonly bin: number; readonly before: number } {
  let before = 0;
  let bin = 0;
  for (; bin < counts.length - 1; bin++) {
    const count = counts[bin] as number;
    if (before + count > rank) break;
    before += count;
  }
  return { bin, before };
}
