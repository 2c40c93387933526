import { fill, h, setAttr } from '../../dom.ts';
import type { Column } from './column.ts';
import { cellId, type RowLook, renderRow } from './gridRow.ts';
import { headingId, markSorts, renderHeading } from './header.ts';
import { RowSelection } from './selection.ts';
import { isShown, LEAST_WIDTH, type TableView, widthOf } from './tableView.ts';
import { TypeAhead } from './typeAhead.ts';

export const ROW_HEIGHT = 24;
const OVERSCAN = 6;
const WIDTH_STEP = 16;

export interface GridOptions {
  readonly id: string;
  /** `treegrid` where rows have levels; `grid` when it is left out. */
  readonly role?: 'grid' | 'treegrid';
  readonly label: string;
  readonly columns: readonly Column[];
  readonly view: () => TableView;
  readonly changeView: (change: Partial<TableView>) => void;
  readonly look: (row: number) => RowLook;
  /** A row was chosen by key or pointer. */
  readonly onRow: (row: number) => void;
  readonly onOpen: (row: number) => void;
  readonly onSort: (column: Column, how: 'alone' | 'besides') => void;
  /** Left out where headings have no menus. */
  readonly onMenu?: (column: Column, anchor: HTMLElement) => void;
  readonly onCopy: (rows: Int32Array) => void;
  /** Keys of the table's own; true when it was one. */
  readonly onKey: (event: KeyboardEvent) => boolean;
}

export interface Grid {
  readonly element: HTMLElement;
  /** Shows these rows in this order, and scrolls to the cursor but where rows come while one looks. */
  setRows(order: Int32Array, scroll?: 'stay'): void;
  /** The same rows with what they say now: all of them, or those given. */
  refresh(rows?: ReadonlySet<number>): void;
  /** After columns were shown, hidden or sorted by. */
  refreshColumns(): void;
  /** Puts the cursor on a row and scrolls there; null: on none. */
  setCursor(row: number | null): void;
  shownColumns(): readonly Column[];
  /** Rows that are chosen, from the top. */
  chosen(): Int32Array;
}

/**
 * A grid of any number of rows of which only those in sight exist. One stop of the tab key; arrows move a cursor over
 * cells and headings.
 */
