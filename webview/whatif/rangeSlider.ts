import type { GridView, HistogramView } from '../../src/protocol/chartViews.ts';
import type { DrawnChart } from '../charts/chart.ts';
import type { ChartOverlay } from '../charts/chartCard.ts';
import { histogramAxis } from '../charts/histogram.ts';
import { fill, h, setAttr } from '../dom.ts';
import { formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { resetButton } from './choiceControl.ts';
import { choiceTitle, plainNumber } from './nodeWords.ts';
import { clippedShare, type End, type Ends, endsOf, moved, reachOf, stepOf, withEnd } from './rangeSteps.ts';

/** The tensor whose range is set, and by what. */
export interface RangeTarget {
  readonly tensor: string;
  readonly view: HistogramView;
  readonly grid: GridView;
  readonly isSymmetric: boolean;
  /** As the user set it; undefined: the codes reach as far as calibration says. */
  readonly own: Ends | undefined;
  /** Sets the range, or takes it back. */
  readonly commit: (ends: Ends | null) => void;
}

export interface RangeSlider {
  /** Lies on the histogram. */
  readonly overlay: ChartOverlay;
  /** Stands below it: both ends as numbers, what the range does, and the way back. */
  readonly element: HTMLElement;
  /** Of no tensor, with the reason; '' without one. */
  show(target: RangeTarget | string): void;
}

/** After the last arrow key, the range is tried. */
const KEY_PAUSE_MS = 500;

/** Sets the range of a tensor on its histogram: by pointer, arrow keys or numbers. */
export function createRangeSlider(): RangeSlider {
  let target: RangeTarget | undefined;
  let drawn: DrawnChart | undefined;
  let ends: Ends = [0, 0];
  let committed: Ends = [0, 0];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDragged = false;

  const handles = { lo: handleOf('lo'), hi: handleOf('hi') };
  const cut = { lo: h('div', { class: 'range-cut' }), hi: h('div', { class: 'range-cut' }) };
  const overlay = h('div', { class: 'range-overlay', hidden: true }, cut.lo, cut.hi, handles.lo, handles.hi);
  const fields = { lo: fieldOf(t('From')), hi: fieldOf(t('To')) };
  const says = h('p', { class: 'range-says', role: 'status' });
  /** Keys are no longer waited for. */
  const settle = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const reset = resetButton(choiceTitle('range'), () => {
    settle();
    target?.commit(null);
    handles.lo.focus();
  });
  const controls = h(
    'div',
    { class: 'range-fields' },
    h('span', { class: 'choice-label' }, choiceTitle('range')),
    fields.lo.label,
    fields.hi.label,
    reset,
  );
  const reason = h('p', { class: 'hint' });
  const element = h('div', { class: 'range', hidden: true }, controls, says, reason);

  const axisEnds = (): Ends => (target === undefined ? [0, 1] : histogramAxis(target.view));
  const set = (next: Ends, how: 'move' | 'settle') => {
    ends = next;
    place();
    settle();
    if (how === 'settle') commit();
  };
  const commit = () => {
    settle();
    if (target === undefined || isSame(ends, committed)) return;
    committed = ends;
    target.commit(ends);
  };
  const place = () => {
    if (target === undefined) return;
    const [least, most] = axisEnds();
    const { view, grid, isSymmetric } = target;
    const reach = reachOf(ends, isSymmetric);
    for (const end of ['lo', 'hi'] as const) {
      const value = ends[end === 'lo' ? 0 : 1];
      const handle = handles[end];
      setAttr(handle, 'aria-valuemin', plainNumber(end === 'lo' ? Math.min(least, value) : 0));
      setAttr(handle, 'aria-valuemax', plainNumber(end === 'lo' ? 0 : Math.max(most, value)));
      setAttr(handle, 'aria-valuenow', plainNumber(value));
      setAttr(handle, 'aria-valuetext', t('{0}, {1}', formatNumber(value), effect(target, ends)));
      if (document.activeElement !== fields[end].input) fields[end].input.value = plainNumber(value);
    }
    const now = endsOf(grid);
    const [step, stepNow] = [stepOf(ends, grid, isSymmetric), grid.scale];
    const lines = [
      t(
        'clips {0} of the elements (now {1})',
        formatShare(clippedShare(view, reach, step)),
        formatShare(clippedShare(view, now, stepNow)),
      ),
      t('step {0} (now {1})', formatNumber(step), formatNumber(stepNow)),
    ];
    if (isSymmetric && !isSame(reach, ends))
      lines.push(t('symmetric codes reach from {0} to {1}', formatNumber(reach[0]), formatNumber(reach[1])));
    says.textContent = lines.join('; ');
    if (drawn === undefined) return;
    const { area } = drawn;
    const pixel = (value: number) =>
      Math.min(area.right, Math.max(area.left, drawn?.pixelOf({ x: value, y: 1 }).x ?? area.left));
    for (const end of ['lo', 'hi'] as const) {
      const x = pixel(ends[end === 'lo' ? 0 : 1]);
      handles[end].style.translate = `${x}px ${area.top}px`;
      handles[end].style.height = `${area.bottom - area.top}px`;
      const cutAt = pixel(reach[end === 'lo' ? 0 : 1]);
      const [left, right] = end === 'lo' ? [area.left, cutAt] : [cutAt, area.right];
      cut[end].style.translate = `${left}px ${area.top}px`;
      cut[end].style.width = `${Math.max(0, right - left)}px`;
      cut[end].style.height = `${area.bottom - area.top}px`;
    }
  };

  for (const end of ['lo', 'hi'] as const) {
    const handle = handles[end];
    handle.addEventListener('keydown', (event) => {
      const next = moved(event.key, ends, end, axisEnds());
      if (next !== undefined) {
        set(next, 'move');
        timer = setTimeout(commit, KEY_PAUSE_MS);
      } else if (event.key === 'Enter') commit();
      else if (event.key === 'Escape' && !isSame(ends, committed)) set(committed, 'move');
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    handle.addEventListener('blur', commit);
    handle.addEventListener('pointerdown', (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      isDragged = true;
      const drag = (move: PointerEvent) => {
        const value = valueAt(move.clientX);
        if (value !== undefined) set(withEnd(ends, end, value, axisEnds()), 'move');
      };
      handle.addEventListener('pointermove', drag);
      handle.addEventListener(
        'lostpointercapture',
        () => {
          handle.removeEventListener('pointermove', drag);
          isDragged = false;
          commit();
        },
        { once: true },
      );
      event.preventDefault();
    });
    for (const type of ['mousemove', 'click'] as const)
      handle.addEventListener(type, (event) => event.stopPropagation());
    fields[end].input.addEventListener('change', () => {
      const value = Number(fields[end].input.value.trim().replace(',', '.'));
      if (fields[end].input.value.trim() !== '' && Number.isFinite(value))
        set(withEnd(ends, end, value, axisEnds()), 'settle');
      fields[end].input.value = plainNumber(ends[end === 'lo' ? 0 : 1]);
    });
  }
  const valueAt = (clientX: number): number | undefined => {
    if (drawn === undefined) return undefined;
    const { area } = drawn;
    const x = clientX - overlay.getBoundingClientRect().left;
    const [least, most] = axisEnds();
    const share = (x - area.left) / Math.max(1, area.right - area.left);
    return least + Math.min(1, Math.max(0, share)) * (most - least);
  };

  return {
    overlay: {
      element: overlay,
      place: (chart) => {
        drawn = chart;
        place();
      },
    },
    element,
    show: (next) => {
      const isOther = typeof next === 'string' || next.tensor !== target?.tensor;
      if (isOther) settle();
      const isMoving = isDragged || timer !== undefined;
      target = typeof next === 'string' ? undefined : next;
      reason.textContent = typeof next === 'string' ? next : '';
      reason.hidden = reason.textContent === '';
      element.hidden = target === undefined && reason.hidden;
      overlay.hidden = target === undefined;
      for (const part of [controls, says]) part.hidden = target === undefined;
      if (target === undefined) return;
      const { tensor, own, grid } = target;
      committed = own ?? endsOf(grid);
      if (!isMoving) ends = committed;
      reset.hidden = own === undefined;
      setAttr(handles.lo, 'aria-label', t('Lower end of the range of {0}', tensor));
      setAttr(handles.hi, 'aria-label', t('Upper end of the range of {0}', tensor));
      fill(says);
      place();
    },
  };
}

function effect({ view, grid, isSymmetric }: RangeTarget, ends: Ends): string {
  const step = stepOf(ends, grid, isSymmetric);
  const share = formatShare(clippedShare(view, reachOf(ends, isSymmetric), step));
  return t('clips {0}, step {1}', share, formatNumber(step));
}

function isSame(a: Ends, b: Ends): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function handleOf(end: End): HTMLElement {
  return h('div', {
    class: `range-handle range-${end}`,
    role: 'slider',
    tabIndex: 0,
    attrs: { 'aria-orientation': 'horizontal' },
  });
}

function fieldOf(label: string) {
  const input = h('input', { class: 'range-input', attrs: { type: 'text', inputmode: 'decimal', size: 9 } });
  return { input, label: h('label', { class: 'range-label' }, label, input) };
}
