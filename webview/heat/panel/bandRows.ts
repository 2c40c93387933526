import { h, setAttr } from '../../dom.ts';
import { t } from '../../l10n.ts';
import { BANDS, countBands, type HeatScale } from '../bands.ts';
import { shadeCount } from '../shades.ts';
import type { ShownMetric } from '../state.ts';

export interface BandRows {
  readonly element: HTMLElement;
  show(metric: ShownMetric, options: BandRowOptions): void;
}

export interface BandRowOptions {
  readonly scale: HeatScale;
  /** The only band that is coloured. */
  readonly band: number | null;
  /** Nodes of the graph. */
  readonly nodes: number;
  /** Whether values are still being measured. */
  readonly isMeasuring: boolean;
}

/** One row per band with its colour, its numbers and how many nodes are in it; each colours its band alone. */
export function createBandRows(onToggle: (band: number) => void): BandRows {
  const rows = Array.from({ length: BANDS }, (_, band) => {
    const swatch = h('span', { class: 'swatch' });
    const label = h('span', { class: 'legend-label' });
    const count = h('span', { class: 'legend-count' });
    const button = h(
      'button',
      { class: 'legend-row', attrs: { type: 'button' }, on: { click: () => onToggle(band) } },
      swatch,
      label,
      count,
      h('span', { class: 'sr-only' }, t('nodes')),
    );
    return { swatch, label, count, button };
  });
  const restCount = h('span', { class: 'legend-count' });
  const restLabel = h('span', { class: 'legend-label' });
  const rest = h('div', { class: 'legend-row rest' }, h('span', { class: 'swatch' }), restLabel, restCount);
  const element = h('div', { class: 'legend-bands' }, ...rows.map((r) => r.button), rest);
  return {
    element,
    show: (metric, { scale, band, nodes, isMeasuring }) => {
      const counts = countBands(metric.info, metric.borders, metric.values);
      rows.forEach((row, i) => {
        row.swatch.style.background = `var(--qs-shade-${shadeOfBand(i, scale)})`;
        row.label.textContent = bandLabel(metric, i);
        row.count.textContent = (counts[i] ?? 0).toLocaleString('en');
        row.button.title = band === i ? t('Colour all bands') : t('Colour this band alone');
        setAttr(row.button, 'aria-pressed', String(band === i));
      });
      const left = Math.max(0, nodes - counts.reduce((a, b) => a + b, 0));
      rest.hidden = left === 0;
      restLabel.textContent = isMeasuring ? t('not measured yet') : t('no value');
      restCount.textContent = left.toLocaleString('en');
    },
  };
}

/** `≥ 0.9999`; of the last band what is beyond all borders. */
export function bandLabel({ info, borders }: ShownMetric, band: number): string {
  if (band === BANDS - 1) return `${info.higherIsBetter ? '<' : '>'} ${info.format(borders[3])}`;
  return `${info.higherIsBetter ? '≥' : '≤'} ${info.format(borders[band] as number)}`;
}

/** The shade that stands for a band: of a gradient one from its middle. */
export function shadeOfBand(band: number, scale: HeatScale): number {
  const steps = shadeCount(scale) / BANDS;
  return Math.floor(band * steps + steps / 2);
}
