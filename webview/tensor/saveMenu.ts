import type { TensorSide } from '../../src/protocol/tensorViews.ts';
import { fill, h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';
import { selectField, smallButton } from './fields.ts';
import { type Opened, SIDES, shownSides, sideTitle, type TensorLook } from './look.ts';

export interface SaveChoice {
  readonly side: TensorSide;
  readonly what: 'page' | 'tensor';
  readonly format: 'csv' | 'npy';
}

/** A button that opens what can be saved; Escape closes it. */
export function createSaveMenu(save: (choice: SaveChoice) => void) {
  let side: TensorSide = 'float';
  const field = selectField<TensorSide>(t('Side'), (value) => {
    side = value;
  });
  const run = (choice: Omit<SaveChoice, 'side'>) => () => {
    close();
    save({ ...choice, side });
  };
  const menu = h(
    'div',
    { class: 'tensor-menu', role: 'group', hidden: true, attrs: { 'aria-label': t('Save elements') } },
    field.element,
    smallButton(t('This page as CSV'), run({ what: 'page', format: 'csv' })),
    smallButton(t('This page as .npy'), run({ what: 'page', format: 'npy' })),
    smallButton(t('The whole tensor as .npy'), run({ what: 'tensor', format: 'npy' })),
  );
  const opener = smallButton(t('Save…'), () => (menu.hidden ? open() : close()));
  setAttr(opener, 'aria-expanded', 'false');
  const element = h('span', { class: 'tensor-save' });
  fill(element, opener, menu);

  function open(): void {
    menu.hidden = false;
    setAttr(opener, 'aria-expanded', 'true');
    menu.querySelector<HTMLElement>('select, button')?.focus();
  }
  function close(): void {
    if (menu.hidden) return;
    const hadFocus = menu.contains(document.activeElement);
    menu.hidden = true;
    setAttr(opener, 'aria-expanded', 'false');
    if (hadFocus) opener.focus();
  }
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || menu.hidden) return;
    event.stopPropagation();
    close();
  });
  element.addEventListener('focusout', (event) => {
    if (!(event.relatedTarget instanceof Node && element.contains(event.relatedTarget))) close();
  });

  return {
    element,
    show: (opened: Opened | null, look: TensorLook): void => {
      if (opened === null) return;
      const offered = SIDES.filter((s) => opened.head.sides.includes(s));
      if (!offered.includes(side)) side = shownSides(opened.head, look)[0] ?? 'float';
      field.show(
        side,
        offered.map((s) => [s, sideTitle(s)] as const),
      );
    },
  };
}
