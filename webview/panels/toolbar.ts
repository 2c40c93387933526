import type { Actions } from '../actions.ts';
import { h, setAttr } from '../dom.ts';
import { choiceOf, metricChoices, metricOf, showChoices } from '../heat/panel/pickers.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { button, setLabel } from '../ui.ts';

/** The row on top: quantize, sensitivity, what colours the graph, and the view's own controls. */
export function createToolbar(store: Store, actions: Actions): HTMLElement {
  const quantize = button({
    label: t('Quantize with config…'),
    icon: 'run',
    appearance: 'primary',
    title: t('Pick a config, calibrate, quantize and compare'),
    onClick: actions.quantize,
  });
  const sensitivity = button({
    label: t('Sensitivity'),
    icon: 'wave',
    title: t('Measure node by node what the output loses, as the panel below says'),
    onClick: () => (store.state.sensitivity.running ? actions.cancelSensitivity() : actions.startSensitivity()),
  });
  const metric = h('select', { class: 'heat-select', attrs: { 'aria-label': t('Colour nodes by') } });
  metric.addEventListener('change', () => actions.setMetric(metricOf(metric.value)));
  const undo = button({ label: t('Undo the last change'), icon: 'undo', appearance: 'icon', onClick: actions.undo });
  const redo = button({ label: t('Redo the change'), icon: 'redo', appearance: 'icon', onClick: actions.redo });
  const details = button({
    label: t('Details panel'),
    icon: 'details',
    appearance: 'icon',
    onClick: () => actions.togglePanel('details'),
  });
  const table = button({
    label: t('Panel below the graph'),
    icon: 'table',
    appearance: 'icon',
    onClick: () => actions.togglePanel('table'),
  });
  const search = button({
    label: t('Search (Ctrl+F or /)'),
    icon: 'search',
    appearance: 'icon',
    onClick: () => (store.state.searchOpen ? actions.closeSearch() : actions.openSearch()),
  });
  const element = h(
    'div',
    { class: 'toolbar', role: 'toolbar', attrs: { 'aria-label': t('Model') } },
    quantize,
    sensitivity,
    h('label', { class: 'metric' }, h('span', { class: 'metric-label' }, t('Colour by')), metric),
    h('span', { class: 'toolbar-icons' }, undo, redo, search, details, table),
  );

  store.watch(
    (s) => [s.graph, s.run, s.isLong, s.sensitivity, s.showDetails, s.showTable, s.trial],
    (s) => {
      const { running, view } = s.sensitivity;
      quantize.disabled = s.graph === null || !s.graph.runnable || s.isLong;
      sensitivity.disabled = !running && (s.run === null || s.isLong);
      const share = view === null || view.total === 0 ? 0 : view.done / view.total;
      const stop = t('Cancel ({0} %)', Math.floor(100 * share));
      setLabel(sensitivity, running ? stop : t('Sensitivity'));
      undo.disabled = s.run === null;
      redo.disabled = s.run === null;
      setAttr(details, 'aria-pressed', String(s.showDetails));
      setAttr(table, 'aria-pressed', String(s.showTable));
    },
  );
  store.watch(
    (s) => [s.graph, s.run, s.overlays, s.metric],
    (s) => {
      metric.disabled = s.graph === null;
      showChoices(metric, metricChoices(s, t('No colours')), choiceOf(s.metric));
    },
  );
  return element;
}
