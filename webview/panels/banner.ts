import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Diagnostic } from '../../src/protocol/rpc.ts';
import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { button } from '../ui.ts';

/** Errors, warnings and notes of model, run and requests; never in the way of the view. */
export function createBanner(store: Store, actions: Actions): HTMLElement {
  const summary = h('span', { class: 'banner-text' });
  const list = h('ul', { class: 'banner-list', hidden: true });
  const more = h('button', { class: 'link', attrs: { type: 'button', 'aria-expanded': 'false' } }, t('Show all'));
  more.addEventListener('click', () => {
    list.hidden = !list.hidden;
    more.setAttribute('aria-expanded', String(!list.hidden));
    more.textContent = list.hidden ? t('Show all') : t('Show less');
  });
  const close = button({ label: t('Close'), icon: 'close', appearance: 'icon', onClick: actions.dismissProblems });
  const element = h(
    'section',
    { class: 'banner', hidden: true, attrs: { 'aria-label': t('Problems') } },
    h('div', { class: 'banner-head' }, summary, more, close),
    list,
  );

  store.watch(
    (s) => [s.graph, s.run, s.problems, s.hideProblems],
    ({ graph, run, problems, hideProblems }) => {
      const all = [...problems, ...(graph?.diagnostics ?? []), ...(run?.diagnostics ?? [])];
      all.sort((a, b) => rankOf(a) - rankOf(b));
      const worst = all[0];
      element.hidden = hideProblems || worst === undefined;
      if (worst === undefined) return;
      element.classList.toggle('error', worst.severity === 'error');
      element.classList.toggle('note', worst.severity === 'note');
      const counts = RANK.map((severity) => [severity, all.filter((d) => d.severity === severity).length] as const)
        .filter(([, count]) => count > 0)
        .map(([severity, count]) => COUNTS[severity](count));
      const first = all.length === 1 ? '' : `${counts.join(', ')}. `;
      fill(summary, first, messageOf(worst));
      more.hidden = all.length === 1;
      if (all.length === 1) list.hidden = true;
      fill(list, ...all.slice(0, 200).map((d) => h('li', {}, lineOf(d, store, actions))));
    },
  );
  return element;
}

const RANK = ['error', 'warning', 'note'] as const;

const COUNTS: Readonly<Record<(typeof RANK)[number], (count: number) => string>> = {
  error: (count) => (count === 1 ? t('1 error') : t('{0} errors', count)),
  warning: (count) => (count === 1 ? t('1 warning') : t('{0} warnings', count)),
  note: (count) => (count === 1 ? t('1 note') : t('{0} notes', count)),
};

function rankOf(d: Diagnostic): number {
  return RANK.indexOf(d.severity);
}

function messageOf(d: Diagnostic): string {
  const place = d.at.node === undefined ? '' : `${d.at.node}${d.at.opType === undefined ? '' : ` (${d.at.opType})`}: `;
  return `${d.code} ${place}${d.message}`;
}

/** The message; one that names a node of this graph leads to it. */
function lineOf(d: Diagnostic, store: Store, actions: Actions): HTMLElement {
  const nodeId = nodeOf(store.state.graph, d.at.node);
  if (nodeId === undefined) return h('span', {}, messageOf(d));
  return h(
    'button',
    { class: 'link', attrs: { type: 'button' }, on: { click: () => actions.select(nodeId, { reveal: true }) } },
    messageOf(d),
  );
}

function nodeOf(graph: GraphTable | null, handle: string | undefined): number | undefined {
  if (graph === null || handle === undefined) return undefined;
  for (let i = 0; i < graph.nodeCount; i++) if (graph.handle(i) === handle) return graph.nodeId(i);
  return undefined;
}
