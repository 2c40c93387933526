import type { ChartConfiguration } from 'chart.js';
import { formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { axis, STILL } from './axes.ts';
import type { ChartModel } from './chartModel.ts';
import type { ChartTheme } from './chartTheme.ts';
import { thinned } from './decimate.ts';
import { guides } from './guides.ts';

/** Relative errors of all nodes, by their index in the file's order; NaN where not measured. */
export interface SourceSeries {
  readonly local: Float64Array;
  readonly cumulative: Float64Array;
  readonly nameOf: (node: number) => string;
  readonly typeOf: (node: number) => string;
  /** Index of the selected node; -1 without. */
  readonly selected: () => number;
  readonly select: (node: number) => void;
}

/** Cells along each axis of which one point is drawn. */
const CELLS = 220;

/** Nodes by what they add to the error and by what their output has: sources lie at the diagonal, carriers above it. */
export function sourcesChart({
  local,
  cumulative,
  nameOf,
  typeOf,
  selected,
  select,
}: SourceSeries): ChartModel | string {
  const known: number[] = [];
  for (let i = 0; i < local.length; i++) if (isDrawn(local[i]) && isDrawn(cumulative[i])) known.push(i);
  if (known.length === 0)
    return t('No node has both a local and a cumulative error; local errors are known of quantized nodes alone.');
  const sources = known.filter((i) => isSource(local[i] as number, cumulative[i] as number));
  const largest = known.reduce((at, i) => ((local[i] as number) > (local[at] as number) ? i : at), known[0] as number);
  const kind = (i: number) =>
    isSource(local[i] as number, cumulative[i] as number) ? t('makes error') : t('carries error');
  const column = (title: string, values: Float64Array) => ({
    title,
    kind: 'number' as const,
    value: (row: number) => values[known[row] ?? 0] as number,
    text: (row: number) => formatShare(values[known[row] ?? 0] as number),
  });
  return {
    title: t('Local against cumulative error'),
    heading: t('Local against cumulative error'),
    summary: t(
      '{0} nodes, {1} of which make most of their error themselves; the largest local error is that of {2}, {3}',
      known.length,
      sources.length,
      nameOf(largest),
      formatShare(local[largest] as number),
    ),
    legend: [
      { label: t('makes error'), mark: 'outlier' },
      { label: t('carries error'), mark: 'point' },
      { label: t('all error is its own'), mark: 'diagonal' },
    ],
    table: {
      rows: known.length,
      columns: [
        { title: t('Node'), kind: 'name', value: (row) => nameOf(known[row] ?? 0) },
        { title: t('Operator'), kind: 'name', value: (row) => typeOf(known[row] ?? 0) },
        column(t('Local error'), local),
        column(t('Cumulative error'), cumulative),
        { title: t('Role'), kind: 'name', value: (row) => kind(known[row] ?? 0) },
      ],
    },
    points: {
      count: known.length,
      at: (index) => ({ x: local[known[index] ?? 0] as number, y: cumulative[known[index] ?? 0] as number }),
      describe: (index) => {
        const i = known[index] ?? 0;
        const [own, all] = [formatShare(local[i] as number), formatShare(cumulative[i] as number)];
        return t('{0} ({1}): local {2}, cumulative {3}; {4}', nameOf(i), typeOf(i), own, all, kind(i));
      },
      activate: (index) => select(known[index] ?? 0),
    },
    selected: () => known.indexOf(selected()),
    selectedAs: 'ring',
    config: (theme) => configOf(theme, local, cumulative),
  };
}

/** Whether at least half of the error's power is the node's own. */
function isSource(local: number, cumulative: number): boolean {
  return 2 * local ** 2 >= cumulative ** 2;
}

/** On logarithmic axes. */
function isDrawn(value: number | undefined): boolean {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

function configOf(theme: ChartTheme, local: Float64Array, cumulative: Float64Array): ChartConfiguration {
  const log = (values: Float64Array) => values.map((v) => (isDrawn(v) ? Math.log10(v) : Number.NaN));
  const shown = thinned(log(local), log(cumulative), CELLS);
  const points = (sources: boolean) =>
    Array.from(shown)
      .filter((i) => isSource(local[i] as number, cumulative[i] as number) === sources)
      .map((i) => ({ x: local[i] as number, y: cumulative[i] as number }));
  const config: ChartConfiguration<'scatter'> = {
    type: 'scatter',
    data: {
      datasets: [
        {
          data: points(true),
          pointStyle: 'triangle',
          pointRadius: 4.5,
          pointBackgroundColor: theme.outlier,
          pointBorderColor: theme.background,
        },
        {
          data: points(false),
          pointStyle: 'circle',
          pointRadius: 3,
          pointBackgroundColor: theme.originFill,
          pointBorderColor: theme.origin,
        },
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      scales: {
        x: axis(theme, { title: t('local error'), kind: 'logarithmic' }),
        y: axis(theme, { title: t('cumulative error'), kind: 'logarithmic' }),
      },
    },
    plugins: [guides([{ at: 'diagonal', color: theme.dim, dash: theme.dots }]) as never], // draws on charts of any type
  };
  return config as ChartConfiguration;
}
