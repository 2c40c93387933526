import type { Actions } from '../actions.ts';
import { fill, h, setAttr, tail } from '../dom.ts';
import { plural } from '../format.ts';
import { type Hit, searchGraph } from '../graph/search.ts';
import type { Store } from '../store.ts';
import { button, textField } from '../ui.ts';

const SHOWN = 100;

export interface SearchBox {
  readonly element: HTMLElement;
  focus(): void;
}

/** Finds nodes, operators and tensors. Enter goes to the next hit, Shift+Enter to the one before, Escape closes. */
export function createSearch(store: Store, actions: Actions, showFound: (ids: ReadonlySet<number>) => void): SearchBox {
  let hits: readonly Hit[] = [];
  let current = -1;
  const field = textField('Search nodes', 'Name, operator or tensor', (text) => search(text));
  const count = h('span', { class: 'search-count', attrs: { 'aria-live': 'polite' } });
  const list = h('ul', { class: 'search-list', role: 'listbox', attrs: { 'aria-label': 'Found' } });
  const close = button({ label: 'Close search', icon: 'close', appearance: 'icon', onClick: actions.closeSearch });
  const element = h(
    'div',
    { class: 'search', role: 'search', hidden: true },
    h('div', { class: 'search-head' }, field, count, close),
    list,
  );

  const search = (text: string) => {
    const { graph } = store.state;
    hits = graph === null ? [] : searchGraph(graph, text);
    current = -1;
    count.textContent = text === '' ? '' : hits.length === 0 ? 'nothing' : plural(hits.length, 'hit');
    showFound(new Set(hits.map((hit) => hit.nodeId)));
    render();
  };
  const render = () => {
    fill(
      list,
      ...hits.slice(0, SHOWN).map((hit, i) =>
        h(
          'li',
          {
            role: 'option',
            class: i === current ? 'search-hit current' : 'search-hit',
            attrs: { 'aria-selected': String(i === current) },
            on: { click: () => go(i) },
          },
          tail(hit.label, 'hit-label'),
          h('span', { class: 'hit-detail' }, hit.kind === 'tensor' ? `tensor ${hit.detail}` : hit.detail),
        ),
      ),
      hits.length > SHOWN && h('li', { class: 'search-more' }, `and ${hits.length - SHOWN} more; type more letters`),
    );
    list.hidden = hits.length === 0;
  };
  const go = (index: number) => {
    const shown = Math.min(hits.length, SHOWN);
    if (shown === 0) return;
    current = (index + shown) % shown;
    const hit = hits[current];
    if (hit === undefined) return;
    actions.select(hit.nodeId, { reveal: true });
    actions.announce(`${hit.label}, ${hit.detail}, ${current + 1} of ${hits.length}`);
    [...list.children].forEach((row, i) => {
      row.classList.toggle('current', i === current);
      setAttr(row, 'aria-selected', String(i === current));
    });
    list.children[current]?.scrollIntoView({ block: 'nearest' });
  };

  element.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') go(current + (event.shiftKey ? -1 : 1));
    else if (event.key === 'ArrowDown') go(current + 1);
    else if (event.key === 'ArrowUp') go(current - 1);
    else if (event.key === 'Escape') actions.closeSearch();
    else {
      // VS Code passes on what bubbles to the window: there these keys undo a skip, here they undo typing.
      if (isUndoOrRedo(event)) event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  store.watch(
    (s) => [s.searchOpen],
    ({ searchOpen }) => {
      element.hidden = !searchOpen;
      if (!searchOpen) showFound(new Set());
      else if (field.value !== '') search(field.value);
    },
  );
  return {
    element,
    focus: () => {
      field.focus();
    },
  };
}

function isUndoOrRedo(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && ['z', 'y'].includes(event.key.toLowerCase());
}
