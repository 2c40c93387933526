import type { Point } from './camera.ts';
import { Found, findInRect, type Rect } from './draw/boxTree.ts';
import type { Drawing } from './drawing.ts';
import { ItemKind } from './picture.ts';

/** Items looked at for the one nearest to the middle of the view. */
const MOST = 2000;

export interface Looking {
  /** The group that was just opened or closed. */
  readonly toggled: number | undefined;
  /** Id of the selected node. */
  readonly selected: number | null;
  /** What is in sight of the drawing before. */
  readonly rect: Rect;
}

/**
 * How far what one looks at has moved from one drawing to the next: the group that was toggled, else the selected node
 * when it is in sight, else what is nearest to the middle. Undefined when nothing of it is left.
 */
export function anchorOf(before: Drawing, next: Drawing, looking: Looking): Point | undefined {
  const { toggled, selected, rect } = looking;
  const pairs: (readonly [number | undefined, number | undefined])[] = [];
  if (toggled !== undefined) pairs.push([before.itemOfGroup(toggled), next.itemOfGroup(toggled)]);
  if (selected !== null) pairs.push([before.itemOf(selected), next.itemOf(selected)]);
  const middle = nearestItem(before, rect);
  if (middle !== undefined) pairs.push([middle, sameItem(before, next, middle)]);
  for (const [from, to] of pairs) {
    if (from === undefined || to === undefined || to < 0) continue;
    const a = before.rectOf(from);
    const b = next.rectOf(to);
    const isSeen = a.right > rect.left && a.left < rect.right && a.bottom > rect.top && a.top < rect.bottom;
    if (isSeen) return { x: b.left - a.left, y: b.top - a.top };
  }
  return undefined;
}

function sameItem(before: Drawing, next: Drawing, item: number): number | undefined {
  const group = before.groupIndex(item);
  return group === undefined ? next.scene.itemOfNode[before.scene.ref[item] as number] : next.itemOfGroup(group);
}

function nearestItem({ index, scene, layout }: Drawing, rect: Rect): number | undefined {
  const found = new Found();
  findInRect(index.items, rect, found, MOST);
  const x = (rect.left + rect.right) / 2;
  const y = (rect.top + rect.bottom) / 2;
  let best: number | undefined;
  let least = Infinity;
  for (const i of found.items.subarray(0, found.count)) {
    if (scene.kind[i] !== ItemKind.node && scene.kind[i] !== ItemKind.group) continue;
    const centre = (layout.y[i] as number) + (layout.itemHeight[i] as number) / 2;
    const distance = Math.hypot((layout.x[i] as number) - x, centre - y);
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}
