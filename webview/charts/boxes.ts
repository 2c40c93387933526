import type { ChartConfiguration } from 'chart.js';
import type { TensorSpread } from '../../src/protocol/chartViews.ts';
import type { StatsView } from '../../src/protocol/views.ts';
import { formatNumber } from '../format.ts';
import { t } from '../l10n.ts';
import { axis, STILL } from './axes.ts';
import type { ChartModel } from './chartModel.ts';
import type { ChartTheme } from './chartTheme.ts';

/** Share of the axis that even an empty box takes, so that it is seen. */
const LEAST_BOX = 0.015;

type Five = Pick<StatsView, 'min' | 'q1' | 'median' | 'q3' | 'max'>;

const NUMBERS = ['min', 'q1', 'median', 'q3', 'max'] as const;
const NAMES: Readonly<Record<(typeof NUMBERS)[number], () => string>> = {
  min: () => t('Min'),
  q1: () => t('Q1'),
  median: () => t('Median'),
  q3: () => t('Q3'),
  max: () => t('Max'),
};

/** Whether the five numbers are there: without finite elements they are not. */
export function hasBox(stats: StatsView | null): stats is StatsView {
  return stats !== null && NUMBERS.every((n) => Number.isFinite(stats[n]));
}

/** The five numbers of a tensor before and after quantization, on one axis. */
export function boxesOf(name: string, origin: StatsView, dequant: StatsView | null): ChartModel {
  const sides = [
    { label: t('original'), stats: origin },
    ...(hasBox(dequant) ? [{ label: t('dequantized'), stats: dequant }] : []),
  ];
  const at = (index: number) => {
    const side = Math.floor(index / NUMBERS.length);
    const number = NUMBERS[index % NUMBERS.length] ?? 'min';
    return { side, number, value: sides[side]?.stats[number] ?? Number.NaN };
  };
  return {
    title: t('Five numbers of {0}', name),
    heading: t('Five numbers'),
    summary: sides.map(({ label, stats }) => fiveText(label, stats)).join('; '),
    legend: [],
    table: {
      rows: NUMBERS.length,
      columns: [
        { title: t('Number'), kind: 'name', value: (row) => NAMES[NUMBERS[row] ?? 'min']() },
        ...sides.map(({ label, stats }) => ({
          title: label,
          kind: 'number' as const,
          value: (row: number) => stats[NUMBERS[row] ?? 'min'],
          text: (row: number) => formatNumber(stats[NUMBERS[row] ?? 'min']),
        })),
      ],
    },
    points: {
      count: sides.length * NUMBERS.length,
      at: (index) => ({ x: at(index).value, y: at(index).side }),
      describe: (index) => {
        const { side, number, value } = at(index);
        return t('{0}: {1} {2}', sides[side]?.label ?? '', NAMES[number](), formatNumber(value));
      },
    },
    selected: () => -1,
    config: (theme) => boxConfig(theme, sides),
  };
}

function fiveText(label: string, { min, median, max }: Five): string {
  return t('{0} from {1} to {2}, median {3}', label, formatNumber(min), formatNumber(max), formatNumber(median));
}

function boxConfig(
  theme: ChartTheme,
  sides: readonly { readonly label: string; readonly stats: StatsView }[],
): ChartConfiguration {
  const range = rangeOf(sides.map((s) => s.stats));
  const config: ChartConfiguration<'boxplot'> = {
    type: 'boxplot',
    data: {
      labels: sides.map((s) => s.label),
      datasets: [
        {
          data: sides.map(({ stats }) => ({
            ...box(stats, (range.max - range.min) * LEAST_BOX),
            mean: stats.mean,
          })),
          backgroundColor: [theme.originFill, theme.dequantFill] as string[], // chart.js takes patterns here too
          borderColor: [theme.origin, theme.dequant],
          borderWidth: 1.5,
          meanRadius: 2.5,
          meanBackgroundColor: theme.text,
          meanBorderColor: theme.text,
          medianColor: theme.text,
          maxBarThickness: 26,
        },
      ],
    },
    options: {
      ...STILL,
      indexAxis: 'y',
      scales: {
        x: axis(theme, { title: '', ...range }),
        y: { ticks: { color: theme.text, font: { size: 11 } }, grid: { display: false } },
      },
    },
  };
  return config as ChartConfiguration;
}

export interface SpreadOptions {
  /** The sample that everything else is of. */
  readonly sample: number | 'worst';
  readonly choose: (sample: number) => void;
}

