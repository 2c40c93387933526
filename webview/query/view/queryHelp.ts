import { h } from '../../dom.ts';
import { t } from '../../l10n.ts';
import { createPopover } from '../../panels/grid/popover.ts';
import type { FieldSet } from '../fields.ts';

/** A `?` that opens what queries may say; an example that is chosen goes into the query. */
export function queryHelp(fields: FieldSet, onExample: (example: string) => void) {
  const popover = createPopover(t('How to search'));
  const button = h('button', {
    class: 'tool',
    title: t('How to search'),
    attrs: { type: 'button', 'aria-label': t('How to search'), 'aria-haspopup': 'dialog' },
  });
  button.append('?');
  const example = (text: string) =>
    h(
      'button',
      {
        class: 'link code',
        attrs: { type: 'button' },
        on: {
          click: () => {
            popover.hide();
            onExample(text);
          },
        },
      },
      text,
    );
  const row = (text: string, what: string) => h('tr', {}, h('td', {}, example(text)), h('td', {}, what));
  const grammar: readonly (readonly [string, string])[] = [
    ['layer1 conv', t('All words, anywhere in names, operators, attributes, shapes')],
    ['"two words"', t('The text as it stands')],
    ['/conv\\d+$/i', t('A regular expression; i: upper and lower case alike')],
    ['-op:Relu', t('Not')],
    ['op:Conv or op:Gemm', t('Either; brackets group')],
    ['op:Conv,Gemm', t('One of several values')],
    ['cos:0.9..0.99', t('Between two numbers')],
    ['cos:none', t('Without a figure')],
  ];
  button.addEventListener('click', () => {
    if (popover.element.childElementCount === 0) {
      popover.element.append(
        h('table', { class: 'query-grammar' }, h('tbody', {}, ...grammar.map(([text, what]) => row(text, what)))),
        h('h3', {}, t('Fields')),
        h(
          'table',
          { class: 'query-grammar' },
          h('tbody', {}, ...fields.all.map((field) => row(field.example, field.title()))),
        ),
      );
    }
    popover.show(button);
  });
  return { button, popover: popover.element };
}
