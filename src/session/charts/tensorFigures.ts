import type { SampledFigureView, TensorFigures } from '../../protocol/chartViews.ts';
import type { Pair } from '../../whatif/pairs.ts';
import type { Result } from '../result.ts';
import type { RunState } from '../run.ts';

const SHOWN = ['cosine', 'sqnrDb', 'cumulativeError', 'mse', 'clipRate', 'saturation'] as const;

/** The figures of a pair over all evaluation samples, those alone that were measured. */
export function tensorFigures(run: RunState, { figures }: Result, pair: Pair): TensorFigures {
  const samples = Array.from({ length: figures.kept }, (_, i) => i);
  const rows = SHOWN.map(
    (metric): SampledFigureView => ({
      metric,
      worst: figures.of(pair.value, metric, 'worst'),
      worstSample: figures.worstSample(pair.value, metric),
      mean: figures.of(pair.value, metric, 'mean'),
      each: Float64Array.from(samples, (sample) => figures.of(pair.value, metric, sample)),
    }),
  );
  return {
    count: figures.samples,
    names: samples.map((sample) => run.samples.nameOf(sample)),
    figures: rows.filter((row) => !Number.isNaN(row.worst)),
  };
}
