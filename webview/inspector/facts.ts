import { h } from '../dom.ts';

/** A definition list of those entries that have a value. */
export function facts(entries: readonly (readonly [name: string, value: string | HTMLElement])[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...entries.flatMap(([name, value]) => {
      if (value === '') return [];
      return [h('dt', {}, name), typeof value === 'string' ? h('dd', { title: value }, value) : h('dd', {}, value)];
    }),
  );
}

/** A small push button that looks like a link. */
export function link(text: string, title: string, onClick: () => void): HTMLButtonElement {
  return h('button', { class: 'link', title, attrs: { type: 'button' }, on: { click: onClick } }, text);
}
