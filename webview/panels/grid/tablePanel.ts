import type { Actions } from '../../actions.ts';
import { fill, h } from '../../dom.ts';
import { t } from '../../l10n.ts';
import { Vocabulary } from '../../query/complete.ts';
import { askedOf, withField, withoutPart } from '../../query/editText.ts';
import { type Query, visitTerms } from '../../query/expression.ts';
import type { FieldSet } from '../../query/fields.ts';
import type { Rows } from '../../query/rows.ts';
import { createQueryField } from '../../query/view/queryField.ts';
import type { Store } from '../../store.ts';
import type { Column } from './column.ts';
import { createColumnChooser } from './columnChooser.ts';
import { createColumnMenu } from './columnMenu.ts';
import { toCsv, toTsv } from './delimited.ts';
import { createGrid, type Grid } from './grid.ts';
import type { RowLook } from './gridRow.ts';
import { createPopover } from './popover.ts';
import { TableModel } from './tableModel.ts';
import type { Sort, TableId, TableView } from './tableView.ts';

/** A filter and an order that are worth a name. */
export interface Preset {
  readonly title: string;
  readonly filter: string;
  readonly sorts: readonly Sort[];
}

export interface TablePanelOptions {
  readonly id: TableId;
  readonly label: string;
  readonly store: Store;
  readonly actions: Actions;
  readonly columns: readonly Column[];
  readonly fields: FieldSet;
  readonly presets: readonly Preset[];
  /** What is filtered; null while there is no model. */
  readonly rows: () => Rows | null;
  readonly look: (row: number) => RowLook;
  readonly onRow: (row: number) => void;
  /** Enter or a double click. */
  readonly onOpen: (row: number) => void;
  readonly onKey: (event: KeyboardEvent) => boolean;
  /** Fields and columns that are asked about or shown now. */
  readonly onNeeds: (fields: ReadonlySet<string>) => void;
  /** What stands beside the filter besides. */
  readonly extra: readonly HTMLElement[];
}

export interface TablePanel {
  readonly element: HTMLElement;
  readonly grid: Grid;
  /** Other rows, or other figures in them. */
  reload(): void;
  /** Rows that the filter leaves, as they are shown. */
  shown(): Int32Array;
}

const FILTER_PAUSE_MS = 120;

