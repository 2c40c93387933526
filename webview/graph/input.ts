import type { Point } from './camera.ts';
import type { Direction } from './navigate.ts';

export interface InputTarget {
  /** Item at a point in pixels from the surface's corner. */
  itemAt(p: Point): number | undefined;
  hover(item: number | undefined): void;
  /** A click at a point in pixels; with `extend` (Shift) it adds to what is selected. */
  click(p: Point, extend: 'extend' | 'replace'): void;
  doubleClick(p: Point): void;
  openSelected(): void;
  toggleSelected(): void;
  run(command: KeyCommand): void;
  /** Moves the picture by pixels. */
  pan(dx: number, dy: number): void;
  /** Zooms around a point in pixels, or around the middle. */
  zoom(factor: number, at?: Point): void;
  step(direction: Direction): void;
  end(which: 'first' | 'last'): void;
  fit(): void;
  search(): void;
  clear(): void;
  /** The menu key was pressed: the context shall be the selected node's. */
  beforeKeyboardMenu(): void;
}

/** What single keys ask of the graph beside moving in it. */
export type KeyCommand = (typeof KEYS)[keyof typeof KEYS];

const KEYS = {
  '[': 'collapse',
  ']': 'expand',
  '{': 'collapseAll',
  '}': 'expandAll',
  u: 'upstream',
  d: 'downstream',
  z: 'zoomToSelection',
  m: 'minimap',
} as const;

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};
const PAN_STEP = 80;

/** Translates pointer, wheel and keys on `surface` into what they mean. */
export function listenToInput(surface: HTMLElement, target: InputTarget): void {
  const pointOf = (event: { clientX: number; clientY: number }): Point => {
    const box = surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  listenToPointers(surface, target, pointOf);
  listenToMenus(surface, target, pointOf);
  surface.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      if (event.ctrlKey || event.metaKey) target.zoom(Math.exp(-event.deltaY * unit * 0.0035), pointOf(event));
      else if (event.shiftKey && event.deltaX === 0) target.pan(-event.deltaY * unit, 0);
      else target.pan(-event.deltaX * unit, -event.deltaY * unit);
    },
    { passive: false },
  );
  surface.addEventListener('keydown', (event) => {
    if (handleKey(event, target)) {
      // VS Code passes on what bubbles to the window; a key used here shall not also run a command there.
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

function handleKey(event: KeyboardEvent, target: InputTarget): boolean {
  const direction = ARROWS[event.key];
  if (direction !== undefined) {
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      const sign = direction === 'left' || direction === 'up' ? 1 : -1;
      const across = direction === 'left' || direction === 'right';
      target.pan(across ? sign * PAN_STEP : 0, across ? 0 : sign * PAN_STEP);
    } else target.step(direction);
    return true;
  }
  if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
    target.beforeKeyboardMenu();
    return false;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  switch (event.key) {
    case 'Enter':
    case ' ':
      target.openSelected();
      return true;
    case 's':
    case 'S':
      target.toggleSelected();
      return true;
    case '+':
    case '=':
      target.zoom(1.25);
      return true;
    case '-':
    case '_':
      target.zoom(1 / 1.25);
      return true;
    case '0':
      target.fit();
      return true;
    case '/':
      target.search();
      return true;
    case 'Home':
      target.end('first');
      return true;
    case 'End':
      target.end('last');
      return true;
    case 'Escape':
      target.clear();
      return true;
    default:
      return runKey(event.key.toLowerCase(), target);
  }
}

function runKey(key: string, target: InputTarget): boolean {
  if (!(key in KEYS)) return false;
  target.run(KEYS[key as keyof typeof KEYS]);
  return true;
}

/** A menu that a pointer asked for is about what it is on, also where the focus came later, with its own idea of that. */
function listenToMenus(
  surface: HTMLElement,
  target: InputTarget,
  pointOf: (event: { clientX: number; clientY: number }) => Point,
): void {
  let isByPointer = false;
  surface.addEventListener('pointerdown', () => {
    isByPointer = true;
  });
  surface.addEventListener('keydown', () => {
    isByPointer = false;
  });
  surface.addEventListener('contextmenu', (event) => {
    if (isByPointer) target.hover(target.itemAt(pointOf(event)));
  });
}

function listenToPointers(
  surface: HTMLElement,
  target: InputTarget,
  pointOf: (event: { clientX: number; clientY: number }) => Point,
): void {
  const down = new Map<number, Point>();
  let start: Point = { x: 0, y: 0 };
  let dragged = false;

  surface.addEventListener('pointerdown', (event) => {
    if (event.button === 2) {
      target.hover(target.itemAt(pointOf(event)));
      return;
    }
    surface.focus();
    surface.setPointerCapture(event.pointerId);
    down.set(event.pointerId, pointOf(event));
    start = pointOf(event);
    dragged = down.size > 1;
  });
  surface.addEventListener('pointermove', (event) => {
    const p = pointOf(event);
    const last = down.get(event.pointerId);
    if (last === undefined) {
      if (event.pointerType !== 'touch') target.hover(target.itemAt(p));
      return;
    }
    if (!dragged && Math.hypot(p.x - start.x, p.y - start.y) < 4) return;
    dragged = true;
    surface.classList.add('dragging');
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) target.pan(p.x - last.x, p.y - last.y);
    else {
      const before = Math.max(1, Math.hypot(last.x - other.x, last.y - other.y));
      const after = Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
      target.zoom(after / before, { x: (p.x + other.x) / 2, y: (p.y + other.y) / 2 });
      target.pan((p.x - last.x) / 2, (p.y - last.y) / 2);
    }
    down.set(event.pointerId, p);
  });
  const release = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    if (!dragged && event.type === 'pointerup') target.click(pointOf(event), event.shiftKey ? 'extend' : 'replace');
    if (down.size === 0) surface.classList.remove('dragging');
  };
  surface.addEventListener('pointerup', release);
  surface.addEventListener('pointercancel', release);
  surface.addEventListener('pointerleave', () => target.hover(undefined));
  surface.addEventListener('dblclick', (event) => target.doubleClick(pointOf(event)));
}
