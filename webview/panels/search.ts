import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { formatShape } from '../format.ts';
import { t } from '../l10n.ts';
import { Vocabulary } from '../query/complete.ts';
import { type Query, visitTerms } from '../query/expression.ts';
import { FieldSet, METRIC_FIELDS } from '../query/fields.ts';
import { ValueRows } from '../query/graphRows.ts';
import { marksIn, patternsFor } from '../query/marks.ts';
import { createQueryField } from '../query/view/queryField.ts';
import type { Store } from '../store.ts';
import { button } from '../ui.ts';
import type { NodeSource } from './grid/nodeSource.ts';
import { findHits, type Hits, NO_HITS } from './searchHits.ts';
import { createSearchList, type HitLine } from './searchList.ts';

export interface SearchBox {
  readonly element: HTMLElement;
  focus(): void;
  /** Looks for a query in place of the one that is there. */
  lookFor(query: string): void;
}

const MOST_REMEMBERED = 30;

/**
 * Finds nodes and tensors while one types. Enter and the arrows go to the next hit, Shift+Enter to the one before, Escape
 * closes; in an empty field the arrow up brings back what was searched for.
 */
export function createSearch(
  store: Store,
  actions: Actions,
  source: NodeSource,
  showFound: (ids: ReadonlySet<number>) => void,
): SearchBox {
  const fields = new FieldSet(METRIC_FIELDS);
  const past: string[] = [];
  let recalled = -1;
  let hits = NO_HITS;
  let current = -1;
  let values: ValueRows | undefined;
  let valuesOf: object | null = null;
  let work: AbortController | undefined;
  let words: { readonly rows: object; readonly vocabulary: Vocabulary } | undefined;

  const count = h('span', { class: 'search-count', role: 'status' });
  const list = createSearchList('search-hits', (index) => go(index));
  const field = createQueryField({
    id: 'search',
    label: t('Search nodes and tensors'),
    placeholder: t('Name, shape, op:Conv, cos:<0.99 …'),
    fields,
    vocabulary: () => {
      const { rows } = source;
      if (rows === null) return null;
      if (words?.rows !== rows) words = { rows, vocabulary: new Vocabulary(rows, new AbortController().signal) };
      return words.vocabulary;
    },
    onQuery: (query) => void search(query),
    onKey: (event) => onKey(event),
  });
  const next = button({
    label: t('Next hit (Enter)'),
    icon: 'down',
    appearance: 'icon',
    onClick: () => go(current + 1),
  });
  const before = button({
    label: t('Hit before (Shift+Enter)'),
    icon: 'up',
    appearance: 'icon',
    onClick: () => go(current < 0 ? -1 : current - 1),
  });
  const toTable = button({
    label: t('Show in table'),
    icon: 'table',
    appearance: 'icon',
    onClick: () => actions.showInTable('nodes', field.input.value),
  });
  const change = button({
    label: t('Change the nodes found…'),
    icon: 'settings',
    appearance: 'icon',
    onClick: () =>
      actions.changeNodes({
        sets: [{ title: t('Found by “{0}”', field.input.value), nodes: Int32Array.from(new Set(hits.node)) }],
      }),
  });
  const close = button({ label: t('Close search'), icon: 'close', appearance: 'icon', onClick: actions.closeSearch });
  const element = h(
    'div',
    { class: 'search', role: 'search', hidden: true },
    h('div', { class: 'search-head' }, field.element, close),
    h('div', { class: 'search-bar' }, count, before, next, toTable, change),
    list.element,
  );

  const search = async (query: Query): Promise<void> => {
    work?.abort();
    const asked = new AbortController();
    work = asked;
    const { graph } = store.state;
    source.metrics.want('search', fieldsOf(query));
    if (graph === null || source.rows === null || query.isEmpty) {
      show(NO_HITS, query);
      return;
    }
    if (values === undefined || valuesOf !== graph) [values, valuesOf] = [new ValueRows(graph), graph];
    const found = await findHits(graph, { nodes: source.rows, values }, query.expression, asked.signal);
    if (found !== null) show(found, query);
  };
  const show = (found: Hits, query: Query) => {
    hits = found;
    current = -1;
    const nodePatterns = patternsFor(query.expression, ['name']);
    const tensorPatterns = patternsFor(query.expression, ['name', 'tensor']);
    list.show(hits.count, (index) => lineOf(index, hits.isTensor[index] === 1 ? tensorPatterns : nodePatterns));
    showFound(store.state.graph === null ? new Set() : new Set(Array.from(hits.node, idOf)));
    describe(query.isEmpty);
  };
  const idOf = (node: number): number => store.state.graph?.nodeId(node) ?? -1;
  const lineOf = (index: number, patterns: Parameters<typeof marksIn>[1]): HitLine => {
    const { graph } = store.state;
    const ref = hits.ref[index] as number;
    if (graph === null) return { label: '', detail: '', marks: [] };
    if (hits.isTensor[index] === 1) {
      const label = graph.valueName(ref);
      const detail = t('tensor {0} {1}', graph.dtype(ref), formatShape(graph.dims(ref))).trimEnd();
      return { label, detail, marks: marksIn(label, patterns) };
    }
    const label = graph.handle(ref);
    return { label, detail: graph.opType(ref), marks: marksIn(label, patterns) };
  };
  const describe = (isEmpty: boolean) => {
    const all = hits.count.toLocaleString();
    count.textContent = isEmpty
      ? ''
      : hits.count === 0
        ? t('nothing')
        : current >= 0
          ? t('{0} of {1}', (current + 1).toLocaleString(), all)
          : hits.count === 1
            ? t('1 hit')
            : t('{0} hits', all);
    for (const control of [next, before, toTable, change]) control.disabled = hits.count === 0;
    field.showResults(hits.count === 0 ? '' : list.element.id, current < 0 ? null : list.optionId(current));
  };
  const go = (index: number) => {
    if (hits.count === 0) return;
    current = (index + hits.count) % hits.count;
    const { graph } = store.state;
    if (hits.isTensor[current] === 1 && graph !== null)
      actions.selectTensor(graph.valueId(hits.ref[current] as number));
    actions.select(idOf(hits.node[current] as number), { reveal: true });
    list.choose(current);
    describe(false);
    remember(field.input.value);
    const { label, detail } = lineOf(current, []);
    actions.announce(t('{0}, {1}, {2} of {3}', label, detail, current + 1, hits.count));
  };
  const remember = (text: string) => {
    recalled = -1;
    const known = past.indexOf(text);
    if (known >= 0) past.splice(known, 1);
    past.unshift(text);
    past.length = Math.min(past.length, MOST_REMEMBERED);
  };
  const recall = (step: 1 | -1) => {
    const index = recalled + step;
    if (index < -1 || index >= past.length) return;
    field.setText(past[index] ?? '');
    recalled = index;
  };
  const onKey = (event: KeyboardEvent): boolean => {
    const { key } = event;
    const isRecalling = field.input.value === '' || recalled >= 0;
    if (key === 'Enter') go(event.shiftKey ? (current < 0 ? -1 : current - 1) : current + 1);
    else if (key === 'ArrowUp' && isRecalling) recall(1);
    else if (key === 'ArrowDown' && recalled >= 0 && current < 0 && hits.count === 0) recall(-1);
    else if (key === 'ArrowDown') go(current + 1);
    else if (key === 'ArrowUp') go(current < 0 ? -1 : current - 1);
    else if (key === 'Escape') actions.closeSearch();
    else {
      recalled = -1;
      return false;
    }
    return true;
  };

  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    actions.closeSearch();
    event.preventDefault();
    event.stopPropagation();
  });
  source.onChange(() => {
    if (store.state.searchOpen && !field.query().isEmpty) void search(field.query());
  });
  store.watch(
    (s) => [s.searchOpen],
    ({ searchOpen }) => {
      element.hidden = !searchOpen;
      if (!searchOpen) {
        work?.abort();
        showFound(new Set());
      } else void search(field.query());
    },
  );
  return {
    element,
    focus: () => {
      field.input.focus();
      field.input.select();
    },
    lookFor: field.setText,
  };
}

function fieldsOf({ expression }: Query): Set<string> {
  const names = new Set<string>();
  visitTerms(expression, (term) => {
    if (term.kind === 'field') names.add(term.field.name);
  });
  return names;
}
