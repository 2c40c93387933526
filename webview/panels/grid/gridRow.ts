import { h, tail } from '../../dom.ts';
import type { Column } from './column.ts';

/** How a row looks besides its texts. */
export interface RowLook {
  readonly isCursor: boolean;
  readonly isSkipped: boolean;
  /** How deep it lies in a tree, from 1. */
  readonly level?: number;
  /** Whether it is what is on display elsewhere. */
  readonly isCurrent?: boolean;
  /** What VS Code's context menu is told; null for none. */
  readonly context: string | null;
}

export interface GridRow {
  readonly gridId: string;
  readonly row: number;
  /** Its place in the order shown. */
  readonly at: number;
  readonly columns: readonly Column[];
  readonly look: RowLook;
  /** Among the rows that are copied. */
  readonly chosen: boolean;
}

export function rowId(gridId: string, row: number): string {
  return `${gridId}-row-${row}`;
}

export function cellId(gridId: string, row: number, column: Column): string {
  return `${rowId(gridId, row)}-${column.id}`;
}

export function renderRow({ gridId, row, at, columns, look, chosen }: GridRow): HTMLElement {
  const classes = ['grid-row'];
  if (look.isCursor) classes.push('selected');
  if (chosen) classes.push('chosen');
  if (look.isSkipped) classes.push('skipped');
  if (look.isCurrent === true) classes.push('current');
  const line = h(
    'div',
    {
      class: classes.join(' '),
      role: 'row',
      id: rowId(gridId, row),
      attrs: {
        'aria-selected': String(chosen),
        'aria-level': look.level ?? null,
        'aria-current': look.isCurrent === true ? 'true' : null,
        'data-row': row,
        'data-vscode-context': look.context,
      },
    },
    ...columns.map((column, i) => renderCell(cellId(gridId, row, column), column, { row, at }, i)),
  );
  if (look.level !== undefined) line.style.setProperty('--level', String(look.level));
  return line;
}

function renderCell(id: string, column: Column, { row, at }: Pick<GridRow, 'row' | 'at'>, index: number): HTMLElement {
  const text = column.text(row);
  const level = column.level?.(row) ?? null;
  const isNumber = column.kind === 'number';
  return h(
    'div',
    {
      class: isNumber ? 'cell numeric' : 'cell',
      id,
      role: 'gridcell',
      title: text,
      attrs: { 'aria-colindex': index + 1, 'data-column': column.id },
    },
    level === null ? null : swatch(level),
    ...(column.content?.(row, at) ?? [
      column.cut === 'start' ? tail(text, 'cell-text') : h('span', { class: 'cell-text' }, text),
    ]),
  );
}

/** The colour of a band, beside the number it stands for. */
function swatch(level: number): HTMLElement {
  const element = h('span', { class: 'swatch', attrs: { 'aria-hidden': 'true' } });
  element.style.background = `var(--qs-level-${level})`;
  return element;
}
