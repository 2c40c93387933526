export interface FrontPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * The points that no other one beats: none is as good in both and better in one. Of equal points the first counts; what
 * is not a number is left out.
 *
 * @param better whether less or more is better along each axis.
 * @returns indices by ascending x.
 */
export function frontOf(
  points: readonly FrontPoint[],
  better: { readonly x: 'less' | 'more'; readonly y: 'less' | 'more' },
): number[] {
  const signX = better.x === 'less' ? 1 : -1;
  const signY = better.y === 'less' ? 1 : -1;
  const order = points
    .map(({ x, y }, index) => ({ index, x: signX * x, y: signY * y }))
    .filter(({ x, y }) => !Number.isNaN(x) && !Number.isNaN(y))
    .sort((a, b) => a.x - b.x || a.y - b.y || a.index - b.index);
  const front: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (const { index, y } of order) {
    if (y >= best) continue;
    best = y;
    front.push(index);
  }
  return signX === 1 ? front : front.reverse();
}
