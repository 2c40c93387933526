import { fill, h } from '../dom.ts';
import type { ChartTable } from './chartModel.ts';

/** Height of a row in CSS pixels, as in charts.css. */
const ROW = 22;
/** Rows that are kept beyond what can be seen. */
const MARGIN = 10;

/** The numbers of a chart; of a long table only the rows in sight are in the document. */
export function createChartTable(): { readonly element: HTMLElement; show(table: ChartTable, caption: string): void } {
  const body = h('div', { class: 'chart-rows', role: 'rowgroup' });
  const head = h('div', { class: 'chart-row head', role: 'row' });
  const grid = h('div', { class: 'chart-grid', role: 'table' }, h('div', { role: 'rowgroup' }, head), body);
  const element = h('div', { class: 'chart-table', tabIndex: 0, role: 'group', hidden: true }, grid);
  let shown: ChartTable | undefined;
  let drawn = '';

  const draw = () => {
    if (shown === undefined) return;
    const first = Math.max(0, Math.floor(element.scrollTop / ROW) - MARGIN);
    const last = Math.min(shown.rows, Math.ceil((element.scrollTop + element.clientHeight) / ROW) + MARGIN);
    if (drawn === `${first}:${last}`) return;
    drawn = `${first}:${last}`;
    body.style.paddingTop = `${first * ROW}px`;
    body.style.paddingBottom = `${(shown.rows - last) * ROW}px`;
    const rows: HTMLElement[] = [];
    for (let row = first; row < last; row++) rows.push(rowOf(shown, row));
    fill(body, ...rows);
  };
  element.addEventListener('scroll', draw, { passive: true });
  new ResizeObserver(draw).observe(element);
  return {
    element,
    show: (table, caption) => {
      if (table !== shown) element.scrollTop = 0;
      shown = table;
      drawn = '';
      element.setAttribute('aria-label', caption);
      grid.setAttribute('aria-label', caption);
      grid.setAttribute('aria-rowcount', String(table.rows + 1));
      grid.style.setProperty('--columns', String(table.columns.length));
      head.setAttribute('aria-rowindex', '1');
      fill(head, ...table.columns.map((c) => h('span', { role: 'columnheader', class: c.kind }, c.title)));
      draw();
    },
  };
}

function rowOf({ columns }: ChartTable, row: number): HTMLElement {
  return h(
    'div',
    { class: 'chart-row', role: 'row', attrs: { 'aria-rowindex': row + 2 } },
    ...columns.map((column) => {
      const text = column.text?.(row) ?? String(column.value(row));
      return h('span', { role: 'cell', class: column.kind, title: text }, text);
    }),
  );
}
