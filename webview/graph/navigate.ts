import type { Drawing } from './drawing.ts';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** Item that an arrow key leads to: a producer, a consumer or the next one in the same layer. */
export function neighbour(drawing: Drawing, item: number, direction: Direction): number | undefined {
  const { scene, layout } = drawing;
  const x = layout.x[item] ?? 0;
  const rank = layout.rank[item] ?? 0;
  /** Sideways, and 40 pixels for every layer beyond the next: of two in one column the near one wins. */
  const distance = (other: number) =>
    Math.abs((layout.x[other] ?? 0) - x) + 40 * Math.abs((layout.rank[other] ?? 0) - rank);
  if (direction === 'up') return nearest(drawing.before(item), distance);
  if (direction === 'down') return nearest(drawing.after(item), distance);
  const side: number[] = [];
  for (let i = 0; i < scene.count; i++) {
    if (layout.rank[i] !== rank || scene.parent[i] !== scene.parent[item]) continue;
    if (direction === 'left' ? (layout.x[i] ?? 0) < x : (layout.x[i] ?? 0) > x) side.push(i);
  }
  return nearest(side, distance);
}

function nearest(items: readonly number[], distance: (item: number) => number): number | undefined {
  let best: number | undefined;
  for (const item of items) if (best === undefined || distance(item) < distance(best)) best = item;
  return best;
}
