import type { Actions } from '../actions.ts';
import { fill, h, icon, setAttr } from '../dom.ts';
import type { HeatSide } from '../heat/actions.ts';
import { bandLabel, createBandRows, shadeOfBand } from '../heat/panel/bandRows.ts';
import { createHeatSettings } from '../heat/panel/settings.ts';
import { applyShades } from '../heat/shades.ts';
import { type Heat, isOverlay, type ShownMetric } from '../heat/state.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';

/** In a pane smaller than this, in pixels, the rows would cover the graph: one line is shown unless asked for more. */
const SMALL = { width: 420, height: 260 };

/**
 * The colours of the graph with their numbers and how many nodes each has, and, when asked for, what they are chosen by.
 * Its heading folds it to one line.
 *
 * @param pane what it lies on: in a small one it begins folded.
 */
export function createLegend(store: Store, actions: Actions, pane: HTMLElement): HTMLElement {
  let side: HeatSide = 'main';
  const title = h('span', { class: 'legend-title' });
  const strip = h('span', { class: 'legend-strip' });
  const head = h(
    'button',
    { class: 'legend-head', attrs: { type: 'button', 'aria-controls': 'legend-rows' } },
    title,
    strip,
    icon('chevron'),
  );
  const more = h(
    'button',
    {
      class: 'heat-button heat-more',
      attrs: { type: 'button', 'aria-controls': 'heat-settings' },
      on: { click: () => store.update({ heatSettings: !store.state.heatSettings }) },
    },
    t('Colours and borders'),
    icon('chevron'),
  );
  const sides = (['main', 'second'] as const).map((of) =>
    h('button', { class: 'heat-button', attrs: { type: 'button' }, on: { click: () => show(of) } }),
  );
  const sideRow = h(
    'div',
    { class: 'heat-sides', role: 'group', attrs: { 'aria-label': t('Which metric') } },
    ...sides,
  );
  const bands = createBandRows(actions.toggleBand);
  const measuring = createMeasuring(actions);
  const settings = createHeatSettings(store, actions, () => side);
  const rows = h(
    'div',
    { class: 'legend-rows', id: 'legend-rows' },
    settings,
    sideRow,
    measuring.element,
    bands.element,
    more,
  );
  const element = h('section', { class: 'legend', hidden: true, attrs: { 'aria-label': t('Colours') } }, head, rows);

  let small = false;
  const isOpen = ({ legend }: AppState) => legend === 'open' || (legend !== 'closed' && !small);
  const fold = () => {
    const open = isOpen(store.state);
    element.classList.toggle('folded', !open);
    rows.hidden = !open;
    strip.hidden = open;
    setAttr(head, 'aria-expanded', String(open));
    settings.hidden = !store.state.heatSettings;
    element.classList.toggle('with-settings', store.state.heatSettings);
    more.classList.toggle('open', store.state.heatSettings);
    setAttr(more, 'aria-expanded', String(store.state.heatSettings));
  };
  head.addEventListener('click', () => {
    const open = !isOpen(store.state);
    store.update({ legend: open === !small ? 'auto' : open ? 'open' : 'closed' });
  });
  const show = (of: HeatSide) => {
    side = of;
    store.update({ heatScale: store.state.heatScale });
    render(store.state);
  };
  const render = (state: AppState) => {
    const { heat, graph } = state;
    const isEmpty = heat === null && !state.heatSettings && state.timing === null && !isStopped(state);
    element.hidden = graph === null || state.diff !== null || isEmpty; // colours of a comparison are no metric's
    measuring.show(state);
    bands.element.hidden = heat === null;
    sideRow.hidden = heat?.second == null;
    if (heat?.second == null) side = 'main';
    if (heat === null) {
      title.textContent = isStopped(state) ? t('Time') : t('No colours');
      fill(strip);
      return;
    }
    const shown = heat[side] ?? heat.main;
    title.textContent = titleOf(heat.main);
    head.title = t(heat.main.info.doc);
    fill(strip, ...stripOf(heat));
    sides.forEach((tab, i) => {
      const of = i === 0 ? heat.main : heat.second;
      tab.textContent = of?.title ?? '';
      setAttr(tab, 'aria-pressed', String(of === shown));
    });
    const isMeasuring = shown.metric === 'sensitivity' && state.sensitivity.running;
    bands.show(shown, { scale: heat.scale, band: heat.band, nodes: heat.graph.nodeCount, isMeasuring });
  };
  new ResizeObserver(() => {
    small = pane.clientWidth < SMALL.width || pane.clientHeight < SMALL.height;
    fold();
  }).observe(pane);
  store.watch((s) => [s.legend, s.heatSettings], fold);
  store.watch((s) => [s.heat, s.graph, s.sensitivity.running, s.timing, s.heatSettings, s.diff], render);
  store.watch(
    (s) => [s.heatScale, s.heatPalette],
    ({ heatScale, heatPalette }) => applyShades(document.body, heatPalette, heatScale),
  );
  document.addEventListener('keydown', (event) => {
    if ((event.key !== ',' && event.key !== '.') || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    actions.stepSample(event.key === '.' ? 1 : -1);
  });
  return element;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, vscode-text-field') !== null;
}

/** How far a measurement is, with a way to stop it. */
function createMeasuring(actions: Actions): { readonly element: HTMLElement; show(state: AppState): void } {
  const text = h('span', { class: 'legend-label' });
  const stop = h(
    'button',
    { class: 'heat-button', attrs: { type: 'button' }, on: { click: actions.cancelMeasuring } },
    t('Cancel'),
  );
  const again = h(
    'button',
    { class: 'heat-button', attrs: { type: 'button' }, on: { click: () => void actions.loadHeat() } },
    t('Measure'),
  );
  const element = h('div', { class: 'heat-measuring', hidden: true, role: 'status' }, text, stop, again);
  return {
    element,
    show: (state) => {
      const { timing } = state;
      element.hidden = timing === null && !isStopped(state);
      stop.hidden = timing === null;
      again.hidden = timing !== null;
      text.textContent =
        timing === null ? t('Times are not measured') : t('Measuring times: {0} of {1}', timing.done, timing.total);
    },
  };
}

/** Whether times shall be shown whose measurement was stopped. */
function isStopped({ metric, heat, run, timing }: AppState): boolean {
  return timing === null && heat === null && run !== null && (metric === 'timeMs' || metric === 'floatTimeMs');
}

/** `SQNR`, with its unit where no number names it, and of which samples it is where that matters. */
function titleOf({ metric, title, info, borders, of, samples }: ShownMetric): string {
  const isNamed = info.unit === '' || borders.some((border) => info.format(border).includes(info.unit));
  const named = isNamed ? title : `${title} (${info.unit})`;
  if (isOverlay(metric) || !info.perSample) return named;
  if (of === 'worst') return t('{0} · worst sample', named);
  return of === 'mean' ? t('{0} · mean of samples', named) : `${named} · ${samples[of] ?? of}`;
}

function stripOf({ main, scale }: Heat): HTMLElement[] {
  const label = (band: number) => h('span', { class: 'legend-label' }, bandLabel(main, band));
  const swatches = Array.from({ length: 5 }, (_, band) => {
    const swatch = h('span', { class: 'swatch', title: bandLabel(main, band) });
    swatch.style.background = `var(--qs-shade-${shadeOfBand(band, scale)})`;
    return swatch;
  });
  return [label(0), ...swatches, label(4)];
}
