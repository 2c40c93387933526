import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { segments } from '../inspector/segments.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import { createSearchSection } from './searchSection.ts';
import { createSweepSection } from './sweepSection.ts';

/** Which nodes cost the output most, and which of them must be changed for a target. */
export function createSensitivityPanel(store: Store, actions: Actions): HTMLElement {
  const tab = segments<AppState['findingsTab']>(
    t('Sensitivity or search'),
    [
      ['sweep', t('Node by node')],
      ['search', t('Search for a target')],
    ],
    (findingsTab) => store.update({ findingsTab }),
  );
  const made = new Map<AppState['findingsTab'], HTMLElement>();
  const element = h(
    'section',
    { class: 'findings', attrs: { 'aria-label': t('Sensitivity') } },
    h('div', { class: 'findings-tabs' }, tab.element),
  );
  store.watch(
    (s) => [s.findingsTab],
    ({ findingsTab }) => {
      tab.show(findingsTab);
      if (!made.has(findingsTab)) {
        const section =
          findingsTab === 'sweep' ? createSweepSection(store, actions) : createSearchSection(store, actions);
        made.set(findingsTab, section);
        element.append(section);
      }
      for (const [id, section] of made) section.hidden = id !== findingsTab;
    },
  );
  return element;
}
