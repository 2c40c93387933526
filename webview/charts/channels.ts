import type { ChartConfiguration } from 'chart.js';
import type { ChannelsView } from '../../src/protocol/chartViews.ts';
import { formatDb, formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { axis, STILL } from './axes.ts';
import type { ChartModel, ChartTable } from './chartModel.ts';
import type { ChartTheme } from './chartTheme.ts';
import { decimated } from './decimate.ts';
import { type Outliers, outliersOf } from './outliers.ts';

export type ChannelFigure = 'range' | 'rmse' | 'sqnrDb' | 'clipRate';

/** What channels can be shown by; range: from the least to the largest element. */
export const CHANNEL_FIGURES: readonly ChannelFigure[] = ['range', 'rmse', 'sqnrDb', 'clipRate'];

export function channelFigureTitle(figure: ChannelFigure): string {
  const titles: Readonly<Record<ChannelFigure, () => string>> = {
    range: () => t('Range'),
    rmse: () => t('RMSE'),
    sqnrDb: () => t('SQNR'),
    clipRate: () => t('Clip rate'),
  };
  return titles[figure]();
}

export interface ChannelChartOptions {
  readonly figure: ChannelFigure;
  /** By the figure, the worst or widest first, or as they are in the tensor. */
  readonly order: 'sorted' | 'index';
}

/** Points of a line that are drawn at most. */
const MOST_POINTS = 1500;

/** The channels of a tensor by their range or an error, those that stand apart marked; a reason where it has none. */
export function channelsChart(
  name: string,
  view: ChannelsView,
  { figure, order }: ChannelChartOptions,
): ChartModel | string {
  if (view.min.length === 0)
    return t('Axis {0} has {1} entries, too many for a chart of channels; choose another axis.', view.axis, view.count);
  if (figure !== 'range' && view.quantized === null) return t('Nothing stands for this tensor in a quantized model.');
  const values = valuesOf(view, figure);
  if (!values.some((v) => !Number.isNaN(v)))
    return t('{0} is not known for this tensor: it has no codes.', channelFigureTitle(figure));
  const rising = figure === 'sqnrDb';
  const outliers = outliersOf(values, rising ? 'low' : 'high');
  const channels = Array.from(values, (_, c) => c);
  const rank = (c: number) => {
    const value = values[c] as number;
    if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY;
    return rising ? -value : value;
  };
  if (order === 'sorted') channels.sort((a, b) => rank(b) - rank(a) || a - b);
  const apart = new Set(outliers.indices);
  const height = (c: number) => (figure === 'range' ? (view.max[c] as number) : finiteOr(values[c] as number, values));
  return {
    title: t('{0} of the channels of {1}', channelFigureTitle(figure), name),
    heading: t('{0} of the channels', channelFigureTitle(figure)),
    summary: t(
      '{0} channels along axis {1}; {2} stand apart; the first is channel {3}: {4}',
      view.count,
      view.axis,
      apart.size,
      channels[0] ?? 0,
      describe(view, channels[0] ?? 0),
    ),
    legend: legendOf(view, figure, apart.size),
    table: tableOf(view, channels, apart),
    points: {
      count: channels.length,
      at: (index) => ({ x: index, y: height(channels[index] ?? 0) }),
      describe: (index) => {
        const c = channels[index] ?? 0;
        const text = t('Channel {0}: {1}', c, describe(view, c));
        return apart.has(c) ? t('{0}; stands apart', text) : text;
      },
    },
    selected: () => -1,
    config: (theme) => configOf(theme, { view, figure, channels, values, outliers, apart }),
  };
}

function valuesOf(view: ChannelsView, figure: ChannelFigure): Float64Array {
  if (figure !== 'range') return view.quantized?.[figure] ?? new Float64Array(0);
  return view.max.map((high, c) => Math.max(Math.abs(high), Math.abs(view.min[c] as number)));
}

/** A channel without error stands as high as the best of the others. */
function finiteOr(value: number, all: Float64Array): number {
  if (value !== Number.POSITIVE_INFINITY) return value;
  return all.reduce((most, v) => (Number.isFinite(v) && v > most ? v : most), 0);
}

function describe({ min, max, quantized }: ChannelsView, c: number): string {
  const range = t('from {0} to {1}', formatNumber(min[c] ?? Number.NaN), formatNumber(max[c] ?? Number.NaN));
  if (quantized === null) return range;
  const [rmse, sqnr, clip] = [quantized.rmse[c], quantized.sqnrDb[c], quantized.clipRate[c]];
  const clipped = clip === undefined || Number.isNaN(clip) ? '' : t('clip rate {0}', formatShare(clip));
  return [range, t('RMSE {0}', formatNumber(rmse ?? Number.NaN)), t('SQNR {0}', formatDb(sqnr ?? null)), clipped]
    .filter((part) => part !== '')
    .join(', ');
}

function legendOf({ quantized }: ChannelsView, figure: ChannelFigure, apart: number): ChartModel['legend'] {
  return [
    { label: figure === 'range' ? t('original') : channelFigureTitle(figure), mark: 'origin' },
    ...(figure === 'range' && quantized !== null ? [{ label: t('dequantized'), mark: 'dequant' as const }] : []),
    ...(apart === 0 ? [] : [{ label: t('stands apart'), mark: 'outlier' as const }]),
  ];
}

function tableOf(view: ChannelsView, channels: readonly number[], apart: ReadonlySet<number>): ChartTable {
  const column = (title: string, values: ArrayLike<number>, text: (value: number) => string = formatNumber) => ({
    title,
    kind: 'number' as const,
    value: (row: number) => values[channels[row] ?? 0] ?? '',
    text: (row: number) => text(values[channels[row] ?? 0] ?? Number.NaN),
  });
  const share = (value: number) => (Number.isNaN(value) ? '' : formatShare(value));
  const { quantized, scale } = view;
  return {
    rows: channels.length,
    columns: [
      { title: t('Channel'), kind: 'number', value: (row) => channels[row] ?? 0 },
      column(t('Min'), view.min),
      column(t('Max'), view.max),
      ...(quantized === null
        ? []
        : [
            column(t('dequantized Min'), quantized.min),
            column(t('dequantized Max'), quantized.max),
            column(t('RMSE'), quantized.rmse),
            column(t('SQNR'), quantized.sqnrDb, formatDb),
            column(t('Clip rate'), quantized.clipRate, share),
          ]),
      ...(scale === null ? [] : [column(t('Scale'), scale)]),
      {
        title: t('stands apart'),
        kind: 'name',
        value: (row) => (apart.has(channels[row] ?? -1) ? t('yes') : ''),
      },
    ],
  };
}

interface Drawing {
  readonly view: ChannelsView;
  readonly figure: ChannelFigure;
  readonly channels: readonly number[];
  readonly values: Float64Array;
  readonly outliers: Outliers;
  readonly apart: ReadonlySet<number>;
}

function configOf(theme: ChartTheme, { view, figure, channels, values, apart }: Drawing): ChartConfiguration {
  const line = (of: (c: number) => number) => {
    const y = Float64Array.from(channels, of);
    return Array.from(decimated(y, MOST_POINTS), (i) => ({ x: i, y: y[i] as number }));
  };
  const shown = (c: number) => finiteOr(values[c] as number, values);
  const isRange = figure === 'range';
  const top = (c: number) => (isRange ? (view.max[c] as number) : shown(c));
  const apartPoints = channels.flatMap((c, i) => (apart.has(c) ? [{ x: i, y: top(c) }] : []));
  const few = channels.length <= 40;
  const look = {
    borderWidth: 1.5,
    pointRadius: few ? 2.5 : 0,
    stepped: isRange ? ('middle' as const) : (false as const),
  };
  const origin = { ...look, borderColor: theme.origin, pointBackgroundColor: theme.origin };
  const dequant = { ...look, borderColor: theme.dequant, borderDash: [...theme.dash], pointRadius: 0, fill: false };
  const config: ChartConfiguration<'line'> = {
    type: 'line',
    data: {
      datasets: [
        {
          data: apartPoints,
          showLine: false,
          pointStyle: 'triangle',
          pointRadius: 5,
          pointBackgroundColor: theme.outlier,
          pointBorderColor: theme.background,
        },
        { ...origin, data: line(top), backgroundColor: theme.originFill, fill: isRange ? 2 : false },
        ...(isRange ? [{ ...origin, data: line((c) => view.min[c] as number), fill: false }] : []),
        ...(isRange && view.quantized !== null
          ? [view.quantized.max, view.quantized.min].map((side) => ({
              ...dequant,
              data: line((c) => side[c] as number),
            }))
          : []),
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      scales: {
        x: axis(theme, { title: t('channels'), min: -0.5, max: channels.length - 0.5, ticks: 'integer' }),
        y: axis(theme, {
          title: unitOf(figure),
          min: isRange || figure === 'sqnrDb' ? undefined : 0,
        }),
      },
    },
  };
  return config as ChartConfiguration;
}

function unitOf(figure: ChannelFigure): string {
  if (figure === 'sqnrDb') return 'dB';
  return figure === 'clipRate' ? t('fraction') : '';
}
