import type { Reference } from '../../src/protocol/diagnosisViews.ts';
import { axis, STILL } from '../charts/axes.ts';
import type { ChartConfiguration, ChartModel } from '../charts/chartModel.ts';
import type { ChartTheme } from '../charts/chartTheme.ts';
import { type Guide, guides } from '../charts/guides.ts';
import { formatCosine, formatShare } from '../format.ts';
import { t } from '../l10n.ts';

export type AccuracyReference = Extract<Reference, { readonly kind: 'accuracy' }>;

/** Top-1 against the cosine similarity of the output, over trials of growing error, with the border of what is enough. */
export function referenceChart(reference: AccuracyReference): ChartModel | string {
  const { points, floatTop1, enough, margin } = reference;
  if (points.length === 0) return t('No trial was measured.');
  const at = (row: number) => points[row] as (typeof points)[number]; // below points.length
  const title = t('Cosine similarity against top-1');
  return {
    title,
    heading: title,
    summary: enoughText(reference),
    legend: [
      { label: t('trial'), mark: 'point' },
      { label: t('float top-1 less {0}', formatShare(margin)), mark: 'zero' },
      ...(enough === null ? [] : [{ label: t('enough: {0}', formatCosine(enough)), mark: 'clip' as const }]),
    ],
    table: {
      rows: points.length,
      columns: [
        {
          title: t('Cosine'),
          kind: 'number',
          value: (row) => at(row).cosine,
          text: (row) => formatCosine(at(row).cosine),
        },
        { title: t('Top-1'), kind: 'number', value: (row) => at(row).top1, text: (row) => formatShare(at(row).top1) },
      ],
    },
    points: {
      count: points.length,
      at: (row) => ({ x: at(row).cosine, y: 100 * at(row).top1 }),
      describe: (row) => t('cosine {0}: top-1 {1}', formatCosine(at(row).cosine), formatShare(at(row).top1)),
    },
    selected: () => -1,
    config: (theme) =>
      configOf(theme, points, [
        { at: { y: 100 * (floatTop1 - margin) }, color: theme.dim, dash: theme.dots },
        ...(enough === null ? [] : [{ at: { x: enough }, color: theme.outlier, dash: theme.dash }]),
      ]),
  };
}

/** What number is good enough on this model. */
export function enoughText({ enough, floatTop1, margin }: AccuracyReference): string {
  const [float, lack] = [formatShare(floatTop1), formatShare(margin)];
  return enough === null
    ? t('No trial kept top-1 within {0} of the float model’s {1}.', lack, float)
    : t('From a cosine of {0} on, top-1 stays within {1} of the float model’s {2}.', formatCosine(enough), lack, float);
}

function configOf(theme: ChartTheme, points: AccuracyReference['points'], lines: readonly Guide[]): ChartConfiguration {
  const config: ChartConfiguration<'scatter'> = {
    type: 'scatter',
    data: {
      datasets: [
        {
          data: points.map(({ cosine, top1 }) => ({ x: cosine, y: 100 * top1 })),
          pointStyle: 'circle',
          pointRadius: 4,
          pointBackgroundColor: theme.originFill,
          pointBorderColor: theme.origin,
        },
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      scales: {
        x: axis(theme, { title: t('cosine similarity'), format: formatCosine }),
        y: axis(theme, { title: t('top-1 in %') }),
      },
    },
    plugins: [guides(lines) as never], // draws on charts of any type
  };
  return config as ChartConfiguration;
}
