import type { Drawing } from './drawing.ts';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** Item that an arrow key leads to: a producer, a consumer or the next one in the same layer. */
export function neighbour(drawing: Drawing, item: number, direction: Direction): number | undefined {
  const { scene, layout } = drawing;
  const x = layout.x[item] ?? 0;
  const rank = layout.rank[item] ?? 0;
  const y = layout.y[item] ?? 0;
  /** Sideways above all; of two in one column the near one wins, whatever frames they lie in. */
  const distance = (other: number) => Math.abs((layout.x[other] ?? 0) - x) + Math.abs((layout.y[other] ?? 0) - y) / 2;
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
