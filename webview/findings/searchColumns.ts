import type { SearchStep, SearchView } from '../../src/protocol/searchViews.ts';
import { h } from '../dom.ts';
import { formatBytes } from '../format.ts';
import { t } from '../l10n.ts';
import { cellText, text } from '../panels/columns.ts';
import type { Column } from '../panels/grid/column.ts';
import { changeText } from '../whatif/changeText.ts';
import { judgeWords } from './judges.ts';

/** What a search tried, in its order: the move, what it changes, what that gives and takes. */
export function searchColumns(view: () => SearchView | null): Column[] {
  const step = (row: number): SearchStep | undefined => view()?.tried[row];
  const words = () => judgeWords(view()?.request.judge ?? { id: 'cosine' });
  const of =
    <T>(read: (step: SearchStep) => T, missing: T) =>
    (row: number): T => {
      const own = step(row);
      return own === undefined ? missing : read(own);
    };
  const number = { kind: 'number', field: null, shown: true, worstIsHigh: false } as const;
  return [
    {
      ...number,
      id: 'place',
      header: '#',
      doc: t('In the order they were measured.'),
      width: 48,
      text: (row) => String(row + 1),
      value: (row) => row + 1,
    },
    text('move', t('Move'), t('How the search came to it.'), {
      field: null,
      width: 104,
      read: of(({ move }) => moveTitle(move), ''),
    }),
    text('change', t('Change'), t('What differs from the config.'), {
      field: null,
      width: 250,
      read: of(({ change }) => changeText(change), ''),
    }),
    {
      ...number,
      id: 'nodes',
      header: t('Nodes'),
      doc: t('How many nodes it changes.'),
      width: 64,
      text: of(({ handles }) => String(handles.length), ''),
      value: of(({ handles }) => handles.length, Number.NaN),
    },
    {
      ...number,
      id: 'value',
      get header() {
        return words().title;
      },
      doc: t('What the judge says of it.'),
      width: 140,
      get worstIsHigh() {
        return !words().higherIsBetter;
      },
      text: (row) => cellText(of(({ value }) => value, Number.NaN)(row), words().format),
      value: of(({ value }) => value, Number.NaN),
    },
    {
      ...number,
      id: 'bytes',
      header: t('Size'),
      doc: t('Bytes of the constants of the quantized model.'),
      width: 90,
      worstIsHigh: true,
      text: of(({ bytes }) => formatBytes(bytes), ''),
      value: of(({ bytes }) => bytes, Number.NaN),
    },
    {
      ...text('reached', t('Target'), t('Whether it reaches what is asked for.'), {
        field: null,
        width: 90,
        read: of(({ reached }) => (reached ? t('reached') : t('missed')), ''),
      }),
      content: (row) => {
        const reached = of((s) => s.reached, false)(row);
        const mark = h('span', { class: reached ? 'verdict is-met' : 'verdict', attrs: { 'aria-hidden': 'true' } });
        return [mark, h('span', { class: 'cell-text' }, reached ? t('reached') : t('missed'))];
      },
    },
  ];
}

function moveTitle(move: SearchStep['move']): string {
  const titles: Readonly<Record<SearchStep['move'], () => string>> = {
    rank: () => t('one alone'),
    grow: () => t('one more'),
    shrink: () => t('one less'),
    exchange: () => t('exchange'),
    verify: () => t('all samples'),
  };
  return titles[move]();
}
