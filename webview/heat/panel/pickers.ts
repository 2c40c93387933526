import { METRICS, type SampleChoice } from '../../../src/protocol/metrics.ts';
import { fill, h } from '../../dom.ts';
import { t } from '../../l10n.ts';
import type { AppState } from '../../store.ts';
import type { HeatMetric } from '../state.ts';

/** A choice of a list, which may be one that cannot be taken now. */
export interface Choice {
  readonly value: string;
  readonly text: string;
  readonly disabled?: boolean;
  readonly title?: string;
}

export interface Picker {
  readonly element: HTMLElement;
  show(choices: readonly Choice[], value: string): void;
}

/** A drop-down list with its label before it. */
export function createPicker(label: string, onChange: (value: string) => void): Picker {
  const select = h('select', { class: 'heat-select', attrs: { 'aria-label': label } });
  select.addEventListener('change', () => onChange(select.value));
  const element = h('label', { class: 'heat-pick' }, h('span', { class: 'heat-label' }, label), select);
  return { element, show: (choices, value) => showChoices(select, choices, value) };
}

/** Fills a list where its choices have changed, and takes one of them. */
export function showChoices(select: HTMLSelectElement, choices: readonly Choice[], value: string): void {
  const isSame =
    select.options.length === choices.length &&
    choices.every(({ value: v, text, disabled = false }, i) => {
      const known = select.options[i];
      return known?.value === v && known.text === text && known.disabled === disabled;
    });
  if (!isSame) fill(select, ...choices.map(option));
  if (select.value !== value) select.value = value;
  select.title = choices.find((c) => c.value === value)?.title ?? '';
}

function option({ value, text, disabled = false, title }: Choice): HTMLElement {
  const element = h('option', { attrs: { value }, ...(title === undefined ? {} : { title }) }, text);
  element.disabled = disabled;
  return element;
}

const NONE = 'none';

/** Every metric, those that need a run only where there is one, then what was loaded, then none. */
export function metricChoices({ run, overlays }: Pick<AppState, 'run' | 'overlays'>, none: string): Choice[] {
  return [
    ...METRICS.map(({ id, title, doc, needs }) => ({
      value: id,
      text: t(title),
      title: t(doc),
      disabled: run === null && needs !== 'model',
    })),
    ...overlays.map(({ id, name }) => ({ value: id, text: t('Overlay: {0}', name) })),
    { value: NONE, text: none },
  ];
}

export function choiceOf(metric: HeatMetric | null): string {
  return metric ?? NONE;
}

export function metricOf(choice: string): HeatMetric | null {
  return choice === NONE ? null : (choice as HeatMetric); // metricChoices made it
}

/** Worst, mean, and each sample by its name. */
export function sampleChoices(samples: readonly string[]): Choice[] {
  return [
    { value: 'worst', text: t('Worst of all') },
    { value: 'mean', text: t('Mean of all') },
    ...samples.map((name, i) => ({ value: String(i), text: name })),
  ];
}

export function sampleOf(choice: string): SampleChoice {
  return choice === 'worst' || choice === 'mean' ? choice : Number(choice);
}
