import type { HeatView } from '../../src/protocol/views.ts';
import { fill, h, icon, setAttr } from '../dom.ts';
import { METRICS } from '../graph/heat.ts';
import type { AppState, Store } from '../store.ts';

/** In a pane smaller than this, in pixels, the rows would cover the graph: one line is shown unless asked for more. */
const SMALL = { width: 420, height: 260 };

/**
 * The colours of the heat map with their numbers and how many nodes each has; its heading folds it to one line.
 *
 * @param pane what it lies on: in a small one it begins folded.
 */
export function createLegend(store: Store, pane: HTMLElement): HTMLElement {
  const title = h('span', { class: 'legend-title' });
  const strip = h('span', { class: 'legend-strip' });
  const rows = h('div', { class: 'legend-rows', id: 'legend-rows' });
  const head = h(
    'button',
    { class: 'legend-head', attrs: { type: 'button', 'aria-controls': 'legend-rows' } },
    title,
    strip,
    icon('chevron'),
  );
  const element = h('section', { class: 'legend', hidden: true, attrs: { 'aria-label': 'Legend' } }, head, rows);
  let small = false;
  const isOpen = ({ legend }: AppState) => legend === 'open' || (legend !== 'closed' && !small);

  const fold = () => {
    const open = isOpen(store.state);
    element.classList.toggle('folded', !open);
    rows.hidden = !open;
    strip.hidden = open;
    setAttr(head, 'aria-expanded', String(open));
  };
  head.addEventListener('click', () => {
    const open = !isOpen(store.state);
    store.update({ legend: open === !small ? 'auto' : open ? 'open' : 'closed' });
  });
  new ResizeObserver(() => {
    small = pane.clientWidth < SMALL.width || pane.clientHeight < SMALL.height;
    fold();
  }).observe(pane);
  store.watch((s) => [s.legend], fold);
  store.watch(
    (s) => [s.heat, s.graph, s.sensitivity.running],
    (state) => {
      element.hidden = state.heat === null;
      if (state.heat === null) return;
      title.textContent = titleOf(state.heat);
      head.title = state.heat.title;
      fill(strip, ...stripOf(state.heat));
      fill(rows, ...rowsOf(state.heat, state));
    },
  );
  return element;
}

/** `SQNR`, or with its unit where no band names it. */
function titleOf({ metric, title, unit, bands }: HeatView): string {
  const short = METRICS.find(([id]) => id === metric)?.[1] ?? title;
  return unit === '' || bands.some((b) => b.label.includes(unit)) ? short : `${short} (${unit})`;
}

function stripOf({ bands }: HeatView): HTMLElement[] {
  const label = (text: string | undefined) => h('span', { class: 'legend-label' }, text);
  const swatches = bands.map((band) => h('span', { class: `swatch level-${band.level}`, title: band.label }));
  return [label(bands[0]?.label), ...swatches, label(bands.at(-1)?.label)];
}

function rowsOf({ bands, values }: HeatView, { graph, sensitivity }: AppState): HTMLElement[] {
  const rest = Math.max(0, (graph?.nodes.length ?? values.length) - values.length);
  const rows = bands.map((band) => row(`swatch level-${band.level}`, band.label, band.count));
  if (rest > 0) rows.push(row('swatch', sensitivity.running ? 'not measured yet' : 'not measured', rest));
  return rows;
}

function row(swatch: string, label: string, count: number): HTMLElement {
  return h(
    'div',
    { class: 'legend-row' },
    h('span', { class: swatch }),
    h('span', { class: 'legend-label' }, label),
    h('span', { class: 'legend-count' }, String(count)),
  );
}
