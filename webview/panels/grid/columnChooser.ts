import { fill, h } from '../../dom.ts';
import { t } from '../../l10n.ts';
import type { Column } from './column.ts';
import { createPopover } from './popover.ts';
import { isShown, type TableView } from './tableView.ts';

export interface ColumnChooserOptions {
  readonly columns: readonly Column[];
  readonly view: () => TableView;
  readonly changeView: (change: Partial<TableView>) => void;
}

/** A button that opens a list of all columns to check; the first column stays. */
export function createColumnChooser({
  columns,
  view,
  changeView,
}: ColumnChooserOptions): readonly [HTMLElement, HTMLElement] {
  const popover = createPopover(t('Columns'));
  const button = h(
    'button',
    { class: 'tool', title: t('Choose columns'), attrs: { type: 'button', 'aria-haspopup': 'dialog' } },
    t('Columns'),
  );
  const check = (column: Column): HTMLElement => {
    const box = h('input', { attrs: { type: 'checkbox' } });
    box.checked = isShown(column, view());
    box.addEventListener('change', () => changeView({ shown: { ...view().shown, [column.id]: box.checked } }));
    return h('label', { class: 'check', title: column.doc }, box, h('span', {}, column.header));
  };
  const render = () =>
    fill(
      popover.element,
      h('fieldset', {}, h('legend', {}, t('Columns')), ...columns.slice(1).map(check)),
      h(
        'button',
        {
          class: 'menu-item',
          attrs: { type: 'button' },
          on: {
            click: () => {
              changeView({ shown: {}, widths: {} });
              render();
            },
          },
        },
        t('As at first'),
      ),
    );
  button.addEventListener('click', () => {
    render();
    popover.show(button);
  });
  return [button, popover.element];
}
