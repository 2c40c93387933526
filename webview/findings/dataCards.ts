import { preparationText } from '../../src/protocol/dataLabels.ts';
import type { DataFinding, Reference } from '../../src/protocol/diagnosisViews.ts';
import { metricInfo } from '../../src/protocol/metrics.ts';
import type { Actions } from '../actions.ts';
import { createChartCard } from '../charts/chartCard.ts';
import { h } from '../dom.ts';
import { formatCount, formatNumber } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../store.ts';
import { applyButton } from './applyButton.ts';
import { evidenceTable, shortSample } from './evidenceTable.ts';
import { growthChart } from './growthChart.ts';
import { enoughText, referenceChart } from './referenceChart.ts';

export interface DataParts {
  /** Of the config that the data were looked at with. */
  readonly configText: string;
  readonly state: AppState;
  readonly actions: Actions;
}

/** What speaks for another preprocessing, for odd samples, or for more of them. */
export function dataCard(finding: DataFinding, { configText, state, actions }: DataParts): HTMLElement {
  const evidence = evidenceTable(finding.evidence, { actions, nodeId: null, label: t('What speaks for it') });
  switch (finding.kind) {
    case 'preprocessing':
      return card(
        t('Preprocessing: {0}', preparationText(finding.label, t)),
        [
          verdict(finding.advised, t('The evidence calls for it.'), t('The evidence does not call for it.')),
          evidence,
          finding.advised &&
            h('div', {}, applyButton(t('Put into the config'), { change: finding.change, configText }, state, actions)),
          finding.advised && h('p', { class: 'hint' }, t('Samples are prepared anew then: quantize again.')),
        ],
        finding.advised,
      );
    case 'oddSample':
      return card(
        t('Odd sample'),
        [
          h(
            'p',
            { class: 'hint' },
            t('Its ranges or its error are far from those of the others: '),
            sampleLink(finding.sample, actions),
          ),
          evidence,
        ],
        true,
      );
    case 'tooFewSamples': {
      const chart = chartCard(actions);
      chart.show(growthChart(finding.growth));
      return card(
        t('Number of calibration samples'),
        [
          verdict(
            finding.advised,
            t('The ranges still grow: calibrate with more samples.'),
            t('The ranges have settled: more samples would change little.'),
          ),
          evidence,
          chart.element,
        ],
        finding.advised,
      );
    }
  }
}

type Preprocessing = Extract<DataFinding, { readonly kind: 'preprocessing' }>;

/** Other preprocessings that the evidence does not call for, folded away. */
export function declinedCard(findings: readonly Preprocessing[], actions: Actions): HTMLElement {
  const parts = findings.flatMap(({ label, evidence }) => [
    h('h4', {}, preparationText(label, t)),
    evidenceTable(evidence, { actions, nodeId: null, label: preparationText(label, t) }),
  ]);
  return card(
    t('Preprocessing'),
    [
      verdict(false, '', t('Others were tried, and the evidence calls for none of these.')),
      h('details', { class: 'tried' }, h('summary', {}, t('Tried: {0}', findings.length)), ...parts),
    ],
    false,
  );
}

/** What number is good enough: measured on labels, or what rounding alone gives. */
export function referenceCard(reference: Reference, { actions }: DataParts): HTMLElement {
  const title = t('What number is good enough');
  if (reference.kind === 'accuracy') {
    const chart = chartCard(actions);
    chart.show(referenceChart(reference));
    return card(title, [h('p', {}, enoughText(reference)), chart.element], false);
  }
  const { healthy, worst, above, nodes } = reference;
  const name = t(metricInfo('rmseScale').title);
  return card(
    title,
    [
      h(
        'p',
        {},
        t(
          '{0} is {1} where a node only rounds. The worst node here has {2}; {3} of {4} nodes lie above.',
          name,
          formatNumber(healthy),
          formatNumber(worst),
          formatCount(above),
          formatCount(nodes),
        ),
      ),
      scaleLine(healthy, worst),
      h(
        'div',
        {},
        h(
          'button',
          { class: 'tool', attrs: { type: 'button' }, on: { click: () => actions.setMetric('rmseScale') } },
          t('Colour by {0}', name),
        ),
      ),
    ],
    false,
  );
}

function card(title: string, parts: readonly (HTMLElement | false)[], isAdvised: boolean): HTMLElement {
  const heading = h('h3', {}, title);
  return h(
    'article',
    { class: isAdvised ? 'cause data advised' : 'cause data' },
    h('header', { class: 'cause-head' }, heading),
    ...parts,
  );
}

function verdict(advised: boolean, yes: string, no: string): HTMLElement {
  return h(
    'p',
    { class: 'data-verdict' },
    h('span', { class: advised ? 'verdict' : 'verdict is-met', attrs: { 'aria-hidden': 'true' } }),
    advised ? yes : no,
  );
}

function sampleLink(sample: string, actions: Actions): HTMLElement {
  return h(
    'button',
    {
      class: 'link place-name',
      title: t('Open {0}', sample),
      attrs: { type: 'button' },
      on: { click: () => actions.openSample(sample) },
    },
    shortSample(sample),
  );
}

/** From 0 to the worst value, with a mark at the healthy one. */
function scaleLine(healthy: number, worst: number): HTMLElement {
  const most = Math.max(healthy, worst, Number.MIN_VALUE);
  const mark = h('span', { class: 'scale-healthy' });
  mark.style.left = `${((100 * healthy) / most).toFixed(1)}%`;
  const fill = h('span', { class: 'scale-worst' });
  fill.style.width = `${((100 * worst) / most).toFixed(1)}%`;
  return h('div', { class: 'scale-line', attrs: { 'aria-hidden': 'true' } }, fill, mark);
}

function chartCard(actions: Actions) {
  return createChartCard({
    saveTable: (name, text) => void actions.saveChartTable(name, text),
    savePicture: (name, data) => void actions.saveChartPicture(name, data),
  });
}
