import type { DiagnosisView, WholeCures } from '../../src/protocol/diagnosisViews.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../store.ts';
import { cureTable } from './cureTable.ts';

/** What helps the model as a whole where no single cure does. */
export function wholeCard(
  { cures, tried }: WholeCures,
  { view, state, actions }: { readonly view: DiagnosisView; readonly state: AppState; readonly actions: Actions },
): HTMLElement {
  const parts = { view, state, actions };
  return h(
    'article',
    { class: 'cause whole', attrs: { 'aria-labelledby': 'cause-whole' } },
    h('header', { class: 'cause-head' }, h('h3', { id: 'cause-whole' }, t('The model as a whole'))),
    h(
      'p',
      { class: 'hint' },
      t('One cure is not enough here. The nodes are those that lose most when they alone are quantized.'),
    ),
    cures.length > 0
      ? cureTable(cures, { ...parts, offered: true, label: t('What helps the model as a whole') })
      : h('p', { class: 'hint' }, t('Nothing that was tried helps.')),
    tried.length > 0 &&
      h(
        'details',
        { class: 'tried' },
        h('summary', {}, t('Tried without gain: {0}', tried.length)),
        cureTable(tried, { ...parts, offered: false, label: t('Tried on the model as a whole, without gain') }),
      ),
  );
}
