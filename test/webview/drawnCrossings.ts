import type { LayoutInput, LayoutResult } from '../../webview/graph/layout/types.ts';

/** A layout as any library gives it: centres of items, and points of lines from source to target. */
export interface Drawn {
  readonly x: ArrayLike<number>;
  /** Centres along y. */
  readonly y: ArrayLike<number>;
  readonly lines: readonly (readonly (readonly [number, number])[])[];
}

export interface Ends {
  readonly edgeFrom: Int32Array;
  readonly edgeTo: Int32Array;
}

/**
 * Crossings of lines between neighbouring layers, each pair of lines counted wherever it changes sides from the middle of
 * one layer to the middle of the next. Layers are read off the picture: items at one height.
 */
export function countDrawnCrossings(drawn: Drawn, { edgeFrom, edgeTo }: Ends): number {
  const heights = layerHeights(drawn.y);
  const layerOf = new Map(heights.map((y, r) => [y, r]));
  const between: (readonly [number, number])[][] = heights.map(() => []);
  drawn.lines.forEach((points, e) => {
    const [from, to] = [edgeFrom[e] as number, edgeTo[e] as number];
    const last = nearest(layerOf, heights, drawn.y[to] as number);
    let x = drawn.x[from] as number;
    for (let r = nearest(layerOf, heights, drawn.y[from] as number); r < last; r++) {
      const next = r + 1 === last ? (drawn.x[to] as number) : xAt(points, heights[r + 1] as number);
      between[r]?.push([x, next]);
      x = next;
    }
  });
  return between.reduce((sum, lines) => sum + inversions(lines), 0);
}

/** The same of a layout of ours. */
export function crossingsOf(input: LayoutInput, result: LayoutResult): number {
  const { points, pointStart } = result;
  const lines = Array.from(input.edgeFrom, (_, e) =>
    Array.from({ length: (pointStart[e + 1] as number) - (pointStart[e] as number) }, (_, n) => {
      const p = 2 * ((pointStart[e] as number) + n);
      return [points[p] as number, points[p + 1] as number] as const;
    }),
  );
  const middles = result.y.map((y, i) => y + (result.itemHeight[i] as number) / 2);
  return countDrawnCrossings({ x: result.x, y: middles, lines }, input);
}

/** Middles of the layers; items of one layer differ by some pixels at most. */
function layerHeights(y: ArrayLike<number>): number[] {
  const sorted = Array.from(y).sort((a, b) => a - b);
  return sorted.filter((value, i) => i === 0 || value - (sorted[i - 1] as number) > 12);
}

function nearest(known: ReadonlyMap<number, number>, heights: readonly number[], y: number): number {
  const exact = known.get(y);
  if (exact !== undefined) return exact;
  let layer = 0;
  while (layer + 1 < heights.length && (heights[layer + 1] as number) <= y) layer++;
  return layer;
}

function xAt(points: readonly (readonly [number, number])[], y: number): number {
  for (let p = 0; p + 1 < points.length; p++) {
    const [[ax, ay], [bx, by]] = [points[p] as [number, number], points[p + 1] as [number, number]];
    if (by >= y) return by === ay ? bx : ax + ((bx - ax) * (y - ay)) / (by - ay);
  }
  return points.at(-1)?.[0] as number;
}

/** Pairs of lines whose upper ends are in one order and their lower ends in the other. */
function inversions(lines: (readonly [number, number])[]): number {
  lines.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const ends = [...new Set(lines.map(([, end]) => end))].sort((a, b) => a - b);
  const placeOf = new Map(ends.map((end, i) => [end, i + 1]));
  const tree = new Int32Array(ends.length + 1);
  let crossings = 0;
  lines.forEach(([, end], seen) => {
    const place = placeOf.get(end) as number;
    let notBeyond = 0;
    for (let k = place; k > 0; k -= k & -k) notBeyond += tree[k] as number;
    crossings += seen - notBeyond;
    for (let k = place; k <= ends.length; k += k & -k) tree[k] = (tree[k] as number) + 1;
  });
  return crossings;
}
