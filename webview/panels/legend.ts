import { fill, h } from '../dom.ts';
import type { Store } from '../store.ts';

/** The colours of the heat map with their numbers and how many nodes each has. */
export function createLegend(store: Store): HTMLElement {
  const element = h('div', { class: 'legend', hidden: true, role: 'note', attrs: { 'aria-label': 'Legend' } });
  store.watch(
    (s) => [s.heat, s.graph, s.sensitivity.running],
    ({ heat, graph, sensitivity }) => {
      element.hidden = heat === null;
      if (heat === null) return;
      const measured = heat.values.length;
      const rest = Math.max(0, (graph?.nodes.length ?? measured) - measured);
      fill(
        element,
        h(
          'div',
          { class: 'legend-title' },
          heat.bands.some((b) => b.label.includes(heat.unit)) ? heat.title : `${heat.title} (${heat.unit})`,
        ),
        ...heat.bands.map((band) =>
          h(
            'div',
            { class: 'legend-row' },
            h('span', { class: `swatch level-${band.level}` }),
            h('span', { class: 'legend-label' }, band.label),
            h('span', { class: 'legend-count' }, String(band.count)),
          ),
        ),
        rest > 0 &&
          h(
            'div',
            { class: 'legend-row' },
            h('span', { class: 'swatch' }),
            h('span', { class: 'legend-label' }, sensitivity.running ? 'not measured yet' : 'not measured'),
            h('span', { class: 'legend-count' }, String(rest)),
          ),
      );
    },
  );
  return element;
}
