import { h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';

export const HIT_HEIGHT = 24;
const OVERSCAN = 4;

/** One line of the list. */
export interface HitLine {
  readonly label: string;
  readonly detail: string;
  /** Parts of the label that match. */
  readonly marks: readonly (readonly [number, number])[];
}

export interface SearchList {
  readonly element: HTMLElement;
  /** Shows `count` lines, none of them chosen. */
  show(count: number, line: (index: number) => HitLine): void;
  /** Chooses a line and scrolls to it. */
  choose(index: number): void;
  optionId(index: number): string;
}

/** A list of any number of hits of which only those in sight exist. */
export function createSearchList(id: string, onPick: (index: number) => void): SearchList {
  const room = h('div', { class: 'search-room', role: 'presentation' });
  const element = h(
    'div',
    { class: 'search-list', id, role: 'listbox', tabIndex: -1, hidden: true, attrs: { 'aria-label': t('Found') } },
    room,
  );
  let count = 0;
  let chosen = -1;
  let lineOf: (index: number) => HitLine = () => ({ label: '', detail: '', marks: [] });

  const render = () => {
    room.style.height = `${count * HIT_HEIGHT}px`; // first: the list is as high as its lines, up to a limit
    const first = Math.max(0, Math.floor(element.scrollTop / HIT_HEIGHT) - OVERSCAN);
    const last = Math.min(count, Math.ceil((element.scrollTop + element.clientHeight) / HIT_HEIGHT) + OVERSCAN);
    room.replaceChildren(...Array.from({ length: Math.max(0, last - first) }, (_, i) => option(first + i)));
  };
  const option = (index: number): HTMLElement => {
    const { label, detail, marks } = lineOf(index);
    const line = h(
      'div',
      {
        class: index === chosen ? 'search-hit current' : 'search-hit',
        id: `${id}-${index}`,
        role: 'option',
        title: label,
        attrs: { 'aria-selected': String(index === chosen), 'aria-setsize': count, 'aria-posinset': index + 1 },
        on: { click: () => onPick(index) },
      },
      marked(label, marks),
      h('span', { class: 'hit-detail' }, detail),
    );
    line.style.top = `${index * HIT_HEIGHT}px`;
    return line;
  };
  element.addEventListener('scroll', render, { passive: true });
  new ResizeObserver(render).observe(element);
  element.addEventListener('pointerdown', (event) => event.preventDefault()); // the field keeps the focus
  return {
    element,
    show: (next, line) => {
      count = next;
      lineOf = line;
      chosen = -1;
      element.hidden = count === 0;
      element.scrollTop = 0;
      render();
    },
    choose: (index) => {
      chosen = index;
      const top = index * HIT_HEIGHT;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + HIT_HEIGHT > element.scrollTop + element.clientHeight) {
        element.scrollTop = top + HIT_HEIGHT - element.clientHeight;
      }
      render();
      for (const line of room.children) setAttr(line, 'aria-selected', String(line.id === `${id}-${index}`));
    },
    optionId: (index) => `${id}-${index}`,
  };
}

/** Text that loses its beginning where there is no room, with parts of it marked. */
function marked(text: string, marks: readonly (readonly [number, number])[]): HTMLElement {
  const parts: (string | HTMLElement)[] = [];
  let at = 0;
  for (const [start, end] of marks) {
    parts.push(text.slice(at, start), h('mark', {}, text.slice(start, end)));
    at = end;
  }
  return h('span', { class: 'tail hit-label' }, h('bdi', { attrs: { dir: 'ltr' } }, ...parts, text.slice(at)));
}
