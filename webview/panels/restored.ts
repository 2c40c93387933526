import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { button } from '../ui.ts';

/** Says that the figures are of an earlier session, and offers the run again for what they do not tell. */
export function createRestoredNotice(store: Store, actions: Actions): HTMLElement {
  const text = h('span', { class: 'restored-text' });
  const again = button({ label: t('Run again'), appearance: 'secondary', onClick: actions.runAgain });
  const element = h('section', { class: 'restored', attrs: { 'aria-label': t('Kept run') } }, text, again);
  const time = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
  store.watch(
    (s) => [s.restored, s.busy],
    ({ restored, busy }) => {
      element.hidden = restored === null || busy;
      if (restored === null) return;
      fill(
        text,
        t(
          'Kept figures of {0}, {1}. Tensors, trials and exports need it to run again.',
          restored.name,
          time.format(restored.timeMs),
        ),
      );
    },
  );
  return element;
}
