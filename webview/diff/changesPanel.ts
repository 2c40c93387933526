import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { formatDb } from '../format.ts';
import { t } from '../l10n.ts';
import type { Column } from '../panels/grid/column.ts';
import { toTsv } from '../panels/grid/delimited.ts';
import { createGrid } from '../panels/grid/grid.ts';
import { sortRows } from '../panels/grid/sortRows.ts';
import type { TableView } from '../panels/grid/tableView.ts';
import type { AppState, Store } from '../store.ts';
import { button } from '../ui.ts';
import { type Change, Status } from './compare.ts';
import { changesIn, type Difference, differences, gainDb, sidesOf } from './state.ts';

/** A difference with what its row says. */
interface Row extends Difference {
  /** In dB, NaN where it was not measured on both sides. */
  readonly gain: number;
}

/** The nodes that differ from those of the other half of a diff editor, with both values of what differs. */
export function createChangesPanel(store: Store, actions: Actions): HTMLElement {
  let rows: readonly Row[] = [];
  let order: Int32Array = new Int32Array(0);
  let view: TableView = { filter: '', sorts: [], shown: {}, widths: {} };
  const note = h('span', { class: 'changes-note', role: 'status' });
  const step = (by: 1 | -1) => {
    if (order.length === 0) return;
    const at = order.findIndex((row) => ownIdOf(store.state, rows[row]) === store.state.selected);
    const next = order[at < 0 ? (by > 0 ? 0 : order.length - 1) : (at + by + order.length) % order.length] as number;
    grid.setCursor(next);
    go(next);
  };
  const go = (row: number) => {
    const id = ownIdOf(store.state, rows[row]);
    if (id === undefined) actions.announce(t('This node is on the other side only'));
    else actions.select(id, { reveal: true });
  };
  const columns = columnsOf(
    () => store.state,
    (row) => rows[row],
  );
  const grid = createGrid({
    id: 'changes',
    label: t('Differences'),
    columns,
    view: () => view,
    changeView: (change) => {
      view = { ...view, ...change };
    },
    look: () => ({ isCursor: false, isSkipped: false, context: null }),
    onRow: go,
    onOpen: go,
    onSort: ({ id, worstIsHigh }) => {
      const [known] = view.sorts;
      const descending = known?.column === id ? !known.descending : worstIsHigh;
      view = { ...view, sorts: [{ column: id, descending }] };
      grid.refreshColumns();
      void arrange();
    },
    onCopy: (chosen) => {
      navigator.clipboard.writeText(toTsv(grid.shownColumns(), chosen)).then(
        () => actions.announce(t('{0} rows copied', chosen.length)),
        (cause: unknown) => actions.announce(t('Copying failed: {0}', String(cause))),
      );
    },
    onKey: () => false,
  });
  const element = h(
    'section',
    { class: 'table changes', attrs: { 'aria-label': t('Differences') } },
    h(
      'div',
      { class: 'changes-head' },
      button({ label: t('Previous difference'), icon: 'chevronUp', appearance: 'icon', onClick: () => step(-1) }),
      button({ label: t('Next difference'), icon: 'chevron', appearance: 'icon', onClick: () => step(1) }),
      note,
    ),
    grid.element,
  );
  let sorting = new AbortController();
  const arrange = async () => {
    sorting.abort();
    sorting = new AbortController();
    const inFile = Int32Array.from(rows, (_, i) => i);
    const sorted = await sortRows(inFile, view.sorts, columns, sorting.signal);
    if (sorted === null) return;
    order = sorted;
    grid.setRows(order);
  };
  store.watch(
    (s) => [s.diff, s.graph, s.run],
    (state) => {
      rows = rowsOf(state);
      fill(note, noteOf(state, rows));
      void arrange();
    },
  );
  return element;
}

