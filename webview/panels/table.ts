import { type Actions, whyNoToggle } from '../actions.ts';
import { fill, h, setAttr, tail } from '../dom.ts';
import { plural } from '../format.ts';
import { contextOf } from '../graph/describe.ts';
import type { Level } from '../graph/heat.ts';
import type { AppState, ColumnId, Store } from '../store.ts';
import { buildRows, COLUMNS, type Row, sortRows } from './columns.ts';

const ROW_HEIGHT = 24;
const OVERSCAN = 6;

/** All nodes as a sortable grid of which only the rows in sight exist; its selection is the graph's. */
export function createTable(store: Store, actions: Actions): HTMLElement {
  let rows: readonly Row[] = [];
  let levels: ReadonlyMap<number, Level> = new Map();
  const headers = new Map<ColumnId, HTMLElement>();
  const head = h('div', { class: 'grid-head', role: 'row', attrs: { 'aria-rowindex': 1 } });
  for (const column of COLUMNS) {
    const cell = h(
      'div',
      { class: `cell ${column.id}`, role: 'columnheader' },
      h(
        'button',
        {
          class: 'sort',
          title: `${column.doc} Click to sort.`,
          attrs: { type: 'button' },
          on: { click: () => actions.sortBy(column.id) },
        },
        h('span', {}, column.header),
        h('span', { class: 'sort-mark', attrs: { 'aria-hidden': 'true' } }),
      ),
    );
    headers.set(column.id, cell);
    head.append(cell);
  }
  const body = h('div', { class: 'grid-body', role: 'rowgroup' });
  const empty = h('p', { class: 'hint' });
  const scroller = h(
    'div',
    {
      class: 'grid',
      role: 'grid',
      tabIndex: 0,
      attrs: { 'aria-label': 'Nodes', 'aria-colcount': COLUMNS.length },
    },
    head,
    body,
  );
  const element = h('section', { class: 'table', attrs: { 'aria-label': 'Nodes' } }, scroller, empty);

  let { sort: sorted } = store.state;
  const renderRows = () => {
    const { selected, run } = store.state;
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW_HEIGHT) - OVERSCAN);
    const last = Math.min(rows.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW_HEIGHT) + OVERSCAN);
    body.style.height = `${rows.length * ROW_HEIGHT}px`;
    fill(
      body,
      ...rows.slice(first, last).map((row, i) => {
        const line = renderRow(row, row.node.id === selected, levels.get(row.node.id), store.state);
        line.style.top = `${(first + i) * ROW_HEIGHT}px`;
        setAttr(line, 'aria-rowindex', String(first + i + 2));
        setAttr(
          line,
          'data-vscode-context',
          contextOf({
            nodeId: row.node.id,
            handle: row.node.handle,
            figures: row.figures,
            obstacle: whyNoToggle(run, row.figures ?? undefined),
            hasOther: selected !== null && selected !== row.node.id,
          }),
        );
        return line;
      }),
    );
    setAttr(scroller, 'aria-activedescendant', selected === null ? null : `row-${selected}`);
  };
  const scrollTo = (index: number) => {
    const top = index * ROW_HEIGHT;
    const room = scroller.clientHeight - ROW_HEIGHT * 2;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
  };
  const indexOfSelected = () => rows.findIndex((r) => r.node.id === store.state.selected);
  const go = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row !== undefined) actions.select(row.node.id, { reveal: true });
  };

  scroller.addEventListener('scroll', renderRows, { passive: true });
  new ResizeObserver(renderRows).observe(scroller);
  body.addEventListener('click', (event) => {
    const line = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-node]') : null;
    if (line !== null) actions.select(Number(line.dataset.node), { reveal: true });
  });
  body.addEventListener('dblclick', () => actions.showDetails());
  scroller.addEventListener('keydown', (event) => {
    if (event.target !== scroller || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(scroller.clientHeight / ROW_HEIGHT) - 2);
    const at = indexOfSelected();
    if (event.key === 'ArrowDown') go(at + 1);
    else if (event.key === 'ArrowUp') go(at < 0 ? 0 : at - 1);
    else if (event.key === 'PageDown') go(at + page);
    else if (event.key === 'PageUp') go(at - page);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(rows.length - 1);
    else if (event.key === 'Enter') actions.showDetails();
    else if (event.key === '/') actions.openSearch();
    else if (event.key.toLowerCase() === 's' && store.state.selected !== null) actions.toggleSkip(store.state.selected);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  store.watch(
    (s) => [s.graph, s.run, s.sort, s.sensitivity.values],
    ({ graph, run, sort, sensitivity }) => {
      if (sort !== sorted) scroller.scrollTop = 0;
      sorted = sort;
      rows = sortRows(buildRows(graph, run, sensitivity), sort);
      setAttr(scroller, 'aria-rowcount', String(rows.length + 1));
      empty.hidden = run !== null || graph === null;
      empty.textContent = `${plural(rows.length, 'node')}. Figures appear here after “Quantize with config…”.`;
      for (const [id, cell] of headers) {
        const chosen = id === sort.column;
        setAttr(cell, 'aria-sort', chosen ? (sort.descending ? 'descending' : 'ascending') : 'none');
      }
      renderRows();
    },
  );
  store.watch(
    (s) => [s.heat, s.pendingSkips],
    ({ heat }) => {
      levels = new Map(heat?.values.map((v) => [v.nodeId, v.level]) ?? []);
      renderRows();
    },
  );
  store.watch(
    (s) => [s.selected, s.showTable, s.tab],
    () => {
      const at = indexOfSelected();
      if (at >= 0) scrollTo(at);
      renderRows();
    },
  );
  return element;
}

/** Column that shows the level's colour for each metric. */
const METRIC_COLUMN = {
  cosine: 'cosine',
  sqnrDb: 'sqnrDb',
  localSqnrDb: 'localSqnrDb',
  clipRate: 'clipRate',
  sensitivity: 'sensitivity',
} as const;

function renderRow(row: Row, selected: boolean, level: Level | undefined, state: AppState): HTMLElement {
  const marked = state.metric === null ? null : METRIC_COLUMN[state.metric];
  const pending = state.pendingSkips.has(row.node.id);
  return h(
    'div',
    {
      class: `grid-row${selected ? ' selected' : ''}${row.figures?.skipped ? ' skipped' : ''}`,
      role: 'row',
      id: `row-${row.node.id}`,
      attrs: { 'aria-selected': String(selected), 'data-node': row.node.id },
    },
    ...COLUMNS.map((column) => {
      const text = column.id === 'form' && pending ? '…' : column.text(row);
      const swatch = column.id === marked && level !== undefined ? h('span', { class: `swatch level-${level}` }) : null;
      return h(
        'div',
        { class: `cell ${column.id}${column.numeric ? ' numeric' : ''}`, role: 'gridcell', title: text },
        swatch,
        column.id === 'handle' ? tail(text, 'cell-text') : h('span', { class: 'cell-text' }, text),
      );
    }),
  );
}
