import { h } from '../dom.ts';

type Choices<T extends string> = readonly (readonly [T, string])[];

export interface SelectField<T extends string> {
  readonly element: HTMLElement;
  /** Puts other choices in its place where they differ, and shows one. */
  show(value: T, choices: Choices<T>): void;
}

/** A drop-down with its label before it. */
export function selectField<T extends string>(label: string, onChange: (value: T) => void): SelectField<T> {
  const select = h('select', { class: 'tensor-select', title: label, attrs: { 'aria-label': label } });
  const element = h('label', { class: 'tensor-field' }, h('span', { class: 'tensor-label' }, label), select);
  let known: Choices<T> = [];
  select.addEventListener('change', () => {
    const chosen = known.find(([value]) => value === select.value);
    if (chosen !== undefined) onChange(chosen[0]);
  });
  return {
    element,
    show: (value, choices) => {
      if (JSON.stringify(choices) !== JSON.stringify(known)) {
        known = choices;
        select.replaceChildren(...choices.map(([id, text]) => h('option', { attrs: { value: id } }, text)));
      }
      if (select.value !== value) select.value = value;
    },
  };
}

export interface IndexField {
  readonly element: HTMLElement;
  show(value: number, length: number): void;
}

/** An index along an axis: a slider with a number beside it. */
export function indexField(label: string, onChange: (index: number) => void): IndexField {
  const slider = h('input', { class: 'tensor-slider', attrs: { type: 'range', min: 0, 'aria-label': label } });
  const number = h('input', { class: 'tensor-number', attrs: { type: 'number', min: 0, 'aria-label': label } });
  const of = h('span', { class: 'tensor-label' });
  const element = h('span', { class: 'tensor-field' }, h('span', { class: 'tensor-label' }, label), slider, number, of);
  let last = 0;
  for (const input of [slider, number]) {
    input.addEventListener('input', () => {
      const index = input.valueAsNumber;
      if (Number.isInteger(index) && index >= 0 && index <= last) onChange(index);
    });
  }
  return {
    element,
    show: (value, length) => {
      last = length - 1;
      for (const input of [slider, number]) {
        input.max = String(last);
        if (input.valueAsNumber !== value) input.value = String(value);
      }
      of.textContent = `/ ${last}`;
    },
  };
}

export interface ToggleGroup<T extends string> {
  readonly element: HTMLElement;
  /** @param pressed those that are on; @param offered those that are there. */
  show(pressed: readonly T[], offered: readonly T[]): void;
}

/** Buttons that stay pressed. */
export function toggleGroup<T extends string>(
  label: string,
  items: Choices<T>,
  onPress: (value: T) => void,
): ToggleGroup<T> {
  const buttons = items.map(([value, text]) => {
    const button = h('button', { class: 'tensor-toggle', attrs: { type: 'button' } }, text);
    button.addEventListener('click', () => onPress(value));
    return [value, button] as const;
  });
  const element = h(
    'span',
    { class: 'tensor-toggles', role: 'group', attrs: { 'aria-label': label } },
    ...buttons.map(([, button]) => button),
  );
  return {
    element,
    show: (pressed, offered) => {
      for (const [value, button] of buttons) {
        button.setAttribute('aria-pressed', String(pressed.includes(value)));
        button.hidden = !offered.includes(value);
      }
    },
  };
}

/** A plain small button. */
export function smallButton(text: string, onClick: () => void, title = text): HTMLButtonElement {
  const button = h('button', { class: 'tensor-button', title, attrs: { type: 'button' } }, text);
  button.addEventListener('click', onClick);
  return button;
}
