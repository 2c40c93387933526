import type { MetricColumn, MetricId } from '../../protocol/metrics.ts';
import type { NodeFigures } from '../../protocol/views.ts';
import { nothingYet } from '../errors.ts';
import { relativeError } from './sampleFigures.ts';

/** What the figures of nodes say by themselves. */
const KEPT: Partial<Record<MetricId, (figures: NodeFigures) => number | null>> = {
  cosine: (f) => f.cosine,
  sqnrDb: (f) => f.sqnrDb,
  localSqnrDb: (f) => f.localSqnrDb,
  clipRate: (f) => f.clipRate,
  sensitivity: (f) => f.sensitivity,
  cumulativeError: (f) => (f.sqnrDb === null ? null : relativeError(f.sqnrDb)),
  localError: (f) => (f.localSqnrDb === null ? null : relativeError(f.localSqnrDb)),
};

/**
 * A metric as far as a kept run has it: means over its samples, errors from the mean decibels.
 *
 * @param nodes of the run, one for each node of the file in its order.
 * @throws DiagnosticError SES401 for metrics that need the tensors.
 */
export function columnOfFigures(file: string, metric: MetricId, nodes: readonly NodeFigures[]): MetricColumn {
  const figure = KEPT[metric];
  if (figure === undefined) throw nothingYet(file, 'run');
  return { metric, of: 'mean', samples: [], values: Float64Array.from(nodes, (f) => figure(f) ?? Number.NaN) };
}
