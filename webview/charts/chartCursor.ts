import { h, setAttr } from '../dom.ts';
import type { DrawnChart } from './chart.ts';
import type { ChartModel } from './chartModel.ts';

/** Points that Page Up and Page Down pass over. */
const PAGE = 10;
/** CSS pixels from a point within which the mouse is on it; along the x axis alone where no point is so near. */
const REACH = 24;

/** The point of a chart under the mouse or the arrow keys, and what it says. */
export class ChartCursor {
  readonly elements: readonly HTMLElement[];
  readonly #frame: HTMLElement;
  readonly #readout: HTMLElement;
  readonly #ring = h('div', { class: 'chart-ring', hidden: true });
  readonly #line = h('div', { class: 'chart-selected', hidden: true });
  #model: ChartModel | undefined;
  #drawn: DrawnChart | undefined;
  #at = -1;

  constructor(frame: HTMLElement, readout: HTMLElement) {
    this.#frame = frame;
    this.#readout = readout;
    this.elements = [this.#line, this.#ring];
    frame.addEventListener('keydown', (event) => this.#onKey(event));
    frame.addEventListener('mousemove', (event) => this.#go(this.#nearest(event), 'mouse'));
    frame.addEventListener('mouseleave', () => this.#go(document.activeElement === frame ? this.#at : -1, 'mouse'));
    frame.addEventListener('click', (event) => {
      const at = this.#nearest(event);
      if (at >= 0) this.#model?.points.activate?.(at);
    });
    frame.addEventListener('focus', () => {
      if (this.#at < 0) this.#go(Math.max(0, this.#model?.selected() ?? 0), 'keys');
    });
    frame.addEventListener('blur', () => this.#go(-1, 'mouse'));
  }

  /** Takes another chart, or the same one drawn again. */
  attach(model: ChartModel, drawn: DrawnChart): void {
    if (model !== this.#model) this.#at = -1;
    this.#model = model;
    this.#drawn = drawn;
    setAttr(this.#frame, 'data-activates', model.points.activate === undefined ? null : '');
    this.place();
  }

  /** Puts ring and selection to where their points are. */
  place(): void {
    const model = this.#model;
    const drawn = this.#drawn;
    if (model === undefined || drawn === undefined) return;
    const at = this.#at < 0 ? undefined : drawn.pixelOf(model.points.at(this.#at));
    const isSeen = at !== undefined && Number.isFinite(at.x) && Number.isFinite(at.y);
    this.#ring.hidden = !isSeen;
    if (isSeen) this.#ring.style.translate = `${at.x}px ${at.y}px`;
    const chosen = model.selected();
    const selected = chosen < 0 ? undefined : drawn.pixelOf(model.points.at(chosen));
    const isRing = model.selectedAs === 'ring';
    this.#line.hidden = selected === undefined || !Number.isFinite(selected.x);
    this.#line.className = isRing ? 'chart-ring selected' : 'chart-selected';
    if (selected !== undefined && !this.#line.hidden) {
      this.#line.style.translate = `${selected.x}px ${isRing ? selected.y : drawn.area.top}px`;
      this.#line.style.height = isRing ? '' : `${drawn.area.bottom - drawn.area.top}px`;
    }
    this.#say();
  }

  #go(at: number, by: 'mouse' | 'keys'): void {
    if (this.#model === undefined || at === this.#at) return;
    this.#at = at;
    setAttr(this.#readout, 'aria-live', by === 'keys' ? 'polite' : 'off');
    this.place();
  }

  #say(): void {
    const { points, summary } = this.#model ?? {};
    const text = points === undefined ? '' : this.#at < 0 ? (summary ?? '') : points.describe(this.#at);
    if (this.#readout.textContent !== text) this.#readout.textContent = text;
  }

  #onKey(event: KeyboardEvent): void {
    const { points } = this.#model ?? {};
    if (points === undefined || points.count === 0) return;
    const last = points.count - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: this.#at + 1,
      ArrowDown: this.#at + 1,
      ArrowLeft: this.#at - 1,
      ArrowUp: this.#at - 1,
      PageDown: this.#at + PAGE,
      PageUp: this.#at - PAGE,
      Home: 0,
      End: last,
    };
    const next = steps[event.key];
    if (next !== undefined) this.#go(Math.min(last, Math.max(0, next)), 'keys');
    else if (event.key === 'Enter' && this.#at >= 0 && points.activate !== undefined) points.activate(this.#at);
    else if (event.key === 'Escape') this.#go(-1, 'mouse');
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #nearest(event: MouseEvent): number {
    const model = this.#model;
    const drawn = this.#drawn;
    if (model === undefined || drawn === undefined) return -1;
    const box = this.#frame.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, distance] = [-1, Number.POSITIVE_INFINITY];
    let [beside, across] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < model.points.count; i++) {
      const at = drawn.pixelOf(model.points.at(i));
      const [dx, dy] = [Math.abs(at.x - x), Math.abs(at.y - y)];
      const d = Math.hypot(dx, dy);
      if (d < distance) [best, distance] = [i, d];
      if (dx < across) [beside, across] = [i, dx];
    }
    return distance <= REACH ? best : across <= REACH ? beside : -1;
  }
}
