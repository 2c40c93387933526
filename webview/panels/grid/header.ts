import { h, setAttr } from '../../dom.ts';
import { t } from '../../l10n.ts';
import type { Column } from './column.ts';
import { LEAST_WIDTH, type Sort } from './tableView.ts';

export interface HeaderOptions {
  readonly gridId: string;
  readonly onSort: (column: Column, how: 'alone' | 'besides') => void;
  /** Left out where headings have no menus. */
  readonly onMenu: ((column: Column, anchor: HTMLElement) => void) | undefined;
  /** While it is dragged, and at the end. */
  readonly onWidth: (column: Column, width: number) => void;
}

/** The heading of a column: sorts, opens its menu, and has a handle at its right edge. */
export function renderHeading(column: Column, index: number, options: HeaderOptions): HTMLElement {
  const { gridId, onSort, onMenu, onWidth } = options;
  const menu = h('button', {
    class: 'heading-menu',
    tabIndex: -1,
    title: t('Sort, filter or hide {0}', column.header),
    attrs: { type: 'button', 'aria-label': t('Menu of {0}', column.header), 'aria-haspopup': 'dialog' },
  });
  const heading = h(
    'div',
    {
      class: column.kind === 'number' ? 'cell numeric' : 'cell',
      id: headingId(gridId, column),
      role: 'columnheader',
      attrs: { 'aria-colindex': index + 1, 'aria-label': column.header, 'data-column': column.id },
    },
    h(
      'button',
      {
        class: 'sort',
        tabIndex: -1,
        title: t('{0} Click to sort, Shift+click to sort by it besides.', column.doc),
        attrs: { type: 'button' },
        on: { click: (event) => onSort(column, event.shiftKey ? 'besides' : 'alone') },
      },
      h('span', { class: 'heading-text' }, column.header),
      h('span', { class: 'sort-mark', attrs: { 'aria-hidden': 'true' } }),
    ),
    onMenu !== undefined && menu,
    resizeHandle((width) => onWidth(column, width)),
  );
  menu.addEventListener('click', () => onMenu?.(column, menu));
  return heading;
}

export function headingId(gridId: string, column: Column): string {
  return `${gridId}-head-${column.id}`;
}

/** Shows which columns the rows are sorted by: an arrow, and a number where they are several. */
export function markSorts(head: HTMLElement, sorts: readonly Sort[]): void {
  for (const heading of head.children) {
    const at = sorts.findIndex((s) => s.column === heading.getAttribute('data-column'));
    const sort = sorts[at];
    const direction = sort === undefined ? null : sort.descending ? 'descending' : 'ascending';
    setAttr(heading, 'aria-sort', direction ?? 'none');
    const mark = heading.querySelector('.sort-mark');
    if (mark === null) continue;
    const arrow = sort === undefined ? '' : sort.descending ? '▼' : '▲';
    mark.textContent = sorts.length > 1 && sort !== undefined ? `${arrow}${at + 1}` : arrow;
  }
}

function resizeHandle(onWidth: (width: number) => void): HTMLElement {
  const handle = h('span', { class: 'resize', attrs: { 'aria-hidden': 'true' } });
  handle.addEventListener('pointerdown', (event) => {
    const heading = handle.parentElement;
    if (heading === null) return;
    const start = heading.getBoundingClientRect().width - event.clientX;
    handle.setPointerCapture(event.pointerId);
    const drag = (move: PointerEvent) => onWidth(Math.max(LEAST_WIDTH, Math.round(start + move.clientX)));
    handle.addEventListener('pointermove', drag);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', drag), {
      once: true,
    });
    event.preventDefault();
  });
  return handle;
}
