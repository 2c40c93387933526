import type { DataFinding } from '../../src/protocol/diagnosisViews.ts';
import { axis, STILL } from '../charts/axes.ts';
import type { ChartConfiguration, ChartModel } from '../charts/chartModel.ts';
import type { ChartTheme } from '../charts/chartTheme.ts';
import { formatShare } from '../format.ts';
import { t } from '../l10n.ts';

type Growth = Extract<DataFinding, { readonly kind: 'tooFewSamples' }>['growth'];

/** How the ranges still grow with more calibration samples. */
export function growthChart(growth: Growth): ChartModel | string {
  if (growth.length < 2) return t('Too few samples for a curve.');
  const at = (row: number) => growth[row] as Growth[number]; // below growth.length
  const title = t('Range of the activations by calibration samples');
  const [last, before] = [at(growth.length - 1), at(growth.length - 2)];
  return {
    title,
    heading: title,
    summary: t(
      'From {0} to {1} samples the ranges grew from {2} to {3}',
      before.samples,
      last.samples,
      formatShare(before.range),
      formatShare(last.range),
    ),
    legend: [],
    table: {
      rows: growth.length,
      columns: [
        { title: t('Samples'), kind: 'number', value: (row) => at(row).samples },
        {
          title: t('Range, of that of all samples'),
          kind: 'number',
          value: (row) => at(row).range,
          text: (row) => formatShare(at(row).range),
        },
      ],
    },
    points: {
      count: growth.length,
      at: (row) => ({ x: at(row).samples, y: 100 * at(row).range }),
      describe: (row) => t('{0} samples: {1} of the range of all', at(row).samples, formatShare(at(row).range)),
    },
    selected: () => -1,
    config: (theme) => configOf(theme, growth),
  };
}

function configOf(theme: ChartTheme, growth: Growth): ChartConfiguration {
  const config: ChartConfiguration<'line'> = {
    type: 'line',
    data: {
      datasets: [
        {
          data: growth.map(({ samples, range }) => ({ x: samples, y: 100 * range })),
          borderColor: theme.origin,
          pointBackgroundColor: theme.origin,
          borderWidth: 1.5,
          pointRadius: 3,
        },
      ],
    },
    options: {
      ...STILL,
      parsing: false,
      scales: {
        x: axis(theme, { title: t('calibration samples'), kind: 'logarithmic' }),
        y: axis(theme, { title: t('range in %'), max: 102 }),
      },
    },
  };
  return config as ChartConfiguration;
}
