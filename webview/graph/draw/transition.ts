import type { Point } from '../camera.ts';
import type { Drawing } from '../drawing.ts';
import { ItemKind } from '../picture.ts';
import { Found, findInRect, type Rect } from './boxTree.ts';

/** With more than this in sight, before or after, the picture changes at once. */
const MOST_MOVING = 900;

/** An item of the drawing that goes away, on its way to the closed group that takes its place. */
export interface Ghost {
  readonly item: number;
  readonly from: Rect;
  readonly to: Rect;
}

/** Items gliding from where they were to where they are, after groups were opened or closed. */
export interface Transition {
  readonly before: Drawing;
  /** What is drawn now; its items in sight are moved by {@link moveTo}. */
  readonly after: Drawing;
  readonly items: Found;
  readonly ghosts: readonly Ghost[];
  /** Added to a point of the drawing before gives where it is now. */
  readonly shift: Point;
  /** Items that were part of a closed group before: they fade in. */
  readonly isNew: ReadonlySet<number>;
  /** Puts the items where they are at `t`, from 0 to 1. */
  moveTo(t: number): void;
}

/**
 * The way from one drawing to the next; undefined when too much would move.
 *
 * @param sight what is in sight of the next drawing.
 */
export function createTransition(before: Drawing, after: Drawing, shift: Point, sight: Rect): Transition | undefined {
  const items = new Found();
  const gone = new Found();
  const sightBefore = moved(sight, { x: -shift.x, y: -shift.y });
  if (!findInRect(after.index.items, sight, items, MOST_MOVING)) return undefined;
  if (!findInRect(before.index.items, sightBefore, gone, MOST_MOVING)) return undefined;
  const places = { before: new Places(before), after: new Places(after) };
  const seen = new Set(items.items.subarray(0, items.count));
  for (const item of gone.items.subarray(0, gone.count)) {
    const now = places.after.same(before, item);
    if (now !== undefined && !seen.has(now)) {
      seen.add(now);
      items.add(now); // leaves the sight
    }
  }
  const starts = new Map<number, Rect>();
  const isNew = new Set<number>();
  for (const item of seen) {
    const same = places.before.same(after, item);
    const from = same ?? places.before.around(after, item);
    if (same === undefined) isNew.add(item);
    starts.set(item, from === undefined ? after.rectOf(item) : moved(before.rectOf(from), shift));
  }
  const ghosts = Array.from(gone.items.subarray(0, gone.count)).flatMap((item): Ghost[] => {
    if (places.after.same(before, item) !== undefined) return [];
    const into = places.after.around(before, item);
    const from = moved(before.rectOf(item), shift);
    return into === undefined ? [] : [{ item, from, to: after.rectOf(into) }];
  });
  const moving = after.withOwnPlaces();
  const moveTo = (t: number) => {
    for (const [item, from] of starts) moving.place(item, between(from, after.rectOf(item), t));
  };
  return { before, after: moving, items, ghosts, shift, isNew, moveTo };
}

export function between(from: Rect, to: Rect, t: number): Rect {
  const mix = (a: number, b: number) => a + (b - a) * t;
  return {
    left: mix(from.left, to.left),
    top: mix(from.top, to.top),
    right: mix(from.right, to.right),
    bottom: mix(from.bottom, to.bottom),
  };
}

function moved(rect: Rect, by: Point): Rect {
  return { left: rect.left + by.x, top: rect.top + by.y, right: rect.right + by.x, bottom: rect.bottom + by.y };
}

/** Finds the items of one drawing in another of the same graph. */
class Places {
  readonly #drawing: Drawing;
  readonly #groups = new Map<number, number>();
  readonly #pills = new Map<string, number>();

  constructor(drawing: Drawing) {
    this.#drawing = drawing;
    const { kind, ref, count } = drawing.scene;
    for (let i = 0; i < count; i++) {
      if (kind[i] === ItemKind.group || kind[i] === ItemKind.frame) this.#groups.set(ref[i] as number, i);
      else if (kind[i] !== ItemKind.node) this.#pills.set(`${kind[i]} ${ref[i]}`, i);
    }
  }

  /** The item that shows the same; a group's card and its frame are the same. */
  same({ scene }: Drawing, item: number): number | undefined {
    const kind = scene.kind[item];
    const ref = scene.ref[item] as number;
    if (kind === ItemKind.group || kind === ItemKind.frame) return this.#groups.get(ref);
    if (kind !== ItemKind.node) return this.#pills.get(`${kind} ${ref}`);
    const shown = this.#drawing.scene.itemOfNode[ref] ?? -1;
    return this.#drawing.scene.kind[shown] === ItemKind.node ? shown : undefined;
  }

  /** The closed group that holds it. */
  around({ scene, hierarchy }: Drawing, item: number): number | undefined {
    const ref = scene.ref[item] as number;
    let group =
      scene.kind[item] === ItemKind.node ? (hierarchy.groupOfNode[ref] ?? -1) : (hierarchy.groups[ref]?.parent ?? -1);
    for (; group >= 0; group = hierarchy.groups[group]?.parent ?? -1) {
      const shown = this.#groups.get(group);
      if (shown !== undefined) return shown;
    }
    return undefined;
  }
}
