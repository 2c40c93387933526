import type { Range } from '../qparams.ts';
import { ClippedHistogram, KL_BINS, KL_GROUPS } from './clippedHistogram.ts';

/** Magnitudes in equal bins from 0 on, of values whose extremes are known. */
export interface MagnitudeHistogram {
  /** [2048]. */
  readonly counts: Float64Array;
  readonly step: number;
  readonly extremes: Range;
}

/**
 * How many bins are kept: i in [128, 2048] such that values clipped at bin i and put on 128 codes have the least relative
 * entropy D(i) to the unclipped ones, the first on ties; 2048 clips nothing.
 *
 * D is the reference's ({@link leastDivergenceF32} is all its own) but for what it errs in. Its bins are never empty, so
 * that it would rather clip data of few values, as images are, than spread them over what separates them: here an empty
 * bin is empty, and cannot be the last. It does not ask whether to clip at all, and clips constants to a sixteenth; and
 * relative entropy does not know that codes are near each other, so that it clips whatever has a frequent value, as
 * backgrounds do: here clipping may not cost more squared error than it saves in rounding. Its float32 counts stop at
 * 2^24; these are doubles.
 *
 * @param levels steps between the lowest and the highest code.
 */
export function klThreshold(histogram: MagnitudeHistogram, levels: number): number {
  const { counts } = histogram;
  const clipped = new ClippedHistogram(counts);
  const total = clipped.massBefore(KL_BINS);
  const errors = squaredErrors(histogram, levels);
  let [best, least] = [KL_BINS, Number.POSITIVE_INFINITY];
  for (let i = KL_GROUPS; i <= KL_BINS; i++) {
    if (counts[i - 1] === 0 || (errors[i] as number) > (errors[KL_BINS] as number)) continue;
    const d = clipped.divergence(i, total - clipped.massBefore(i - 1), total);
    if (d < least) [best, least] = [i, d];
  }
  return best;
}

/**
 * Squared error of clipping at T = (i + 1/2) bins and rounding the rest, by i, [2049]: values stand in the middle of their
 * bins, rounding costs a twelfth of the squared step between codes, which are laid over the sides that were seen.
 */
function squaredErrors({ counts, step, extremes }: MagnitudeHistogram, levels: number): Float64Array {
  const errors = new Float64Array(KL_BINS + 1);
  const rounding = (t: number): number =>
    ((Math.min(Math.max(extremes.hi, 0), t) + Math.min(Math.max(-extremes.lo, 0), t)) / levels) ** 2 / 12;
  const total = counts.reduce((sum, c) => sum + c, 0);
  let [count, sum, squares] = [0, 0, 0]; // of what is clipped
  for (let i = KL_BINS; i >= 0; i--) {
    if (i < KL_BINS) {
      const [c, x] = [counts[i] as number, (i + 0.5) * step];
      count += c;
      sum += c * x;
      squares += c * x * x;
    }
    const t = (i + 0.5) * step;
    errors[i] = squares - 2 * t * sum + t * t * count + (total - count) * rounding(t);
  }
  return errors;
}
