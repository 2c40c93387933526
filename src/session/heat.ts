import type { HeatView, Metric, NodeFigures } from '../protocol/views.ts';

type Level = 0 | 1 | 2 | 3 | 4;

/** One metric: what it is called, where its bands lie, and how its number is written. */
interface MetricRow {
  readonly title: string;
  readonly unit: string;
  /** Whether a higher number is better. */
  readonly higherIsBetter: boolean;
  /** Borders of the five bands, best first, in the metric's own unit. */
  readonly borders: readonly [number, number, number, number];
  readonly format: (value: number) => string;
}

/** Every metric that can colour the graph. */
const METRICS: Readonly<Record<Metric, MetricRow>> = {
  cosine: {
    title: 'Cosine similarity',
    unit: '',
    higherIsBetter: true,
    borders: [0.9999, 0.999, 0.99, 0.95],
    format: formatCosine,
  },
  sqnrDb: { title: 'SQNR', unit: 'dB', higherIsBetter: true, borders: [40, 30, 20, 10], format: formatDb },
  localSqnrDb: {
    title: 'Local SQNR (node alone)',
    unit: 'dB',
    higherIsBetter: true,
    borders: [40, 30, 20, 10],
    format: formatDb,
  },
  clipRate: {
    title: 'Clip rate',
    unit: '%',
    higherIsBetter: false,
    borders: [0, 0.0001, 0.001, 0.01],
    format: formatPercent,
  },
  sensitivity: {
    title: 'Sensitivity (output loss, only this node quantized)',
    unit: '',
    higherIsBetter: false,
    borders: [0.00001, 0.0001, 0.001, 0.01],
    format: (v) => v.toExponential(1),
  },
};

/** Colours the measured nodes by one metric, with the numbers that the bands stand for. */
export function heatView(metric: Metric, nodes: readonly NodeFigures[]): HeatView {
  const row = METRICS[metric];
  const values = nodes.flatMap((n) => {
    const value = n[metric];
    if (value === null || Number.isNaN(value)) return [];
    return [{ nodeId: n.nodeId, value, level: levelOf(row, value), text: row.format(value) }];
  });
  const counts = [0, 0, 0, 0, 0];
  for (const v of values) counts[v.level]!++;
  const bands = ([0, 1, 2, 3, 4] as const).map((level) => ({
    level,
    label: bandLabel(row, level),
    count: counts[level] as number,
  }));
  return { metric, title: row.title, unit: row.unit, bands, values };
}

function levelOf(row: MetricRow, value: number): Level {
  const better = (border: number) => (row.higherIsBetter ? value >= border : value <= border);
  const level = row.borders.findIndex(better);
  return (level === -1 ? 4 : level) as Level;
}

function bandLabel(row: MetricRow, level: Level): string {
  const sign = row.higherIsBetter ? '≥' : '≤';
  if (level === 4) return `${row.higherIsBetter ? '<' : '>'} ${row.format(row.borders[3])}`;
  return `${sign} ${row.format(row.borders[level])}`;
}

function formatCosine(value: number): string {
  return value >= 0.99995 && value < 1 ? `1-${(1 - value).toExponential(0)}` : value.toFixed(4);
}

function formatDb(value: number): string {
  return value === Number.POSITIVE_INFINITY ? 'exact' : `${value.toFixed(1)} dB`;
}

function formatPercent(value: number): string {
  return `${Number((100 * value).toPrecision(2))} %`;
}
