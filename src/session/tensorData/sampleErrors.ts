import type { TensorSamples } from '../../protocol/tensorViews.ts';
import type { Pair } from '../../whatif/pairs.ts';
import type { Result } from '../result.ts';

export type SampleErrors = Pick<TensorSamples, 'rmse' | 'cosine'>;

/** How far a pair is apart on each of so many evaluation samples; NaN on those whose figures are not kept. */
export function sampleErrors({ figures }: Result, pair: Pair, count: number): SampleErrors {
  const each = (name: 'rmse' | 'cosine') =>
    Float64Array.from({ length: count }, (_, sample) => figures.of(pair.value, name, sample));
  return { rmse: each('rmse'), cosine: each('cosine') };
}

/** The sample with the largest RMSE, the first of equal ones; the first where none is known. */
export function worstSample({ figures }: Result, pair: Pair): number {
  return Math.max(0, figures.worstSample(pair.value, 'rmse'));
}
