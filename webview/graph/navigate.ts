import type { LayoutResult } from './layout.ts';
import type { Scene } from './scene.ts';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** Item that an arrow key leads to: a producer, a consumer or the next one in the same layer. */
export function neighbour(scene: Scene, layout: LayoutResult, item: number, direction: Direction): number | undefined {
  const x = layout.x[item] ?? 0;
  const rank = layout.rank[item] ?? 0;
  /** Sideways, and 40 pixels for every layer beyond the next: of two in one column the near one wins. */
  const distance = (other: number) =>
    Math.abs((layout.x[other] ?? 0) - x) + 40 * Math.abs((layout.rank[other] ?? 0) - rank);
  if (direction === 'up' || direction === 'down') {
    const edges = (direction === 'up' ? scene.incoming[item] : scene.outgoing[item]) ?? [];
    const ends = edges.map((e) => scene.edges[e]?.[direction === 'up' ? 'from' : 'to'] as number);
    return nearest(ends, distance);
  }
  const side = scene.items
    .map((_, i) => i)
    .filter((i) => layout.rank[i] === rank && (direction === 'left' ? (layout.x[i] ?? 0) < x : (layout.x[i] ?? 0) > x));
  return nearest(side, distance);
}

function nearest(items: readonly number[], distance: (item: number) => number): number | undefined {
  let best: number | undefined;
  for (const item of items) if (best === undefined || distance(item) < distance(best)) best = item;
  return best;
}
