import { h, setAttr } from '../dom.ts';
import { type Choice, showChoices } from '../heat/panel/pickers.ts';
import { t } from '../l10n.ts';

export interface Pick<T extends string> {
  readonly element: HTMLElement;
  show(choices: readonly (Choice & { readonly value: T })[], value: T): void;
}

/** A drop-down list under its label. */
export function pickField<T extends string>(label: string, onChange: (value: T) => void): Pick<T> {
  const select = h('select', { class: 'heat-select', attrs: { 'aria-label': label } });
  select.addEventListener('change', () => onChange(select.value as T)); // one of those that were shown
  return { element: labelled(label, select), show: (choices, value) => showChoices(select, choices, value) };
}

export interface NumberField {
  readonly element: HTMLElement;
  show(value: number, limits: { readonly max: number; readonly disabled?: boolean }): void;
}

/** A whole number from 1 on. */
export function countField(label: string, title: string, onChange: (value: number) => void): NumberField {
  const input = h('input', { class: 'ask-input', title, attrs: { type: 'number', min: 1, step: 1 } });
  input.addEventListener('change', () => {
    const value = Math.round(input.valueAsNumber);
    const most = Number(input.max) || Number.POSITIVE_INFINITY;
    if (Number.isFinite(value)) onChange(Math.max(1, Math.min(most, value)));
    // What is held shows again, also where it was no number.
    input.value = String(Number.isFinite(value) ? Math.max(1, Math.min(most, value)) : shown);
  });
  let shown = 1;
  return {
    element: labelled(label, input),
    show: (value, { max, disabled = false }) => {
      shown = value;
      input.max = String(max);
      input.disabled = disabled;
      if (document.activeElement !== input || disabled) input.value = String(value);
    },
  };
}

export interface ValueField {
  readonly element: HTMLElement;
  show(value: number, how: ValueWords): void;
}

export interface ValueWords {
  readonly label: string;
  readonly format: (value: number) => string;
  /** undefined where it is no number. */
  readonly parse: (text: string) => number | undefined;
}

/** A number with its unit, as `20 dB` or `1.2 MB`; what cannot be read is said and not taken. */
export function valueField(onChange: (value: number) => void): ValueField {
  const input = h('input', { class: 'ask-input', attrs: { type: 'text', autocomplete: 'off', spellcheck: 'false' } });
  const text = h('span', {});
  const element = h('label', { class: 'ask-field' }, text, input);
  let held = 0;
  let words: ValueWords | undefined;
  const write = () => {
    if (words === undefined) return;
    input.value = words.format(held);
    setAttr(input, 'aria-invalid', null);
    input.title = '';
  };
  input.addEventListener('change', () => {
    const value = words?.parse(input.value);
    if (value !== undefined && Number.isFinite(value)) {
      held = value;
      write();
      onChange(value);
      return;
    }
    setAttr(input, 'aria-invalid', 'true');
    input.title = t('{0} is not a number here; {1} would be', input.value, words?.format(held) ?? '');
  });
  return {
    element,
    show: (value, how) => {
      const isOther = words?.label !== how.label;
      words = how;
      text.textContent = how.label;
      if (!isOther && (value === held || document.activeElement === input)) return;
      held = value;
      write();
    },
  };
}

/** A box to be ticked. */
export function tickField(label: string, title: string, onChange: (on: boolean) => void) {
  const input = h('input', { attrs: { type: 'checkbox' } });
  input.addEventListener('change', () => onChange(input.checked));
  return {
    element: h('label', { class: 'ask-tick', title }, input, label),
    show: (on: boolean) => {
      input.checked = on;
    },
  };
}

function labelled(label: string, control: HTMLElement): HTMLElement {
  return h('label', { class: 'ask-field' }, h('span', {}, label), control);
}
