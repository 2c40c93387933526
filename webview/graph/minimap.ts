import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Camera } from '../store.ts';
import type { Point, Size } from './camera.ts';
import { drawFlat, type FlatStyle } from './draw/flat.ts';
import type { Drawing } from './drawing.ts';
import { rectInSight } from './painter.ts';
import type { Palette } from './palette.ts';

/** Sides in pixels; a tall narrow graph is stretched so that it can be seen. */
const MOST = { width: 150, height: 150 };
const LEAST = { width: 34, height: 34 };
const MARGIN = 4;
/** Main-thread time of one step of drawing, in milliseconds. */
const STEP_MS = 4;

export interface MinimapView {
  readonly drawing: Drawing;
  readonly camera: Camera;
  readonly view: Size;
  readonly palette: Palette;
  readonly style: FlatStyle;
}

export interface MinimapTarget {
  view(): MinimapView | undefined;
  /** Brings a point of the graph to the middle at once. */
  moveTo(p: Point): void;
  /** Moves by a share of what is in sight. */
  moveBy(dx: number, dy: number): void;
}

/**
 * The whole graph in small with the part in sight as a rectangle, which a pointer or the arrow keys move. It is drawn once
 * per picture, in steps.
 */
export function createMinimap(target: MinimapTarget) {
  const canvas = h('canvas', { class: 'minimap-canvas' });
  const frame = h('div', { class: 'minimap-frame' });
  const element = h(
    'div',
    {
      class: 'minimap',
      hidden: true,
      tabIndex: 0,
      role: 'img',
      attrs: {
        'aria-label': t('Overview of the graph: arrow keys move the part in sight'),
        'data-vscode-context': JSON.stringify({ webviewSection: 'graph', preventDefaultContextMenuItems: true }),
      },
    },
    canvas,
    frame,
  );
  let drawn: { readonly drawing: Drawing; readonly style: FlatStyle } | undefined;
  let steps: Generator<void, void> | undefined;
  let timer = 0;
  let scale = { x: 1, y: 1 };

  const work = () => {
    timer = 0;
    const until = performance.now() + STEP_MS;
    while (steps !== undefined && performance.now() < until) if (steps.next().done === true) steps = undefined;
    if (steps !== undefined) timer = requestAnimationFrame(work);
  };
  const redraw = ({ drawing, palette, style }: MinimapView) => {
    const { width, height } = drawing.layout;
    const fit = Math.min(
      (MOST.width - 2 * MARGIN) / Math.max(1, width),
      (MOST.height - 2 * MARGIN) / Math.max(1, height),
      0.2,
    );
    scale = {
      x: Math.max(fit, Math.min(0.2, LEAST.width / Math.max(1, width))),
      y: Math.max(fit, Math.min(0.2, LEAST.height / Math.max(1, height))),
    };
    const size = { width: width * scale.x + 2 * MARGIN, height: height * scale.y + 2 * MARGIN };
    element.style.width = `${size.width}px`;
    element.style.height = `${size.height}px`;
    canvas.width = Math.ceil(size.width * devicePixelRatio);
    canvas.height = Math.ceil(size.height * devicePixelRatio);
    const g = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    if (g === null) return;
    g.fillStyle = palette.background;
    g.fillRect(0, 0, canvas.width, canvas.height);
    const [sx, sy] = [scale.x * devicePixelRatio, scale.y * devicePixelRatio];
    g.setTransform(sx, 0, 0, sy, MARGIN * devicePixelRatio, MARGIN * devicePixelRatio);
    const region = { rect: { left: 0, top: 0, right: width, bottom: height }, scaleX: sx, scaleY: sy };
    steps = drawFlat(g, drawing, region, style);
    if (timer === 0) timer = requestAnimationFrame(work);
  };

  const pointAt = (event: PointerEvent): Point => {
    const box = element.getBoundingClientRect();
    return { x: (event.clientX - box.left - MARGIN) / scale.x, y: (event.clientY - box.top - MARGIN) / scale.y };
  };
  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    target.moveTo(pointAt(event));
  });
  element.addEventListener('pointermove', (event) => {
    if (element.hasPointerCapture(event.pointerId)) target.moveTo(pointAt(event));
  });
  element.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    target.moveBy(step[0], step[1]);
  });

  return {
    element,
    /** Shows where the view is; draws the graph when it is another one or has other colours. */
    update(): void {
      const shown = element.hidden ? undefined : target.view();
      if (shown === undefined) return;
      if (drawn?.drawing !== shown.drawing || drawn.style !== shown.style) {
        drawn = shown;
        redraw(shown);
      }
      const rect = rectInSight(shown.camera, shown.view, 0);
      const { width, height } = shown.drawing.layout;
      const left = Math.min(Math.max(0, rect.left), width) * scale.x + MARGIN;
      const top = Math.min(Math.max(0, rect.top), height) * scale.y + MARGIN;
      const right = Math.max(0, Math.min(width, rect.right)) * scale.x + MARGIN;
      const bottom = Math.max(0, Math.min(height, rect.bottom)) * scale.y + MARGIN;
      frame.style.transform = `translate(${left - 1}px, ${top - 1}px)`;
      frame.style.width = `${Math.max(4, right - left)}px`;
      frame.style.height = `${Math.max(4, bottom - top)}px`;
    },
  };
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -0.5],
  ArrowDown: [0, 0.5],
  ArrowLeft: [-0.5, 0],
  ArrowRight: [0.5, 0],
};
