import type { Location } from '../base/diagnostics.ts';
import { type Channels, forRuns } from './channels.ts';
import { nonFiniteWeight } from './errors.ts';
import type { Range } from './qparams.ts';

/**
 * Smallest and largest element of each channel; of one without elements +infinity and -infinity.
 * @throws QNT201 when the weight holds NaN or infinities.
 */
export function weightRanges(weight: Float32Array, channels: Channels, at: Location): Range[] {
  const lo = new Float32Array(channels.count).fill(Number.POSITIVE_INFINITY);
  const hi = new Float32Array(channels.count).fill(Number.NEGATIVE_INFINITY);
  let nan = 0;
  let inf = 0;
  forRuns(weight.length, channels, (c, from, to) => {
    let min = lo[c] as number;
    let max = hi[c] as number;
    for (let i = from; i < to; i++) {
      const x = weight[i] as number;
      if (x - x !== 0) {
        if (Number.isNaN(x)) nan++;
        else inf++;
      }
      if (x < min) min = x;
      if (x > max) max = x;
    }
    lo[c] = min;
    hi[c] = max;
  });
  if (nan + inf > 0) throw nonFiniteWeight(at, nan, inf);
  return Array.from(lo, (min, c) => ({ lo: min, hi: hi[c] as number }));
}
