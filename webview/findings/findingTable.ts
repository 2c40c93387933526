import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Column } from '../panels/grid/column.ts';
import { toCsv, toTsv } from '../panels/grid/delimited.ts';
import { createGrid, type Grid, type GridOptions } from '../panels/grid/grid.ts';
import { sortRows } from '../panels/grid/sortRows.ts';
import { nextSorts } from '../panels/grid/tablePanel.ts';
import type { TableView } from '../panels/grid/tableView.ts';

export interface FindingTableOptions
  extends Pick<GridOptions, 'id' | 'role' | 'label' | 'look' | 'onRow' | 'onOpen' | 'onKey'> {
  readonly columns: readonly Column[];
  readonly actions: Actions;
  /** Of the CSV, without extension. */
  readonly fileName: () => string;
}

export interface FindingTable {
  readonly grid: Grid;
  /** Copies and saves. */
  readonly tools: readonly HTMLElement[];
  /** Shows these rows, in this order until the user sorts; @param live more will come, so nothing scrolls. */
  show(rows: Int32Array, live: boolean): void;
  /** Shows or hides a column. */
  showColumn(id: string, shown: boolean): void;
  /** After headings have changed. */
  refreshColumns(): void;
  /** Rows as they are shown. */
  readonly order: Int32Array;
}

/** A grid that comes in an order of its own, sorts by one column, and is copied or saved. */
export function createFindingTable(options: FindingTableOptions): FindingTable {
  const { columns, actions } = options;
  let given: Int32Array = new Int32Array(0);
  let order: Int32Array = given;
  let isLive = false;
  let view: TableView = { filter: '', sorts: [], shown: {}, widths: {} };
  let sorting = new AbortController();

  const arrange = async () => {
    sorting.abort();
    sorting = new AbortController();
    const sorted = view.sorts.length === 0 ? given : await sortRows(given, view.sorts, columns, sorting.signal);
    if (sorted === null) return;
    order = sorted;
    grid.setRows(order, isLive ? 'stay' : undefined);
  };
  const texts = () => grid.shownColumns().filter((column) => column.content === undefined || column.kind === 'number');
  const copy = async (rows: Int32Array) => {
    if (rows.length === 0) return;
    await actions.copy(toTsv(texts(), rows), rows.length === 1 ? t('1 row') : t('{0} rows', rows.length));
  };
  const grid = createGrid({
    ...options,
    columns,
    view: () => view,
    changeView: (change) => {
      view = { ...view, ...change };
    },
    onSort: (column) => {
      view = { ...view, sorts: nextSorts(view.sorts, column, 'alone') };
      grid.refreshColumns();
      void arrange();
    },
    onCopy: (rows) => void copy(rows),
  });
  const tool = (label: string, title: string, onClick: () => void) =>
    h('button', { class: 'tool', title, attrs: { type: 'button' }, on: { click: onClick } }, label);
  return {
    grid,
    tools: [
      tool(t('Copy'), t('Copies all rows, as spreadsheets paste them'), () => void copy(order)),
      tool(t('Save CSV'), t('Save the rows and columns that are shown as CSV'), () => {
        void actions.saveTable(`${options.fileName()}.csv`, toCsv(texts(), order));
      }),
    ],
    show: (rows, live) => {
      given = rows;
      isLive = live;
      void arrange();
    },
    showColumn: (id, shown) => {
      view = { ...view, shown: { ...view.shown, [id]: shown } };
    },
    refreshColumns: () => grid.refreshColumns(),
    get order() {
      return order;
    },
  };
}
