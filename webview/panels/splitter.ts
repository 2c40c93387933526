import { h } from '../dom.ts';

export interface Resizable {
  /** Size in pixels of the panel after the splitter. */
  size(): number;
  limits(): readonly [number, number];
  resize(size: number): void;
}

/** A bar that resizes the panel to its right (`vertical`) or below it, by pointer or arrow keys. */
export function createSplitter(label: string, orientation: 'vertical' | 'horizontal', target: Resizable): HTMLElement {
  const element = h('div', {
    class: `splitter ${orientation}`,
    role: 'separator',
    tabIndex: 0,
    attrs: { 'aria-label': label, 'aria-orientation': orientation, 'aria-valuenow': target.size() },
  });
  const within = (size: number) => {
    const [least, most] = target.limits();
    const next = Math.round(Math.max(least, Math.min(most, size)));
    element.setAttribute('aria-valuenow', String(next));
    element.setAttribute('aria-valuemin', String(least));
    element.setAttribute('aria-valuemax', String(most));
    return next;
  };
  const apply = (size: number) => target.resize(within(size));
  element.addEventListener('focus', () => within(target.size()));
  element.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    const along = (e: PointerEvent) => (orientation === 'vertical' ? e.clientX : e.clientY);
    const start = along(event);
    const size = target.size();
    const move = (e: PointerEvent) => apply(size + start - along(e));
    element.addEventListener('pointermove', move);
    element.addEventListener('lostpointercapture', () => element.removeEventListener('pointermove', move), {
      once: true,
    });
  });
  element.addEventListener('keydown', (event) => {
    const grow = orientation === 'vertical' ? 'ArrowLeft' : 'ArrowUp';
    const shrink = orientation === 'vertical' ? 'ArrowRight' : 'ArrowDown';
    if (event.key !== grow && event.key !== shrink) return;
    event.preventDefault();
    event.stopPropagation();
    apply(target.size() + (event.key === grow ? 20 : -20));
  });
  return element;
}
