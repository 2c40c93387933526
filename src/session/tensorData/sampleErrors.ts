import type { TensorSamples } from '../../protocol/tensorViews.ts';
import type { Pair } from '../../whatif/pairs.ts';
import { KEPT_SAMPLES } from '../result.ts';
import type { RunState } from '../run.ts';

export type SampleErrors = Pick<TensorSamples, 'rmse' | 'cosine'>;

/** How far a pair is apart on each evaluation sample; NaN on those whose figures are not kept. */
export function sampleErrors({ cache, sampleCount }: RunState, pair: Pair): SampleErrors {
  const rmse = new Float64Array(sampleCount).fill(Number.NaN);
  const cosine = new Float64Array(sampleCount).fill(Number.NaN);
  for (let i = 0; i < Math.min(KEPT_SAMPLES, sampleCount); i++) {
    const figures = cache.figures(i, pair.floatSignature, pair.quantSignature);
    if (figures === undefined) continue;
    rmse[i] = Math.sqrt(figures.mse);
    cosine[i] = figures.cosine;
  }
  return { rmse, cosine };
}

/** The sample with the largest RMSE, the first of equal ones; the first where none is known. */
export function worstSample({ rmse }: SampleErrors): number {
  let worst = 0;
  for (let i = 1; i < rmse.length; i++) {
    const [now, best] = [rmse[i] as number, rmse[worst] as number];
    if (now > best || (Number.isNaN(best) && !Number.isNaN(now))) worst = i;
  }
  return worst;
}