/** One box per sample and side. */
export function spreadOf(name: string, spread: TensorSpread, { sample, choose }: SpreadOptions): ChartModel {
  const five = (side: Float64Array, sample: number): Five => {
    const [min = 0, q1 = 0, median = 0, q3 = 0, max = 0] = side.subarray(5 * sample, 5 * sample + 5);
    return { min, q1, median, q3, max };
  };
  const count = spread.names.length;
  const worst = spread.rmse.reduce((at, value, i) => (value > (spread.rmse[at] ?? 0) ? i : at), 0);
  const column = (title: string, side: Float64Array, number: (typeof NUMBERS)[number]) => ({
    title: `${title} ${NAMES[number]()}`,
    kind: 'number' as const,
    value: (row: number) => five(side, row)[number],
    text: (row: number) => formatNumber(five(side, row)[number]),
  });
  return {
    title: t('{0} over samples', name),
    heading: t('Over samples'),
    summary: t(
      '{0} of {1} samples; the largest RMSE is {2}, on sample {3}',
      count,
      spread.count,
      formatNumber(spread.rmse[worst] ?? Number.NaN),
      worst,
    ),
    legend: [
      { label: t('original'), mark: 'origin' },
      { label: t('dequantized'), mark: 'dequant' },
    ],
    table: {
      rows: count,
      columns: [
        { title: t('Sample'), kind: 'number', value: (row) => row },
        { title: t('File'), kind: 'name', value: (row) => spread.names[row] ?? '' },
        {
          title: t('RMSE'),
          kind: 'number',
          value: (row) => spread.rmse[row] ?? '',
          text: (row) => formatNumber(spread.rmse[row] ?? Number.NaN),
        },
        ...NUMBERS.map((n) => column(t('original'), spread.origin, n)),
        ...NUMBERS.map((n) => column(t('dequantized'), spread.dequant, n)),
      ],
    },
    points: {
      count,
      at: (index) => ({ x: index, y: five(spread.origin, index).median }),
      describe: (index) =>
        t(
          'Sample {0}, {1}: RMSE {2}; {3}; {4}',
          index,
          spread.names[index] ?? '',
          formatNumber(spread.rmse[index] ?? Number.NaN),
          fiveText(t('original'), five(spread.origin, index)),
          fiveText(t('dequantized'), five(spread.dequant, index)),
        ),
      activate: choose,
    },
    selected: () => (sample === 'worst' ? worst : sample < count ? sample : -1),
    config: (theme) => {
      const boxes = (side: Float64Array) => Array.from({ length: count }, (_, i) => box(five(side, i), 0));
      const range = rangeOf([...boxes(spread.origin), ...boxes(spread.dequant)]);
      const look = { borderWidth: 1.5, medianColor: theme.text, meanRadius: 0, maxBarThickness: 18 };
      const config: ChartConfiguration<'boxplot'> = {
        type: 'boxplot',
        data: {
          labels: Array.from({ length: count }, (_, i) => String(i)),
          datasets: [
            { ...look, data: boxes(spread.origin), backgroundColor: theme.originFill, borderColor: theme.origin },
            {
              ...look,
              data: boxes(spread.dequant),
              backgroundColor: theme.dequantFill as string, // chart.js takes patterns here too
              borderColor: theme.dequant,
            },
          ],
        },
        options: {
          ...STILL,
          scales: {
            x: {
              title: { display: true, text: t('Sample'), color: theme.dim, padding: 2 },
              ticks: { color: theme.text },
              grid: { display: false },
            },
            y: axis(theme, { title: '', ...range }),
          },
        },
      };
      return config as ChartConfiguration;
    },
  };
}

/** Smallest and largest value with a little room; a constant tensor gets an axis around its value. */
function rangeOf(shown: readonly Five[]): { min: number; max: number } {
  const finite = shown.flatMap(({ min, max }) => [min, max]).filter(Number.isFinite);
  const [min, max] = finite.length === 0 ? [0, 0] : [Math.min(...finite), Math.max(...finite)];
  const room = max > min ? (max - min) * 0.02 : Math.abs(min) * 0.1 || 1;
  return { min: min - room, max: max + room };
}

/** @param least width to draw when the quartiles are (nearly) equal, as after a Relu; the median's line is exact. */
function box({ min, q1, median, q3, max }: Five, least: number) {
  const lack = Math.max(0, least - (q3 - q1)) / 2;
  const whiskers = { whiskerMin: min, whiskerMax: max };
  return { min, q1: q1 - lack, median, q3: q3 + lack, max, mean: median, ...whiskers, items: [], outliers: [] };
}
