import type { Camera } from '../store.ts';
import { keepInSight, type Point, type Size } from './camera.ts';

export interface MotionOptions {
  view(): Size;
  /** Size of the graph; nothing moves before there is one. */
  graph(): Size | undefined;
  /** After every step. */
  onMove(): void;
  /** When the picture has come to rest. */
  onRest(camera: Camera): void;
}

const FLIGHT_MS = 160;
const REST_MS = 250;
/** Distance from the border within which an item does not count as seen, in pixels. */
const BORDER_X = 130;
const BORDER_Y = 60;

/** Moves the camera: at once, in a short flight, or only if something is out of sight. */
export class Motion {
  private current: Camera = { x: 0, y: 0, zoom: 1 };
  private flight = 0;
  private restTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly options: MotionOptions;

  constructor(options: MotionOptions) {
    this.options = options;
  }

  get camera(): Camera {
    return this.current;
  }

  /** Moves at once and ends a flight: the user's hand wins. */
  moveTo(next: Camera): void {
    cancelAnimationFrame(this.flight);
    this.set(next);
  }

  /** Moves smoothly, or at once where motion is unwanted. */
  flyTo(next: Camera): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.moveTo(next);
      return;
    }
    cancelAnimationFrame(this.flight);
    const start = this.current;
    const began = performance.now();
    const step = (now: number) => {
      const t = Math.min(1, Math.max(0, (now - began) / FLIGHT_MS));
      const ease = 1 - (1 - t) ** 3;
      const zoom = start.zoom * (next.zoom / start.zoom) ** ease;
      this.set({ x: start.x + (next.x - start.x) * ease, y: start.y + (next.y - start.y) * ease, zoom });
      if (t < 1) this.flight = requestAnimationFrame(step);
    };
    this.flight = requestAnimationFrame(step);
  }

  /** Brings a point to the middle, large enough to read. */
  centre(p: Point): void {
    this.flyTo({ ...p, zoom: Math.max(this.current.zoom, 0.8) });
  }

  /** Brings a point to the middle unless it can be seen and read where it is. */
  reveal(p: Point): void {
    const { dx, dy } = this.reach();
    const { x, y, zoom } = this.current;
    if (zoom < 0.5 || Math.abs(p.x - x) > dx || Math.abs(p.y - y) > dy) this.centre(p);
  }

  /** Moves only as far as needed to have the point well inside. */
  follow(p: Point): void {
    const { dx, dy } = this.reach();
    const x = Math.min(Math.max(this.current.x, p.x - dx), p.x + dx);
    const y = Math.min(Math.max(this.current.y, p.y - dy), p.y + dy);
    if (x !== this.current.x || y !== this.current.y) this.flyTo({ x, y, zoom: this.current.zoom });
  }

  private set(next: Camera): void {
    const graph = this.options.graph();
    if (graph === undefined) return;
    this.current = keepInSight(next, this.options.view(), graph);
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => this.options.onRest(this.current), REST_MS);
    this.options.onMove();
  }

  private reach(): { readonly dx: number; readonly dy: number } {
    const { width, height } = this.options.view();
    return {
      dx: Math.max(0, width / 2 - BORDER_X) / this.current.zoom,
      dy: Math.max(0, height / 2 - BORDER_Y) / this.current.zoom,
    };
  }
}
