import { ClippedHistogram, KL_BINS, KL_GROUPS, PREFILL } from './clippedHistogram.ts';
import { leastDivergenceF32 } from './klReference.ts';

/**
 * `reference`: float32 as it computes, with bins that stop to grow at 2^24 and sums that lose what is small beside them.
 * `exact`: the same choice while all counts together are below 2^24, where its bins and sums of counts are exact; in
 * doubles from there on.
 */
export type KlArithmetic = 'reference' | 'exact';

/** Sums of counts below it are exact in float32. */
const EXACT_COUNTS = 2 ** 24;

/**
 * The number of bins i in [128, 2048) such that values clipped at bin i and put on 128 codes have the least relative
 * entropy D(i) to the unclipped ones; the first on ties. The threshold is (i + 1/2) bins.
 *
 * @param counts [2048] of magnitudes; bins are taken to hold 1e-7 more.
 * @source MindSpore Lite, tools/converter/quantizer/data_distribution.cc, commit 2b2887057ebe.
 */
export function klThreshold(counts: Float64Array, arithmetic: KlArithmetic): number {
  const total = counts.reduce((sum, c) => sum + c, 0);
  if (arithmetic === 'reference' || total < EXACT_COUNTS) return leastDivergenceF32(counts);
  const clipped = new ClippedHistogram(counts.map((c) => c + PREFILL));
  const mass = clipped.massBefore(KL_BINS);
  let [best, least] = [KL_GROUPS, Number.POSITIVE_INFINITY];
  for (let i = KL_GROUPS; i < KL_BINS; i++) {
    const d = clipped.divergence(i, mass - clipped.massBefore(i - 1), mass);
    if (d < least) [best, least] = [i, d];
  }
  return best;
}