export function createGrid(options: GridOptions): Grid {
  const { id, role = 'grid', label, columns, view } = options;
  const head = h('div', { class: 'grid-head', role: 'row', attrs: { 'aria-rowindex': 1 } });
  const body = h('div', { class: 'grid-body', role: 'rowgroup' });
  const element = h(
    'div',
    { class: 'grid', id, role, tabIndex: 0, attrs: { 'aria-label': label, 'aria-multiselectable': 'true' } },
    h('div', { class: 'grid-top', role: 'rowgroup' }, head),
    body,
  );
  const selection = new RowSelection();
  const typeAhead = new TypeAhead();
  const rendered = new Map<number, HTMLElement>();
  let order: Int32Array = new Int32Array(0);
  let shown: readonly Column[] = [];
  let cursor: { readonly row: number | null; readonly column: number; readonly inHead: boolean } = {
    row: null,
    column: 0,
    inHead: false,
  };

  const place = () => (cursor.row === null ? -1 : order.indexOf(cursor.row));
  const render = () => {
    const first = Math.max(0, Math.floor(element.scrollTop / ROW_HEIGHT) - OVERSCAN);
    const last = Math.min(order.length, Math.ceil((element.scrollTop + element.clientHeight) / ROW_HEIGHT) + OVERSCAN);
    for (const [at, line] of rendered) {
      if (at >= first && at < last) continue;
      line.remove();
      rendered.delete(at);
    }
    for (let at = first; at < last; at++) {
      if (rendered.has(at)) continue;
      const row = order[at] as number;
      const line = renderRow({
        gridId: id,
        row,
        at,
        columns: shown,
        look: options.look(row),
        chosen: selection.has(row),
      });
      line.style.top = `${at * ROW_HEIGHT}px`;
      setAttr(line, 'aria-rowindex', String(at + 2));
      rendered.set(at, line);
      body.append(line);
    }
    markCursor();
  };
  const renderAnew = () => {
    rendered.clear();
    body.replaceChildren();
    body.style.height = `${order.length * ROW_HEIGHT}px`;
    render();
  };
  const renderRows = (rows: ReadonlySet<number>) => {
    for (const [at, line] of rendered) {
      if (!rows.has(order[at] as number)) continue;
      line.remove();
      rendered.delete(at);
    }
    render();
  };
  const markCursor = () => {
    for (const cell of element.querySelectorAll('.cursor')) cell.classList.remove('cursor');
    const column = shown[Math.min(cursor.column, shown.length - 1)];
    const target =
      column === undefined
        ? null
        : cursor.inHead
          ? document.getElementById(headingId(id, column))
          : cursor.row === null
            ? null
            : document.getElementById(cellId(id, cursor.row, column));
    target?.classList.add('cursor');
    setAttr(element, 'aria-activedescendant', target?.id ?? null);
  };
  const markRows = () => {
    for (const [at, line] of rendered) {
      const row = order[at] as number;
      setAttr(line, 'aria-selected', String(selection.has(row)));
      line.classList.toggle('chosen', selection.has(row));
      line.classList.toggle('selected', row === cursor.row);
    }
    markCursor();
  };
  const scrollToPlace = (at: number) => {
    const top = at * ROW_HEIGHT;
    const room = element.clientHeight - ROW_HEIGHT * 2;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + room) element.scrollTop = top - room;
    render();
  };
  const scrollToColumn = () => {
    const heading = head.children[cursor.column];
    if (!(heading instanceof HTMLElement)) return;
    const [left, right] = [heading.offsetLeft, heading.offsetLeft + heading.offsetWidth];
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
  };

  const choose = (row: number, how: 'alone' | 'range' | 'toggle') => {
    if (how === 'range') selection.extend(order, row);
    else if (how === 'toggle') selection.toggle(row);
    else selection.only(row);
    cursor = { ...cursor, row, inHead: false };
    scrollToPlace(place());
    markRows();
    if (how === 'alone') options.onRow(row);
  };
  const goTo = (at: number, how: 'alone' | 'range') => {
    if (order.length === 0) return;
    choose(order[Math.max(0, Math.min(order.length - 1, at))] as number, how);
  };
  const moveColumn = (step: number) => {
    const column = Math.max(0, Math.min(shown.length - 1, cursor.column + step));
    cursor = { ...cursor, column };
    scrollToColumn();
    markCursor();
  };
  const resizeBy = (step: number) => {
    const column = shown[cursor.column];
    if (column !== undefined) setWidth(column, Math.max(LEAST_WIDTH, widthOf(column, view()) + step));
  };
  const setWidth = (column: Column, width: number) => {
    options.changeView({ widths: { ...view().widths, [column.id]: width } });
    setWidths();
  };
  const setWidths = () => {
    const widths = shown.map((column) => widthOf(column, view()));
    element.style.setProperty('--columns', widths.map((width) => `${width}px`).join(' '));
    element.style.setProperty('--row-width', `${widths.reduce((a, b) => a + b, 0)}px`);
  };

  const inHead = (event: KeyboardEvent): boolean => {
    const column = shown[cursor.column];
    const heading = column && document.getElementById(headingId(id, column));
    const { key, shiftKey, altKey } = event;
    if (key === 'ArrowDown' && altKey && heading && column) options.onMenu?.(column, menuButton(heading));
    else if (key === 'ArrowDown' || key === 'Escape') {
      cursor = { ...cursor, inHead: false };
      if (cursor.row === null) goTo(0, 'alone');
      markCursor();
    } else if ((key === 'Enter' || key === ' ') && column) options.onSort(column, shiftKey ? 'besides' : 'alone');
    else if ((key === 'ContextMenu' || (key === 'F10' && shiftKey)) && heading && column)
      options.onMenu?.(column, menuButton(heading));
    else if (key === 'ArrowLeft' || key === 'ArrowRight') {
      const step = key === 'ArrowLeft' ? -1 : 1;
      if (shiftKey) resizeBy(step * WIDTH_STEP);
      else moveColumn(step);
    } else return false;
    return true;
  };
  const inRows = (event: KeyboardEvent): boolean => {
    const { key, shiftKey } = event;
    const at = place();
    const page = Math.max(1, Math.floor(element.clientHeight / ROW_HEIGHT) - 2);
    const how = shiftKey ? 'range' : 'alone';
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: order.length - 1,
    };
    if (key === 'ArrowUp' && at <= 0 && !shiftKey) {
      cursor = { ...cursor, inHead: true };
      element.scrollTop = 0;
      markCursor();
    } else if (moves[key] !== undefined) goTo(moves[key], how);
    else if (key === 'ArrowLeft' || key === 'ArrowRight') moveColumn(key === 'ArrowLeft' ? -1 : 1);
    else if (key === 'Enter' && cursor.row !== null) options.onOpen(cursor.row);
    else if (options.onKey(event)) return true;
    else if (key === ' ' && !typeAhead.isOn && cursor.row !== null) choose(cursor.row, 'toggle');
    else if (key === 'Escape' && selection.size > 1) choose(cursor.row ?? -1, 'alone');
    else if (key.length === 1) {
      const found = typeAhead.find(key, order, at, (row) => shown[0]?.text(row) ?? '');
      if (found >= 0) goTo(found, 'alone');
    } else return false;
    return true;
  };
  const withControl = (event: KeyboardEvent): boolean => {
    const key = event.key.toLowerCase();
    if (key === 'a') {
      selection.all(order);
      markRows();
    } else if (key === 'c') options.onCopy(selection.inOrder(order));
    else if (key === ' ' && cursor.row !== null) choose(cursor.row, 'toggle');
    else return false;
    return true;
  };

  element.addEventListener('scroll', render, { passive: true });
  new ResizeObserver(render).observe(element);
  element.addEventListener('keydown', (event) => {
    if (event.target !== element) return;
    const isControl = event.ctrlKey || event.metaKey;
    const handled = isControl ? withControl(event) : cursor.inHead ? inHead(event) : !event.altKey && inRows(event);
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  });
  body.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const line = target?.closest<HTMLElement>('[data-row]');
    if (line === null || line === undefined) return;
    const column = [...line.children].findIndex((cell) => cell.contains(target));
    cursor = { ...cursor, column: Math.max(0, column) };
    choose(Number(line.dataset.row), event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'alone');
  });
  body.addEventListener('dblclick', () => cursor.row !== null && options.onOpen(cursor.row));

  const refreshColumns = () => {
    shown = columns.filter((column) => isShown(column, view()));
    const header = { gridId: id, onSort: options.onSort, onMenu: options.onMenu, onWidth: setWidth };
    fill(head, ...shown.map((column, i) => renderHeading(column, i, header)));
    setAttr(element, 'aria-colcount', String(shown.length));
    setWidths();
    markSorts(head, view().sorts);
    renderAnew();
  };
  refreshColumns();
  return {
    element,
    setRows: (next, scroll) => {
      order = next;
      setAttr(element, 'aria-rowcount', String(order.length + 1));
      renderAnew();
      const at = place();
      if (at >= 0 && scroll !== 'stay') scrollToPlace(at);
    },
    refresh: (rows) => {
      if (rows === undefined) renderAnew();
      else renderRows(rows);
    },
    refreshColumns,
    setCursor: (row) => {
      if (row === cursor.row) return;
      cursor = { ...cursor, row, inHead: false };
      selection.only(row);
      const at = place();
      if (at >= 0) scrollToPlace(at);
      markRows();
    },
    shownColumns: () => shown,
    chosen: () => selection.inOrder(order),
  };
}

function menuButton(heading: HTMLElement): HTMLElement {
  return heading.querySelector<HTMLElement>('.heading-menu') ?? heading;
}
