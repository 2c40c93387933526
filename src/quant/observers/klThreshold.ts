import { ClippedHistogram, KL_BINS, KL_GROUPS } from './clippedHistogram.ts';

/**
 * How many bins of a histogram of magnitudes are kept: i in [128, 2048] such that values clipped at bin i and put on 128
 * codes have the least relative entropy D(i) to the unclipped ones, the first on ties. 2048 clips nothing.
 *
 * D is the reference's but for what it errs in ({@link leastDivergenceF32} is all its own): its bins are never empty, so
 * that it prefers to clip data of few values, as images are, to what separates them; it never asks whether to clip at
 * all; its float32 counts stop at 2^24 and its sums lose what is small beside them. Here an empty bin is empty, and only
 * a bin that is not can be the last.
 *
 * @param counts [2048].
 */
export function klThreshold(counts: Float64Array): number {
  const clipped = new ClippedHistogram(counts);
  const total = clipped.massBefore(KL_BINS);
  let [best, least] = [KL_BINS, Number.POSITIVE_INFINITY];
  for (let i = KL_GROUPS; i <= KL_BINS; i++) {
    const last = total - clipped.massBefore(i - 1);
    if (counts[i - 1] === 0) continue;
    const d = clipped.divergence(i, last, total);
    if (d < least) [best, least] = [i, d];
  }
  return best;
}
