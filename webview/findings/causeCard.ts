import { causeRow } from '../../src/protocol/causes.ts';
import type { Cause, DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import type { Actions } from '../actions.ts';
import { h, tail } from '../dom.ts';
import { formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../store.ts';
import { cureTable } from './cureTable.ts';
import { evidenceTable } from './evidenceTable.ts';
import { judgeWords } from './judges.ts';

export interface CauseParts {
  readonly view: DiagnosisView;
  /** Place among the causes, from 0. */
  readonly at: number;
  readonly running: boolean;
  readonly state: AppState;
  readonly actions: Actions;
}

/** One cause: what it is, where, what it costs, what speaks for it, what helps. */
export function causeCard(cause: Cause, { view, at, running, state, actions }: CauseParts): HTMLElement {
  const { id, nodeId, handle, opType, blame, certainty, evidence, cures, tried } = cause;
  const { title, doc } = causeRow(id);
  const words = judgeWords(view.request.judge);
  const headingId = `cause-${at}`;
  const node = h(
    'button',
    {
      class: 'link cause-node',
      title: t('Show {0} in the graph', handle),
      attrs: { type: 'button' },
      on: { click: () => actions.select(nodeId, { reveal: true }) },
    },
    tail(handle, ''),
  );
  const parts = { view, state, actions };
  const helpless = running && !view.done ? t('What helps is being tried…') : t('Nothing that was tried helps.');
  return h(
    'article',
    { class: 'cause', attrs: { 'aria-labelledby': headingId } },
    h(
      'header',
      { class: 'cause-head' },
      h('h3', { id: headingId }, `${at + 1}. ${t(title)}`),
      node,
      h('span', { class: 'dim' }, opType),
      h(
        'span',
        { class: 'cause-blame', title: t('What the output gains when this node alone stays float') },
        h('strong', {}, words.formatLoss(blame)),
        ` ${words.loss}`,
      ),
      h(
        'span',
        { class: 'dim', title: t('How far the evidence is beyond the border at which the cause is named') },
        t('certainty {0}', formatShare(certainty)),
      ),
    ),
    h('p', { class: 'hint' }, t(doc)),
    evidence.length > 0 && evidenceTable(evidence, { actions, nodeId, label: t('What speaks for it') }),
    cures.length > 0
      ? cureTable(cures, { ...parts, offered: true, label: t('What helps') })
      : h('p', { class: 'hint' }, view.request.cures ? helpless : t('Cures were not asked for.')),
    tried.length > 0 &&
      h(
        'details',
        { class: 'tried' },
        h('summary', {}, t('Tried without gain: {0}', tried.length)),
        cureTable(tried, { ...parts, offered: false, label: t('Tried without gain') }),
      ),
  );
}
