import { fill, h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';

export interface ControlState {
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  /** Id of what says why it does not apply; null where it does. */
  readonly why: string | null;
  /** Whether the user decided it. */
  readonly isOwn: boolean;
}

export interface ChoiceControl {
  /** A label and a field beside it: two cells of a grid. */
  readonly elements: readonly HTMLElement[];
  show(state: ControlState): void;
}

export interface ChoiceControlOptions {
  readonly id: string;
  readonly title: string;
  /** A sentence for the tooltip. */
  readonly doc: string;
  readonly onChange: (value: string) => void;
  /** Left out where there is nothing to go back to. */
  readonly onReset?: () => void;
}

/** A list of which one is chosen, and a button that takes the choice back. */
export function createChoiceControl({ id, title, doc, onChange, onReset }: ChoiceControlOptions): ChoiceControl {
  const select = h('select', { class: 'choice-select', id, title: doc });
  select.addEventListener('change', () => onChange(select.value));
  const reset = resetButton(title, () => {
    onReset?.();
    select.focus();
  });
  let offered = '';
  return {
    elements: [
      h('label', { class: 'choice-label', title: doc, attrs: { for: id } }, title),
      h('span', { class: 'choice-field' }, select, onReset !== undefined && reset),
    ],
    show: ({ value, options, why, isOwn }) => {
      const now = JSON.stringify(options);
      if (now !== offered) {
        offered = now;
        fill(select, ...options.map(([key, text]) => h('option', { attrs: { value: key } }, text)));
      }
      if (select.value !== value) select.value = value;
      select.disabled = why !== null;
      select.classList.toggle('own', isOwn);
      setAttr(select, 'aria-describedby', why);
      reset.hidden = !isOwn;
    },
  };
}

/** A small button that takes back what a user decided. */
export function resetButton(title: string, onClick: () => void): HTMLButtonElement {
  const hint = t('{0}: back to the config’s choice', title);
  return h(
    'button',
    { class: 'choice-reset', title: hint, attrs: { type: 'button', 'aria-label': hint }, on: { click: onClick } },
    '↺',
  );
}
