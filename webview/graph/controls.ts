import type { Actions } from '../actions.ts';
import { h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { button } from '../ui.ts';

/** Buttons over the graph: zoom, groups, overview. */
export function createGraphControls(store: Store, actions: Actions): HTMLElement {
  const overview = button({
    label: t('Overview of the graph (M)'),
    icon: 'map',
    appearance: 'icon',
    onClick: () => actions.toggleMinimap(),
  });
  store.watch(
    (s) => [s.minimap],
    (s) => setAttr(overview, 'aria-pressed', String(s.minimap)),
  );
  return h(
    'div',
    { class: 'zoom', role: 'group', attrs: { 'aria-label': t('Zoom and groups') } },
    button({ label: t('Zoom in (+)'), icon: 'plus', appearance: 'icon', onClick: () => actions.zoomBy(1.25) }),
    button({ label: t('Zoom out (-)'), icon: 'minus', appearance: 'icon', onClick: () => actions.zoomBy(1 / 1.25) }),
    button({ label: t('Fit the graph (0)'), icon: 'fit', appearance: 'icon', onClick: actions.fit }),
    h('span', { class: 'zoom-line' }),
    button({
      label: t('Open all groups (})'),
      icon: 'unfold',
      appearance: 'icon',
      onClick: () => actions.runInGraph('expandAll'),
    }),
    button({
      label: t('Close all groups ({)'),
      icon: 'fold',
      appearance: 'icon',
      onClick: () => actions.runInGraph('collapseAll'),
    }),
    overview,
  );
}
