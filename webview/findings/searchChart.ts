import type { SearchStep, SearchView } from '../../src/protocol/searchViews.ts';
import { axis, STILL } from '../charts/axes.ts';
import type { ChartConfiguration, ChartModel } from '../charts/chartModel.ts';
import type { ChartTheme } from '../charts/chartTheme.ts';
import { type Guide, guides } from '../charts/guides.ts';
import { formatBytes } from '../format.ts';
import { t } from '../l10n.ts';
import { changeText } from '../whatif/changeText.ts';
import { judgeWords } from './judges.ts';

export interface SearchChartOptions {
  readonly view: SearchView;
  /** Index of the chosen candidate; -1 without. */
  readonly selected: () => number;
  readonly select: (index: number) => void;
}

const MEGABYTE = 1024 * 1024;

/** Every candidate by what it costs, nodes in float or bytes, and what it gives; the target as a line. */
export function searchChart({ view, selected, select }: SearchChartOptions): ChartModel | string {
  const { tried, best, request, target } = view;
  const shown = tried.map((_, i) => i).filter((i) => Number.isFinite(tried[i]?.value));
  if (shown.length === 0) return t('No candidate has been measured yet.');
  const words = judgeWords(request.judge);
  const isBits = request.goal.kind === 'bits';
  const costOf = ({ bytes, handles }: SearchStep) => (isBits ? bytes / MEGABYTE : handles.length);
  const costTitle = isBits ? t('size in MB') : t('nodes in float');
  const step = (at: number) => tried[shown[at] ?? 0] as SearchStep; // shown holds indices of tried
  const describe = (at: number) => {
    const { value, bytes, reached, change } = step(at);
    const met = reached ? t('reaches the target') : t('misses the target');
    return `${changeText(change)}: ${words.title} ${words.format(value)}, ${formatBytes(bytes)}, ${met}`;
  };
  const title = t('What was tried');
  return {
    title,
    heading: title,
    summary: t('Candidates: {0}; reaching the target: {1}', shown.length, tried.filter((s) => s.reached).length),
    legend: [
      { label: t('reaches the target'), mark: 'point' },
      { label: t('misses it'), mark: 'outlier' },
      ...(best === null ? [] : [{ label: t('best'), mark: 'selected' as const }]),
      { label: t('target'), mark: 'zero' },
    ],
    table: {
      rows: shown.length,
      columns: [
        { title: t('Change'), kind: 'name', value: (row) => changeText(step(row).change) },
        { title: costTitle, kind: 'number', value: (row) => costOf(step(row)) },
        {
          title: words.title,
          kind: 'number',
          value: (row) => step(row).value,
          text: (r) => words.format(step(r).value),
        },
      ],
    },
    points: {
      count: shown.length,
      at: (at) => ({ x: costOf(step(at)), y: step(at).value }),
      describe,
      activate: (at) => select(shown[at] ?? 0),
    },
    selected: () => shown.indexOf(selected()),
    selectedAs: 'ring',
    config: (theme) => {
      const points = (reached: boolean) =>
        shown
          .map((_, at) => step(at))
          .filter((s) => s.reached === reached)
          .map((s) => ({ x: costOf(s), y: s.value }));
      const lines: Guide[] = isBits
        ? [{ at: { x: request.goal.bytes / MEGABYTE }, color: theme.dim, dash: theme.dots }]
        : target === null
          ? []
          : [{ at: { y: target }, color: theme.dim, dash: theme.dots }];
      const values = [...shown.map((_, at) => step(at).value), ...(isBits || target === null ? [] : [target])];
      const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
      const margin = 0.06 * (high - low || Math.abs(high) || 1);
      return configOf(theme, {
        format: words.format,
        range: [low - margin, high + margin],
        most: shown.reduce((a, _, at) => Math.max(a, step(at).handles.length), 0) + 1,
        points,
        best: best && { x: costOf(best), y: best.value },
        lines,
        costTitle,
        isBits,
        title: words.title,
      });
    },
  };
}

interface Drawn {
  readonly points: (reached: boolean) => readonly { readonly x: number; readonly y: number }[];
  readonly best: { readonly x: number; readonly y: number } | null;
  readonly lines: readonly Guide[];
  readonly costTitle: string;
  readonly isBits: boolean;
  readonly title: string;
  /** Of the values and the target. */
  readonly range: readonly [number, number];
  /** Nodes, with room for the last point. */
  readonly most: number;
  readonly format: (value: number) => string;
}

function configOf(
  theme: ChartTheme,
  { points, best, lines, costTitle, isBits, title, range, most, format }: Drawn,
): ChartConfiguration {
  const config: ChartConfiguration<'scatter'> = {
    type: 'scatter',
    data: {
      datasets: [
        {
          data: best === null ? [] : [best],
          pointStyle: 'circle',
          pointRadius: 8,
          pointBackgroundColor: 'transparent',
          pointBorderColor: theme.selected,
          pointBorderWidth: 2,
        },
        {
          data: [...points(true)],
          pointStyle: 'circle',
          pointRadius: 3.5,
          pointBackgroundColor: theme.originFill,
          pointBorderColor: theme.origin,
        },
        {
          data: [...points(false)],
          pointStyle: 'triangle',
          pointRadius: 3.5,
          pointBackgroundColor: theme.outlier,
          pointBorderColor: theme.background,
        },
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      scales: {
        x: axis(theme, { title: costTitle, ...(isBits ? {} : { min: 0, max: most, ticks: 'integer' as const }) }),
        y: axis(theme, { title, min: range[0], max: range[1], format }),
      },
    },
    plugins: [guides(lines) as never], // draws on charts of any type
  };
  return config as ChartConfiguration;
}
