import type { TensorSide } from '../../src/protocol/tensorViews.ts';
import { h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';
import { selectField, smallButton } from './fields.ts';
import { type Opened, SIDES, shownSides, sideTitle, type TensorLook } from './look.ts';

export interface SaveChoice {
  readonly side: TensorSide;
  readonly what: 'page' | 'tensor';
  readonly format: 'csv' | 'npy';
}

/** A button that opens what can be saved, above all else; Escape closes it. */
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
    { class: 'tensor-menu', role: 'group', attrs: { 'aria-label': t('Save elements'), popover: 'auto' } },
    field.element,
    smallButton(t('This page as CSV'), run({ what: 'page', format: 'csv' })),
    smallButton(t('This page as .npy'), run({ what: 'page', format: 'npy' })),
    smallButton(t('The whole tensor as .npy'), run({ what: 'tensor', format: 'npy' })),
  );
  const opener = smallButton(t('Save…'), () => menu.showPopover());
  const element = h('span', { class: 'tensor-save' }, opener, menu);
  setAttr(opener, 'aria-expanded', 'false');
  menu.addEventListener('toggle', (event) => {
    const isOpen = (event as ToggleEvent).newState === 'open'; // what `toggle` brings
    setAttr(opener, 'aria-expanded', String(isOpen));
    if (!isOpen) return;
    const { left, top, bottom } = opener.getBoundingClientRect();
    const { width, height } = menu.getBoundingClientRect();
    const isBelow = bottom + height < window.innerHeight;
    menu.style.left = `${Math.max(0, Math.min(left, window.innerWidth - width))}px`;
    menu.style.top = `${isBelow ? bottom + 2 : Math.max(0, top - height - 2)}px`;
    menu.querySelector('select')?.focus();
  });
  const close = () => menu.hidePopover();

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
