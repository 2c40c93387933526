import { h, setAttr } from '../../dom.ts';
import { t } from '../../l10n.ts';
import { BANDS, type Domain, domainOf, fractionOf, type HeatScale, histogramOf, valueAtFraction } from '../bands.ts';
import { shadeCount } from '../shades.ts';
import type { ShownMetric } from '../state.ts';

const SVG = 'http://www.w3.org/2000/svg';
const BINS = 40;
const HEIGHT = 36;
const STEP = 0.01;
const PAGE = 0.1;

type Border = 0 | 1 | 2 | 3;
const BORDERS: readonly Border[] = [0, 1, 2, 3];

export interface ThresholdBar {
  readonly element: HTMLElement;
  show(metric: ShownMetric, scale: HeatScale): void;
}

/** How the values of all nodes spread, from better to worse, with a handle at every border of the bands. */
export function createThresholdBar(onMove: (border: Border, value: number) => void): ThresholdBar {
  const bars = document.createElementNS(SVG, 'svg');
  bars.setAttribute('class', 'heat-bars');
  bars.setAttribute('viewBox', `0 0 ${BINS} ${HEIGHT}`);
  bars.setAttribute('preserveAspectRatio', 'none');
  bars.setAttribute('aria-hidden', 'true');
  const track = h('div', { class: 'heat-track' });
  track.append(bars);
  const [from, to] = [h('span'), h('span')];
  const ends = h('div', { class: 'heat-ends', attrs: { 'aria-hidden': 'true' } }, from, to);
  const element = h('div', { class: 'heat-spread' }, track, ends);
  let shown: ShownMetric | undefined;
  let domain: Domain = { from: 0, to: 1 };
  let dragged: Border | undefined;

  const moveTo = (border: Border, fraction: number): void => {
    if (shown !== undefined) onMove(border, valueAtFraction(shown.info, domain, Math.min(1, Math.max(0, fraction))));
  };
  const fractionAt = (event: PointerEvent): number => {
    const { left, width } = track.getBoundingClientRect();
    return width === 0 ? 0 : (event.clientX - left) / width;
  };
  const fractionOfBorder = (border: Border): number =>
    shown === undefined ? 0 : fractionOf(shown.info, domain, shown.borders[border]);

  const handles = BORDERS.map((border) => {
    const handle = h('div', {
      class: 'heat-handle',
      role: 'slider',
      tabIndex: 0,
      attrs: {
        'aria-label': t('Border between band {0} and {1}', border + 1, border + 2),
        'aria-valuemin': 0,
        'aria-valuemax': 100,
        'aria-orientation': 'horizontal',
      },
    });
    handle.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      dragged = border;
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus();
    });
    handle.addEventListener('pointermove', (event) => {
      if (dragged === border) moveTo(border, fractionAt(event));
    });
    const drop = () => {
      if (dragged === undefined) return;
      dragged = undefined;
      if (shown !== undefined) domain = domainOf(shown.info, shown.values, shown.borders);
      place();
    };
    handle.addEventListener('pointerup', drop);
    handle.addEventListener('pointercancel', drop);
    handle.addEventListener('keydown', (event) => {
      const to = keyTarget(event, fractionOfBorder(border));
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      moveTo(border, to);
    });
    track.append(handle);
    return handle;
  });

  const place = (): void => {
    if (shown === undefined) return;
    const { info, borders } = shown;
    for (const border of BORDERS) {
      const handle = handles[border] as HTMLElement; // one per border
      const fraction = fractionOf(info, domain, borders[border]);
      const text = info.format(borders[border]);
      handle.style.left = `${(100 * fraction).toFixed(2)}%`;
      handle.title = text;
      setAttr(handle, 'aria-valuenow', (100 * fraction).toFixed(0));
      setAttr(handle, 'aria-valuetext', text);
    }
    from.textContent = info.format(valueAtFraction(info, domain, 0));
    to.textContent = info.format(valueAtFraction(info, domain, 1));
  };
  const drawBars = (scale: HeatScale): void => {
    if (shown === undefined) return;
    const { info, values, borders } = shown;
    const counts = histogramOf(info, domain, values, BINS);
    const most = Math.max(1, ...counts);
    const fractions = borders.map((b) => fractionOf(info, domain, b));
    bars.replaceChildren(
      ...counts.flatMap((count, i) => {
        if (count === 0) return [];
        // The root keeps bins of few nodes in sight.
        const height = Math.max(2, HEIGHT * Math.sqrt(count / most));
        const rect = document.createElementNS(SVG, 'rect');
        for (const [name, value] of Object.entries({ x: i, y: HEIGHT - height, width: 0.85, height }))
          rect.setAttribute(name, String(value));
        rect.style.fill = `var(--qs-shade-${shadeAt((i + 0.5) / BINS, fractions, scale)})`;
        return [rect];
      }),
    );
  };
  return {
    element,
    show: (metric, scale) => {
      shown = metric;
      if (dragged === undefined) domain = domainOf(metric.info, metric.values, metric.borders);
      place();
      drawBars(scale);
    },
  };
}

/** Where a key moves a border from a fraction of the axis; undefined for other keys. */
function keyTarget({ key }: KeyboardEvent, fraction: number): number | undefined {
  if (key === 'ArrowRight' || key === 'ArrowUp') return fraction + STEP;
  if (key === 'ArrowLeft' || key === 'ArrowDown') return fraction - STEP;
  if (key === 'PageUp') return fraction + PAGE;
  if (key === 'PageDown') return fraction - PAGE;
  if (key === 'Home') return 0;
  return key === 'End' ? 1 : undefined;
}

/** The shade at a fraction of the axis. */
function shadeAt(fraction: number, borders: readonly number[], scale: HeatScale): number {
  const found = borders.findIndex((border) => fraction <= border);
  const band = found === -1 ? BANDS - 1 : found;
  if (scale === 'bands') return band;
  const [from, to] = [borders[band - 1] ?? 0, borders[band] ?? 1];
  const steps = shadeCount(scale) / BANDS;
  const along = to > from ? (fraction - from) / (to - from) : 0;
  return band * steps + Math.min(steps - 1, Math.floor(along * steps));
}
