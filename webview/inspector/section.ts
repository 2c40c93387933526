import type { Actions } from '../actions.ts';
import { fill, h, icon, setAttr } from '../dom.ts';
import type { Store } from '../store.ts';

export interface Section {
  readonly element: HTMLElement;
  readonly body: HTMLElement;
  /** Sets what stands beside the title; '' for nothing. */
  note(text: string): void;
}

export interface SectionOptions {
  /** What it is remembered by. */
  readonly key: string;
  readonly title: string;
  readonly store: Store;
  readonly actions: Actions;
  /** After it was opened. */
  readonly onOpen?: () => void;
}

/** A part of the inspector under a heading that opens and closes it; that is remembered. */
export function createSection({ key, title, store, actions, onOpen }: SectionOptions): Section {
  const note = h('span', { class: 'section-note' });
  const body = h('div', { class: 'section-body', id: `section-${key}` });
  const toggle = h(
    'button',
    {
      class: 'section-toggle',
      attrs: { type: 'button', 'aria-controls': body.id },
      on: { click: () => actions.toggleSection(key) },
    },
    icon('chevron'),
    title,
  );
  const element = h('section', { class: 'section' }, h('h3', {}, toggle, note), body);
  let wasClosed = false;
  store.watch(
    (s) => [s.closedSections],
    ({ closedSections }) => {
      const closed = closedSections.includes(key);
      setAttr(toggle, 'aria-expanded', String(!closed));
      body.hidden = closed;
      if (wasClosed && !closed) onOpen?.();
      wasClosed = closed;
    },
  );
  return {
    element,
    body,
    note: (text) => {
      if (note.textContent !== text) fill(note, text);
    },
  };
}
