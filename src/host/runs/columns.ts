import { METRICS, type MetricColumn, type MetricRequest } from '../../protocol/metrics.ts';
import type { StoredColumn } from './storedRun.ts';

/** Of all columns of a run together: a few megabytes. Metrics that come first in the table come first here. */
const MOST_VALUES = 500_000;
/** More than any view shows, and half as long as all digits. */
const DIGITS = 9;

/**
 * The metrics of a run that are known without measuring anew, over the worst sample and over all.
 *
 * @param ask answers for the run on display.
 * @throws DiagnosticError when it cannot.
 */
export async function collectColumns(
  ask: (request: MetricRequest) => Promise<MetricColumn>,
  nodes: number,
): Promise<readonly StoredColumn[]> {
  const wanted = METRICS.filter(({ id, needs }) => needs === 'run' || id === 'bytes').flatMap(({ id, perSample }) =>
    (perSample ? (['worst', 'mean'] as const) : (['mean'] as const)).map((of) => ({ metric: id, of })),
  );
  const columns: StoredColumn[] = [];
  for (const request of wanted.slice(0, Math.floor(MOST_VALUES / Math.max(1, nodes)))) {
    const { values } = await ask(request);
    columns.push({ ...request, values: Array.from(values, (value) => Number(value.toPrecision(DIGITS))) });
  }
  return columns;
}

/** The column that was asked for; over all samples where it does not depend on one. */
export function keptColumn(columns: readonly StoredColumn[], { metric, of }: MetricRequest): MetricColumn | undefined {
  const found = columns.filter((column) => column.metric === metric);
  const column = found.find((c) => c.of === of) ?? found.find((c) => c.of === 'mean');
  return column && { metric, of: column.of, samples: [], values: Float64Array.from(column.values) };
}
