import type { ChartConfiguration } from 'chart.js';
import type { GridView, HistogramView } from '../../src/protocol/chartViews.ts';
import { formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { axis, STILL } from './axes.ts';
import type { ChartModel } from './chartModel.ts';
import type { ChartTheme } from './chartTheme.ts';
import { type Guide, guides } from './guides.ts';

/** Steps of the grid that are drawn at most; more would be a bar. */
const MOST_STEPS = 100;
/** What stands for no element on a logarithmic axis. */
const FLOOR = 0.5;
/** How far the fullest bin stands above the middle one where a linear axis shows nothing else. */
const STEEP = 50;

interface Series {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** How often a tensor takes which values, float and dequantized, with the limits and the grid of its codes. */
export function histogramChart(name: string, view: HistogramView, scale: 'linear' | 'logarithmic'): ChartModel {
  const { grid, codes, origin } = view;
  const middles = Float64Array.from(origin, (_, i) => view.low + (i + 0.5) * view.width);
  const perStep = grid !== null && isByCode(view) ? grid.scale / view.width : 1;
  const float: Series = { x: middles, y: Float64Array.from(origin, (n) => n * perStep) };
  const quantized = quantizedSeries(view, middles);
  const clip = grid === null ? undefined : clipOf(grid);
  return {
    title: t('Histogram of {0}', name),
    heading: t('Histogram'),
    summary: summaryOf(view, clip),
    legend: [
      { label: t('original'), mark: 'origin' },
      ...(quantized === undefined ? [] : [{ label: t('dequantized'), mark: 'dequant' as const }]),
      ...(clip === undefined ? [] : [{ label: t('limits of the codes'), mark: 'clip' as const }]),
      ...(grid === null ? [] : [{ label: t('zero point {0}', grid.zeroPoint), mark: 'zero' as const }]),
    ],
    table: codes !== null && grid !== null ? codeTable(view, grid, codes) : binTable(view),
    points: {
      count: origin.length,
      at: (index) => ({ x: middles[index] ?? 0, y: Math.max(scale === 'linear' ? 0 : FLOOR, float.y[index] ?? 0) }),
      describe: (index) => describeBin(view, index),
    },
    selected: () => -1,
    config: (theme) =>
      configOf(theme, { float, quantized, clip, grid, scale, perStep: perStep !== 1, ends: histogramAxis(view) }),
  };
}

/** What the x axis reaches from and to: all bins and all codes. */
export function histogramAxis({ low, width, origin, grid }: HistogramView): readonly [number, number] {
  const clip = grid === null ? undefined : clipOf(grid);
  const first = low + 0.5 * width;
  const last = low + (origin.length - 0.5) * width;
  const bin = origin.length > 1 ? width : 1;
  return [Math.min(first - bin, clip?.[0] ?? first), Math.max(last + bin, clip?.[1] ?? last)];
}

/** Logarithmic where a few bins hold nearly everything, so that on a linear axis the others could not be seen. */
export function likelyScale({ origin }: HistogramView): 'linear' | 'logarithmic' {
  const filled = Float64Array.from(origin.filter((n) => n > 0)).sort();
  const most = filled.at(-1) ?? 0;
  const middle = filled[Math.floor(filled.length / 2)] ?? 0;
  return most > STEEP * middle ? 'logarithmic' : 'linear';
}

/** Whether bins are so narrow that codes are shown one by one. */
function isByCode({ grid, codes, width }: HistogramView): boolean {
  return grid !== null && codes !== null && width < 1.5 * grid.scale;
}

/** Of its codes where they are few; else over the bins. */
function quantizedSeries(view: HistogramView, middles: Float64Array): Series | undefined {
  const { dequant, grid, codes } = view;
  if (codes !== null && grid !== null && isByCode(view)) {
    return {
      x: Float64Array.from(codes.counts, (_, i) => grid.scale * (codes.first + i - grid.zeroPoint)),
      y: Float64Array.from(codes.counts),
    };
  }
  return dequant === null ? undefined : { x: middles, y: Float64Array.from(dequant) };
}

function clipOf({ scale, zeroPoint, qmin, qmax }: GridView): readonly [number, number] {
  return [scale * (qmin - zeroPoint), scale * (qmax - zeroPoint)];
}

function summaryOf(view: HistogramView, clip: readonly [number, number] | undefined): string {
  const total = view.origin.reduce((a, b) => a + b, 0);
  const low = formatNumber(view.low);
  const high = formatNumber(view.low + view.origin.length * view.width);
  const range = t('{0} elements from {1} to {2}', total.toLocaleString('en'), low, high);
  if (clip === undefined) return range;
  const used = view.codes?.counts.filter((n) => n > 0).length;
  const codes = used === undefined ? '' : t('{0} of {1} codes are taken', used, view.codes?.counts.length ?? 0);
  return [range, t('codes reach from {0} to {1}', formatNumber(clip[0]), formatNumber(clip[1])), codes]
    .filter((part) => part !== '')
    .join('; ');
}

function describeBin({ low, width, origin, dequant }: HistogramView, index: number): string {
  const from = formatNumber(low + index * width);
  const to = formatNumber(low + (index + 1) * width);
  const float = origin[index] ?? 0;
  return dequant === null
    ? t('{0} to {1}: {2} original', from, to, float)
    : t('{0} to {1}: {2} original, {3} dequantized', from, to, float, dequant[index] ?? 0);
}

function binTable({ low, width, origin, dequant }: HistogramView): ChartModel['table'] {
  const edge = (title: string, offset: number) => ({
    title,
    kind: 'number' as const,
    value: (row: number) => low + (row + offset) * width,
    text: (row: number) => formatNumber(low + (row + offset) * width),
  });
  return {
    rows: origin.length,
    columns: [
      edge(t('From'), 0),
      edge(t('To'), 1),
      { title: t('original'), kind: 'number', value: (row) => origin[row] ?? 0 },
      ...(dequant === null
        ? []
        : [{ title: t('dequantized'), kind: 'number' as const, value: (row: number) => dequant[row] ?? 0 }]),
    ],
  };
}

function codeTable(
  { codes, origin, low, width }: HistogramView,
  grid: GridView,
  { first, counts }: NonNullable<HistogramView['codes']>,
): ChartModel['table'] {
  const total = counts.reduce((a, b) => a + b, 0);
  const value = (row: number) => grid.scale * (first + row - grid.zeroPoint);
  /** Float elements nearest to a code. */
  const near = (row: number) => {
    const from = Math.round((value(row) - grid.scale / 2 - low) / width);
    const to = Math.round((value(row) + grid.scale / 2 - low) / width);
    let sum = 0;
    for (let i = Math.max(0, from); i < Math.min(origin.length, to); i++) sum += origin[i] ?? 0;
    return sum;
  };
  return {
    rows: codes === null ? 0 : counts.length,
    columns: [
      { title: t('Code'), kind: 'number', value: (row) => first + row },
      { title: t('Value'), kind: 'number', value, text: (row) => formatNumber(value(row)) },
      { title: t('original, nearest'), kind: 'number', value: near },
      { title: t('dequantized'), kind: 'number', value: (row) => counts[row] ?? 0 },
      {
        title: t('Share'),
        kind: 'number',
        value: (row) => (counts[row] ?? 0) / total,
        text: (row) => formatShare((counts[row] ?? 0) / total),
      },
    ],
  };
}

interface Drawing {
  readonly float: Series;
  readonly quantized: Series | undefined;
  readonly clip: readonly [number, number] | undefined;
  readonly grid: GridView | null;
  readonly scale: 'linear' | 'logarithmic';
  readonly perStep: boolean;
  readonly ends: readonly [number, number];
}

function configOf(
  theme: ChartTheme,
  { float, quantized, clip, grid, scale, perStep, ends: [min, max] }: Drawing,
): ChartConfiguration {
  const points = ({ x, y }: Series) =>
    Array.from(x, (at, i) => ({ x: at, y: scale === 'linear' ? (y[i] ?? 0) : Math.max(FLOOR, y[i] ?? 0) }));
  const look = { stepped: 'middle' as const, pointRadius: 0, borderWidth: 1.5 };
  const lines: Guide[] = [
    ...(clip ?? []).map((x): Guide => ({ at: { x }, color: theme.outlier, dash: theme.dash })),
    ...(grid === null ? [] : [{ at: { x: 0 }, color: theme.dim, dash: theme.dots }]),
  ];
  const steps = grid === null ? [] : stepsOf(grid, min, max);
  const config: ChartConfiguration<'line'> = {
    type: 'line',
    data: {
      datasets: [
        {
          ...look,
          data: points(float),
          borderColor: theme.origin,
          backgroundColor: theme.originFill,
          fill: 'start',
        },
        ...(quantized === undefined
          ? []
          : [
              {
                ...look,
                data: points(quantized),
                borderColor: theme.dequant,
                borderDash: [...theme.dash],
                fill: false,
              },
            ]),
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      scales: {
        x: axis(theme, { title: '', min, max }),
        y: axis(theme, {
          title: perStep ? t('elements per code') : t('elements'),
          kind: scale,
          min: scale === 'linear' ? 0 : FLOOR,
          ticks: 'integer',
        }),
      },
    },
    plugins: [guides(lines, { values: steps, color: theme.dim }) as never], // draws on charts of any type
  };
  return config as ChartConfiguration;
}

/** The values of the grid in sight, unless they are too many to tell apart. */
function stepsOf({ scale, zeroPoint, qmin, qmax }: GridView, min: number, max: number): number[] {
  if ((max - min) / scale > MOST_STEPS) return [];
  const from = Math.max(qmin, Math.ceil(min / scale + zeroPoint));
  const to = Math.min(qmax, Math.floor(max / scale + zeroPoint));
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => scale * (from + i - zeroPoint));
}