function rowsOf({ diff, graph, run }: AppState): Row[] {
  if (diff?.comparison == null || graph === null) return [];
  const { comparison } = diff;
  const { left, right } = sidesOf(diff, graph, run);
  const figuresOf = ({ table, run: of }: typeof left) => {
    const byId = new Map(of?.nodes.map((f) => [f.nodeId, f]) ?? []);
    return (node: number) => (node < 0 ? undefined : byId.get(table.nodeId(node)));
  };
  const [leftFigures, rightFigures] = [figuresOf(left), figuresOf(right)];
  const gainOf = (a: number, b: number) => gainDb(leftFigures(a), rightFigures(b)) ?? Number.NaN;
  const rows = differences(comparison).map((row) => ({ ...row, gain: gainOf(row.left, row.right) }));
  if (left.run === null || right.run === null) return rows;
  const listed = new Set(rows.map((row) => row.left));
  for (let node = 0; node < left.table.nodeCount; node++) {
    const other = comparison.toRight[node] as number;
    const gain = other < 0 || listed.has(node) ? Number.NaN : gainOf(node, other);
    if (gain !== 0 && !Number.isNaN(gain)) rows.push({ left: node, right: other, status: Status.same, gain });
  }
  return rows;
}

/** Id of a row's node in this view's own graph. */
function ownIdOf({ diff, graph }: AppState, row: Row | undefined): number | undefined {
  const node = row?.[diff?.side ?? 'left'] ?? -1;
  return graph === null || node < 0 ? undefined : graph.nodeId(node);
}

function noteOf({ diff }: AppState, rows: readonly Row[]): string {
  if (diff === null) return '';
  if (diff.comparison === null) return t('Comparing with {0}…', diff.title);
  if (rows.length === 0) return t('No differences from {0}', diff.title);
  const count = (wanted: (row: Row) => boolean) => rows.filter(wanted).length;
  return t(
    'Compared with {0}: {1} changed, {2} only on the left, {3} only on the right, {4} with other figures alone',
    diff.title,
    count((r) => r.status === Status.changed),
    count((r) => r.right < 0),
    count((r) => r.left < 0),
    count((r) => r.status === Status.same),
  );
}

function columnsOf(state: () => AppState, rowAt: (row: number) => Row | undefined): Column[] {
  const side = (row: number, of: 'left' | 'right') => {
    const { diff, graph, run } = state();
    const found = rowAt(row);
    const node = found?.[of] ?? -1;
    if (diff === null || graph === null || node < 0) return '';
    const { table } = sidesOf(diff, graph, run)[of];
    return `${table.handle(node)} (${table.opType(node)})`;
  };
  const gain = (row: number) => rowAt(row)?.gain ?? Number.NaN;
  const text = (id: string, header: string, doc: string, width: number, of: (row: number) => string): Column => ({
    ...{ id, header, doc, width, shown: true, field: null, kind: 'text', worstIsHigh: false },
    text: of,
    value: of,
  });
  return [
    text('left', t('Left'), t('The node on the left.'), 180, (row) => side(row, 'left')),
    {
      ...text('gain', t('Gain'), t('By how much the SQNR is better on the right.'), 80, (row) => gainText(gain(row))),
      kind: 'number',
      value: gain,
    },
    text('right', t('Right'), t('Its counterpart on the right.'), 180, (row) => side(row, 'right')),
    text('what', t('Difference'), t('What differs, left and right.'), 420, (row) => whatOf(state(), rowAt(row))),
  ];
}

function gainText(gain: number): string {
  return Number.isNaN(gain) ? '' : `${gain > 0 ? '+' : ''}${formatDb(gain)}`.replace('-', '−');
}

function whatOf({ diff, graph, run }: AppState, row: Row | undefined): string {
  if (diff?.comparison == null || graph === null || row === undefined) return '';
  if (row.right < 0) return t('only on the left');
  if (row.left < 0) return t('only on the right');
  const { left, right } = sidesOf(diff, graph, run);
  return changesIn({ left: left.table, right: right.table }, diff.comparison, row).map(changeText).join('; ');
}

const KINDS: Readonly<Record<Change['kind'], (name: string) => string>> = {
  operator: () => t('operator'),
  attribute: (name) => t('attribute {0}', name),
  constant: (name) => t('constant {0}', name),
  output: (name) => t('output {0}', name),
  connection: (name) => t('input {0} comes from', name),
};

function changeText({ kind, name, left, right }: Change): string {
  return `${KINDS[kind](name)}: ${left === '' ? '–' : left} → ${right === '' ? '–' : right}`;
}
