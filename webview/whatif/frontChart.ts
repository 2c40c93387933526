import type { TrialNode } from '../../src/protocol/trialViews.ts';
import { axis, STILL } from '../charts/axes.ts';
import type { ChartConfiguration, ChartModel } from '../charts/chartModel.ts';
import type { ChartTheme } from '../charts/chartTheme.ts';
import { formatBytes, formatLoss, formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { frontOf } from './front.ts';
import { formatPercent } from './outcome.ts';
import { trialName, worstCosine } from './trialRows.ts';

export type FrontX = 'bytes' | 'integerShare' | 'cost';
export type FrontY = 'error' | 'top1';

export interface FrontOptions {
  readonly x: FrontX;
  readonly y: FrontY;
  /** Id of the trial whose figures are on display. */
  readonly current: string | null;
  readonly choose: (id: string) => void;
}

/** An axis: what a trial has on it, in its unit, and what is better. */
interface Scale {
  readonly title: string;
  readonly better: 'less' | 'more';
  readonly of: (trial: TrialNode) => number;
  /** As it is drawn, in the unit of the axis. */
  readonly drawn: (value: number) => number;
  readonly text: (value: number) => string;
}

const MEBI = 1024 * 1024;

export function xScale(id: FrontX): Scale {
  switch (id) {
    case 'bytes':
      return {
        title: t('size of the constants in MB'),
        better: 'less',
        of: ({ bytes }) => bytes,
        drawn: (value) => value / MEBI,
        text: formatBytes,
      };
    case 'integerShare':
      return {
        title: t('share of MACs on integers in %'),
        better: 'more',
        of: ({ integerShare }) => integerShare,
        drawn: (value) => 100 * value,
        text: formatShare,
      };
    case 'cost':
      return {
        title: t('estimated time, float32 being 1'),
        better: 'less',
        of: ({ cost }) => cost,
        drawn: (value) => value,
        text: formatNumber,
      };
  }
}

export function yScale(id: FrontY): Scale {
  if (id === 'top1')
    return {
      title: t('top-1 in %'),
      better: 'more',
      of: ({ top1 }) => top1 ?? Number.NaN,
      drawn: (value) => 100 * value,
      text: formatPercent,
    };
  return {
    title: t('error: 1 − cosine'),
    better: 'less',
    of: (trial) => 1 - worstCosine(trial),
    drawn: (value) => value,
    text: formatLoss,
  };
}

/** A trial without any error is drawn at this share of the least error there is; a logarithmic axis has no 0. */
const BELOW = 0.3;
const LEAST_ERROR = 1e-8;
/** From so many times the least error on, the axis is logarithmic. */
const LONG = 4;

/** Trials by what they cost and what they lose, and those that no other one beats in both. */
export function frontChart(all: readonly TrialNode[], { x, y, current, choose }: FrontOptions): ChartModel | string {
  const [across, up] = [xScale(x), yScale(y)];
  const trials = all.filter((trial) => !Number.isNaN(across.of(trial)) && !Number.isNaN(up.of(trial)));
  if (all.length === 0) return t('Quantize with a config first: every run and every change after it is a trial.');
  if (trials.length === 0) return y === 'top1' ? t('No trial was evaluated with labels.') : t('No trial has outputs.');
  const points = trials.map((trial) => ({ x: across.of(trial), y: up.of(trial) }));
  const front = frontOf(points, { x: across.better, y: up.better });
  const onFront = new Set(front);
  const errors = points.map((p) => p.y).filter((value) => value > 0);
  const floor = Math.max(LEAST_ERROR, (errors.length === 0 ? 1 : Math.min(...errors)) * BELOW);
  const drawn = points.map((p) => ({
    x: across.drawn(p.x),
    y: y === 'error' ? Math.max(p.y, floor) : up.drawn(p.y),
  }));
  const name = (index: number) => trialName(trials[index] as TrialNode);
  const columnOf = (title: string, scale: Scale) => ({
    title,
    kind: 'number' as const,
    value: (row: number) => scale.of(trials[row] as TrialNode),
    text: (row: number) => scale.text(scale.of(trials[row] as TrialNode)),
  });
  return {
    title: t('Trade-off of trials'),
    heading: t('Trade-off'),
    summary: t('Trials: {0}; not beaten by any other: {1}', trials.length, front.length),
    legend: [
      { label: t('best ones'), mark: 'origin' },
      { label: t('other trials'), mark: 'point' },
      { label: t('on display'), mark: 'selected' },
    ],
    table: {
      rows: trials.length,
      columns: [
        { title: t('Trial'), kind: 'name', value: name },
        columnOf(t('Size'), xScale('bytes')),
        columnOf(t('Integer share'), xScale('integerShare')),
        columnOf(t('Cost'), xScale('cost')),
        columnOf(t('Error'), yScale('error')),
        ...(trials.some(({ top1 }) => top1 !== null) ? [columnOf(t('Top-1'), yScale('top1'))] : []),
        { title: t('Best'), kind: 'name', value: (row) => (onFront.has(row) ? t('yes') : '') },
      ],
    },
    points: {
      count: trials.length,
      at: (index) => drawn[index] as { x: number; y: number },
      describe: (index) => {
        const { x: across1, y: up1 } = points[index] as { x: number; y: number };
        const figures = `${across.title}: ${across.text(across1)}; ${up.title}: ${up.text(up1)}`;
        return onFront.has(index)
          ? t('{0}: {1}; no other one beats it', name(index), figures)
          : `${name(index)}: ${figures}`;
      },
      activate: (index) => choose((trials[index] as TrialNode).id),
    },
    selected: () => trials.findIndex(({ id }) => id === current),
    selectedAs: 'ring',
    config: (theme) => configOf(theme, { drawn, front, onFront, across, up, isLog: y === 'error' && isLong(drawn) }),
  };
}

/** Whether the errors are so different that a linear axis would not tell the small ones apart. */
function isLong(drawn: readonly { readonly y: number }[]): boolean {
  const errors = drawn.map((p) => p.y);
  return Math.max(...errors) >= LONG * Math.min(...errors);
}

interface Drawing {
  readonly drawn: readonly { readonly x: number; readonly y: number }[];
  readonly front: readonly number[];
  readonly onFront: ReadonlySet<number>;
  readonly across: Scale;
  readonly up: Scale;
  readonly isLog: boolean;
}

function configOf(theme: ChartTheme, { drawn, front, onFront, across, up, isLog }: Drawing): ChartConfiguration {
  const at = (index: number) => drawn[index] as { x: number; y: number };
  const config: ChartConfiguration<'scatter'> = {
    type: 'scatter',
    data: {
      datasets: [
        {
          data: front.map(at),
          showLine: true,
          stepped: across.better === 'less' ? 'before' : 'after',
          borderColor: theme.origin,
          borderWidth: 1.5,
          pointStyle: 'circle',
          pointRadius: 4.5,
          pointBackgroundColor: theme.origin,
          pointBorderColor: theme.background,
        },
        {
          data: drawn.filter((_, index) => !onFront.has(index)),
          pointStyle: 'circle',
          pointRadius: 3.5,
          pointBackgroundColor: theme.background,
          pointBorderColor: theme.origin,
        },
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      layout: { padding: { right: 12, top: 10 } },
      scales: {
        x: axis(theme, { title: across.title }),
        y: axis(theme, { title: up.title, ...(isLog && { kind: 'logarithmic' as const }) }),
      },
    },
  };
  return config as ChartConfiguration;
}
