import type { ChartConfiguration } from 'chart.js';
import { formatCosine, formatDb, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { axis, STILL } from './axes.ts';
import type { ChartModel } from './chartModel.ts';
import type { ChartTheme } from './chartTheme.ts';
import { decimated } from './decimate.ts';

export type DepthFigure = 'sqnrDb' | 'cosine' | 'cumulativeError';

/** What the error along the depth can be told by. */
export const DEPTH_FIGURES: readonly DepthFigure[] = ['sqnrDb', 'cosine', 'cumulativeError'];

export function depthFigureTitle(figure: DepthFigure): string {
  const titles: Readonly<Record<DepthFigure, () => string>> = {
    sqnrDb: () => t('SQNR'),
    cosine: () => t('Cosine similarity'),
    cumulativeError: () => t('Relative error'),
  };
  return titles[figure]();
}

/** Figures of all nodes, by their index in the file's order; NaN where not measured. */
export interface DepthSeries {
  readonly figure: DepthFigure;
  /** What of the samples the figures are: `worst of each node`. */
  readonly of: string;
  readonly cumulative: Float64Array;
  /** Of each node alone; null where the figure has no local form. */
  readonly local: Float64Array | null;
  readonly nameOf: (node: number) => string;
  readonly typeOf: (node: number) => string;
  /** Index of the selected node; -1 without. */
  readonly selected: () => number;
  readonly select: (node: number) => void;
}

/** Points of a line that are drawn at most. */
const MOST_POINTS = 2000;

/** How the error grows from the first node to the last, and what each node adds by itself. */
export function depthChart(series: DepthSeries): ChartModel | string {
  const { figure, of, cumulative, local, nameOf, typeOf, selected, select } = series;
  const measured: number[] = [];
  for (let i = 0; i < cumulative.length; i++) {
    if (!Number.isNaN(cumulative[i] as number) || !Number.isNaN(local?.[i] ?? Number.NaN)) measured.push(i);
  }
  if (measured.length === 0) return t('No node has this figure in the last run.');
  const write = formatOf(figure);
  const isWorse = (a: number, b: number) => (figure === 'cumulativeError' ? a > b : a < b);
  const worst = measured.reduce((at, i) => {
    const [value, best] = [cumulative[i] as number, cumulative[at] as number];
    return !Number.isNaN(value) && (Number.isNaN(best) || isWorse(value, best)) ? i : at;
  }, measured[0] as number);
  const height = (node: number) => {
    const value = cumulative[node] as number;
    return Number.isFinite(value) ? value : (local?.[node] ?? Number.NaN);
  };
  return {
    title: t('{0} along the network', depthFigureTitle(figure)),
    heading: t('{0} along the network', depthFigureTitle(figure)),
    summary: t(
      '{0} nodes, {4}; the worst is {1}: {2}; at the end {3}',
      measured.length,
      nameOf(worst),
      write(cumulative[worst] as number),
      write(lastOf(cumulative)),
      of,
    ),
    legend: [
      { label: t('with all errors before'), mark: 'origin' },
      ...(local === null ? [] : [{ label: t('each node alone'), mark: 'dequant' as const }]),
    ],
    table: {
      rows: measured.length,
      columns: [
        { title: t('Place'), kind: 'number', value: (row) => (measured[row] ?? 0) + 1 },
        { title: t('Node'), kind: 'name', value: (row) => nameOf(measured[row] ?? 0) },
        { title: t('Operator'), kind: 'name', value: (row) => typeOf(measured[row] ?? 0) },
        column(t('with all errors before'), cumulative, measured, write),
        ...(local === null ? [] : [column(t('each node alone'), local, measured, write)]),
      ],
    },
    points: {
      count: measured.length,
      at: (index) => ({ x: measured[index] ?? 0, y: height(measured[index] ?? 0) }),
      describe: (index) => {
        const node = measured[index] ?? 0;
        const alone = local?.[node] ?? Number.NaN;
        const text = t('{0} ({1}): {2}', nameOf(node), typeOf(node), write(cumulative[node] as number));
        return Number.isNaN(alone) ? text : t('{0}, alone {1}', text, write(alone));
      },
      activate: (index) => select(measured[index] ?? 0),
    },
    selected: () => measured.indexOf(selected()),
    config: (theme) => configOf(theme, series),
  };
}

function column(title: string, values: Float64Array, nodes: readonly number[], write: (value: number) => string) {
  return {
    title,
    kind: 'number' as const,
    value: (row: number) => {
      const value = values[nodes[row] ?? 0] as number;
      return Number.isNaN(value) ? '' : value;
    },
    text: (row: number) => write(values[nodes[row] ?? 0] as number),
  };
}

function lastOf(values: Float64Array): number {
  for (let i = values.length - 1; i >= 0; i--) if (!Number.isNaN(values[i] as number)) return values[i] as number;
  return Number.NaN;
}

/** Writes a figure; '' for one that was not measured. */
function formatOf(figure: DepthFigure): (value: number) => string {
  const write = { sqnrDb: formatDb, cosine: formatCosine, cumulativeError: formatShare }[figure];
  return (value) => (Number.isNaN(value) ? '' : write(value));
}

function configOf(theme: ChartTheme, { figure, cumulative, local }: DepthSeries): ChartConfiguration {
  const isLog = figure === 'cumulativeError';
  const points = (values: Float64Array) => {
    const shown = values.map((v) => (Number.isFinite(v) && (!isLog || v > 0) ? v : Number.NaN));
    return Array.from(decimated(shown, MOST_POINTS), (i) => ({ x: i, y: shown[i] as number })).filter(
      ({ y }) => !Number.isNaN(y),
    );
  };
  const few = cumulative.length <= 200;
  const config: ChartConfiguration<'line'> = {
    type: 'line',
    data: {
      datasets: [
        {
          data: points(cumulative),
          borderColor: theme.origin,
          pointBackgroundColor: theme.origin,
          borderWidth: 1.5,
          pointRadius: few ? 2 : 0,
        },
        ...(local === null
          ? []
          : [
              {
                data: points(local),
                borderColor: theme.dequant,
                pointBackgroundColor: theme.background,
                pointBorderColor: theme.dequant,
                pointStyle: 'rectRot' as const,
                borderWidth: 1,
                borderDash: [...theme.dots],
                pointRadius: few ? 3 : 1.5,
              },
            ]),
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      scales: {
        x: axis(theme, {
          title: t('nodes in the order of the file'),
          min: 0,
          max: Math.max(1, cumulative.length - 1),
          ticks: 'integer',
        }),
        y: axis(theme, { title: figure === 'sqnrDb' ? 'dB' : '', kind: isLog ? 'logarithmic' : 'linear' }),
      },
    },
  };
  return config as ChartConfiguration;
}