/** A table with its filter line, presets, column chooser and export. */
export function createTablePanel(options: TablePanelOptions): TablePanel {
  const { id, label, store, actions, columns, fields } = options;
  const view = () => store.state.tables[id];
  const changeView = (change: Partial<TableView>) => actions.changeTable(id, change);
  let order: Int32Array = new Int32Array(0);
  let vocabulary: { readonly rows: Rows; readonly words: Vocabulary; readonly stop: AbortController } | undefined;
  const wordsOf = (rows: Rows | null): Vocabulary | null => {
    if (rows === null) return null;
    if (vocabulary?.rows !== rows) {
      vocabulary?.stop.abort();
      const stop = new AbortController();
      vocabulary = { rows, stop, words: new Vocabulary(rows, stop.signal) };
    }
    return vocabulary.words;
  };

  const count = h('span', { class: 'table-count', role: 'status' });
  const chips = h('ul', { class: 'chips', attrs: { 'aria-label': t('Active filters') } });
  const model = new TableModel((next) => {
    order = next;
    grid.setRows(order);
    const all = options.rows()?.count ?? 0;
    count.textContent =
      order.length === all
        ? t('{0} rows', all.toLocaleString())
        : t('{0} of {1}', order.length.toLocaleString(), all.toLocaleString());
  });
  const show = () => {
    const rows = options.rows();
    const query = filter.query();
    options.onNeeds(needsOf(query, [...grid.shownColumns(), ...columns.filter((c) => isSortedBy(c, view()))]));
    if (rows !== null) void model.show({ rows, columns, query, sorts: view().sorts });
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const filter = createQueryField({
    id: `${id}-filter`,
    label: t('Filter {0}', label),
    placeholder: t('Filter: words, op:Conv, cos:<0.99 …'),
    fields,
    vocabulary: () => wordsOf(options.rows()),
    onQuery: (query) => {
      clearTimeout(timer);
      timer = setTimeout(() => changeView({ filter: query.text }), FILTER_PAUSE_MS);
    },
    onKey: (event) => {
      if (event.key === 'ArrowDown' || event.key === 'Enter') grid.element.focus();
      else if (event.key === 'Escape' && filter.input.value !== '') filter.setText('');
      else return false;
      return true;
    },
  });
  const setFilter = (text: string) => {
    filter.setText(text);
    changeView({ filter: text });
  };
  const menu = createColumnMenu({
    sort: (column, descending) => changeView({ sorts: [{ column: column.id, descending }] }),
    hide: (column) => changeView({ shown: { ...view().shown, [column.id]: false } }),
    askedOf: (field) => askedOf(filter.query(), field),
    setValue: (field, value) => setFilter(withField(filter.query(), field, value)),
    tallies: async (name) => {
      const field = fields.find(name);
      const words = wordsOf(options.rows());
      return field === undefined || words === null ? [] : words.of(field);
    },
  });
  const copy = async (rows: Int32Array) => {
    if (rows.length === 0) return;
    try {
      await navigator.clipboard.writeText(toTsv(grid.shownColumns(), rows));
      actions.announce(rows.length === 1 ? t('1 row copied') : t('{0} rows copied', rows.length));
    } catch {
      actions.announce(t('The clipboard cannot be written to'));
    }
  };
  const grid = createGrid({
    id,
    label,
    columns,
    view,
    changeView,
    look: options.look,
    onRow: options.onRow,
    onOpen: options.onOpen,
    onSort: (column, how) => changeView({ sorts: nextSorts(view().sorts, column, how) }),
    onMenu: menu.open,
    onCopy: (rows) => void copy(rows),
    onKey: options.onKey,
  });
  const [chooser, chooserPopover] = createColumnChooser({ columns, view, changeView });
  const presets = createPresets(options.presets, (preset) => {
    changeView({ sorts: preset.sorts });
    setFilter(preset.filter);
    actions.announce(preset.title);
  });
  const save = h(
    'button',
    {
      class: 'tool',
      title: t('Save the rows and columns that are shown as CSV'),
      attrs: { type: 'button' },
      on: {
        click: () => {
          const name = `${store.state.file.replace(/\.onnx$/i, '')}.${id}.csv`;
          void actions.saveTable(name, toCsv(grid.shownColumns(), order));
        },
      },
    },
    t('Save CSV'),
  );
  const element = h(
    'section',
    { class: `table table-${id}`, attrs: { 'aria-label': label } },
    h('div', { class: 'table-tools' }, filter.element, presets.button, ...options.extra, chooser, save, count),
    chips,
    grid.element,
    menu.element,
    chooserPopover,
    presets.popover,
  );

  let last: TableView | undefined;
  store.watch(
    (s) => [s.tables[id]],
    () => {
      const now = view();
      const before = last;
      last = now;
      // What is typed at the moment gets here with a pause, and is not taken back by other changes.
      if (before?.filter !== now.filter && filter.input.value !== now.filter) filter.setText(now.filter);
      fill(chips, ...chipsOf(filter.query(), (index) => setFilter(withoutPart(filter.query(), index))));
      chips.hidden = chips.childElementCount === 0;
      if (before?.shown !== now.shown || before?.sorts !== now.sorts || before?.widths !== now.widths) {
        grid.refreshColumns();
      }
      if (before?.filter !== now.filter || before?.sorts !== now.sorts || before?.shown !== now.shown) show();
    },
  );
  return { element, grid, reload: show, shown: () => order };
}

/** The fields of what is shown, sorted by or asked about. */
function needsOf(query: Query, columns: readonly Column[]): Set<string> {
  const needs = new Set(columns.flatMap((column) => column.field ?? []));
  visitTerms(query.expression, (term) => {
    if (term.kind === 'field') needs.add(term.field.name);
  });
  return needs;
}

function isSortedBy(column: Column, { sorts }: TableView): boolean {
  return sorts.some((sort) => sort.column === column.id);
}

/** A click sorts by the column alone, with Shift besides the others; again the other way, and once more not by it. */
export function nextSorts(sorts: readonly Sort[], column: Column, how: 'alone' | 'besides'): readonly Sort[] {
  const known = sorts.find((s) => s.column === column.id);
  const first = { column: column.id, descending: column.worstIsHigh };
  if (known === undefined) return how === 'alone' ? [first] : [...sorts, first];
  const turned = { ...known, descending: !known.descending };
  if (how === 'alone') return [sorts.length > 1 ? first : turned];
  if (known.descending === first.descending) return sorts.map((s) => (s === known ? turned : s));
  return sorts.filter((s) => s !== known);
}

function chipsOf(query: Query, remove: (index: number) => void): HTMLElement[] {
  return query.parts.map(({ start, end }, index) => {
    const text = query.text.slice(start, end);
    const button = h('button', {
      class: 'chip-remove',
      title: t('Remove {0}', text),
      attrs: { type: 'button', 'aria-label': t('Remove {0}', text) },
      on: { click: () => remove(index) },
    });
    button.append('×');
    return h('li', { class: 'chip' }, h('span', {}, text), button);
  });
}

function createPresets(presets: readonly Preset[], choose: (preset: Preset) => void) {
  const popover = createPopover(t('Ready-made filters'));
  const button = h(
    'button',
    { class: 'tool', title: t('Ready-made filters'), attrs: { type: 'button', 'aria-haspopup': 'dialog' } },
    t('Show …'),
  );
  popover.element.append(
    ...presets.map((preset) =>
      h(
        'button',
        {
          class: 'menu-item',
          title: preset.filter,
          attrs: { type: 'button' },
          on: {
            click: () => {
              popover.hide();
              choose(preset);
            },
          },
        },
        preset.title,
      ),
    ),
  );
  button.addEventListener('click', () => popover.show(button));
  return { button, popover: popover.element };
}
