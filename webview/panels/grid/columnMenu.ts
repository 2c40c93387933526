import { fill, h } from '../../dom.ts';
import { choiceName } from '../../kindNames.ts';
import { t } from '../../l10n.ts';
import type { Tally } from '../../query/complete.ts';
import { quoted } from '../../query/editText.ts';
import type { Column } from './column.ts';
import { createPopover, type Popover } from './popover.ts';

export interface ColumnMenuOptions {
  readonly sort: (column: Column, descending: boolean) => void;
  readonly hide: (column: Column) => void;
  /** What the filter asks of a field now, as typed; '' for nothing. */
  readonly askedOf: (field: string) => string;
  /** Asks something else of a field; null: nothing. */
  readonly setValue: (field: string, value: string | null) => void;
  /** The texts of a column, with how many rows have them. */
  readonly tallies: (field: string) => Promise<readonly Tally[]>;
}

const MOST_CHOICES = 100;

/** The menu of a heading: order, filter by what the column holds, hide. */
export function createColumnMenu(options: ColumnMenuOptions): Popover & { open(c: Column, a: HTMLElement): void } {
  const popover = createPopover(t('Column'));
  const item = (label: string, act: () => void) =>
    h(
      'button',
      {
        class: 'menu-item',
        attrs: { type: 'button' },
        on: {
          click: () => {
            popover.hide();
            act();
          },
        },
      },
      label,
    );
  const open = (column: Column, anchor: HTMLElement) => {
    popover.element.setAttribute('aria-label', column.header);
    fill(
      popover.element,
      h('p', { class: 'hint popover-doc' }, column.doc),
      item(t('Sort ascending'), () => options.sort(column, false)),
      item(t('Sort descending'), () => options.sort(column, true)),
      item(t('Hide this column'), () => options.hide(column)),
    );
    if (column.field !== null) popover.element.append(filterPart(column, column.field));
    popover.show(anchor);
  };
  const filterPart = (column: Column, field: string): HTMLElement => {
    const part = h('form', { class: 'column-filter', attrs: { 'aria-label': t('Filter') } });
    const apply = (value: string) => options.setValue(field, value === '' ? null : value);
    if (column.kind === 'number') part.append(...rangeInputs(options.askedOf(field), apply));
    else if (column.kind === 'text') part.append(containsInput(options.askedOf(field), apply));
    else void fillChoices(part, field, apply);
    part.addEventListener('submit', (event) => {
      event.preventDefault();
      popover.hide();
    });
    return part;
  };
  const fillChoices = async (part: HTMLElement, field: string, apply: (value: string) => void) => {
    const chosen = new Set(options.askedOf(field).split(',').map(unquoted));
    const tallies = (await options.tallies(field)).slice(0, MOST_CHOICES);
    const boxes = tallies.map(({ text, count }) => {
      const box = h('input', { attrs: { type: 'checkbox' } });
      box.checked = chosen.has(text.toLowerCase());
      box.addEventListener('change', () => {
        if (box.checked) chosen.add(text.toLowerCase());
        else chosen.delete(text.toLowerCase());
        const texts = tallies.filter((other) => chosen.has(other.text.toLowerCase()));
        apply(texts.map((other) => quoted(other.text)).join(','));
      });
      return h(
        'label',
        { class: 'check' },
        box,
        h('span', {}, choiceName(field, text)),
        h('span', { class: 'count' }, String(count)),
      );
    });
    part.append(h('fieldset', {}, h('legend', {}, t('Show only')), ...boxes));
  };
  return { ...popover, open };
}

function unquoted(text: string): string {
  return text.replace(/^"|"$/g, '').toLowerCase();
}

function containsInput(value: string, apply: (value: string) => void): HTMLElement {
  const input = h('input', { attrs: { type: 'text' } });
  input.value = unquoted(value);
  input.addEventListener('input', () => apply(quoted(input.value)));
  return h('label', {}, t('Contains'), input);
}

/** `0.9..0.99`, `>=0.9` and `<=0.99`, as numbers with units where they are typed with units. */
function rangeInputs(value: string, apply: (value: string) => void): HTMLElement[] {
  const [low = '', high = ''] = value.includes('..')
    ? value.split('..')
    : [/^>=?(.*)$/.exec(value)?.[1], /^<=?(.*)$/.exec(value)?.[1]];
  const field = (label: string, text: string) => {
    const input = h('input', { attrs: { type: 'text', inputmode: 'decimal', size: 10 } });
    input.value = text;
    return { input, label: h('label', {}, label, input) };
  };
  const [from, to] = [field(t('At least'), low), field(t('At most'), high)];
  const change = () => {
    const [least, most] = [from.input.value.trim(), to.input.value.trim()];
    if (least !== '' && most !== '') apply(`${least}..${most}`);
    else if (least !== '') apply(`>=${least}`);
    else apply(most === '' ? '' : `<=${most}`);
  };
  for (const { input } of [from, to]) input.addEventListener('change', change);
  return [from.label, to.label];
}
