import { layoutGraph } from '../layout.ts';
import type { LayoutInput, LayoutResult } from './types.ts';

const PADDING = 20;

/**
 * Lays items out in layers, top to bottom; what lies in a frame is laid out on its own, and the frame is one box in
 * what holds it.
 *
 * @returns positions in pixels at zoom 1
 */
export function layoutItems(input: LayoutInput, signal?: { readonly aborted: boolean }): LayoutResult {
  const { count, isFrame, parent } = input;
  const inside: number[][] = Array.from({ length: count + 1 }, () => []);
  for (let i = 0; i < count; i++) inside[levelOf(parent[i] as number, count)]?.push(i);
  const itemWidth = input.width.slice();
  const itemHeight = input.height.slice();
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  const rank = new Int32Array(count);
  const local = new Int32Array(count);
  const lines: { level: number; points: Float64Array }[][] = Array.from(input.edgeFrom, () => []);
  const edgesOf = edgesByLevel(input);
  let size = { width: 0, height: 0 };
  for (let level = count; level >= 0; level--) {
    const frame = level === count ? -1 : level;
    if (frame === -1 || isFrame[frame] !== 1) continue;
    size = place(frame);
  }
  size = place(-1);

  function place(frame: number): { width: number; height: number } {
    if (signal?.aborted) return { width: 0, height: 0 };
    const level = levelOf(frame, count);
    const items = inside[level] ?? [];
    items.forEach((item, i) => {
      local[item] = i;
    });
    const edges = edgesOf[level] ?? [];
    const result = layoutGraph({
      nodes: items.map((i) => ({ width: itemWidth[i] as number, height: itemHeight[i] as number })),
      edges: edges.map(({ from, to, group }) => ({ from: local[from] as number, to: local[to] as number, group })),
    });
    items.forEach((item, i) => {
      x[item] = result.x[i] as number;
      y[item] = result.y[i] as number;
      rank[item] = result.rank[i] as number;
    });
    edges.forEach(({ edge }, i) => {
      const points = result.points.slice(
        2 * (result.pointStart[i] as number),
        2 * (result.pointStart[i + 1] as number),
      );
      lines[edge]?.push({ level, points });
    });
    if (frame >= 0) {
      itemWidth[frame] = Math.max(itemWidth[frame] as number, result.width + 2 * PADDING);
      itemHeight[frame] = (input.height[frame] as number) + result.height + 2 * PADDING;
    }
    return { width: result.width, height: result.height };
  }

  // Frames come before what they hold, so that a frame is in its final place when its items are moved into it.
  for (let i = 0; i < count; i++) {
    const frame = parent[i] as number;
    if (frame < 0) continue;
    x[i] = (x[i] as number) + left(frame);
    y[i] = (y[i] as number) + top(frame);
  }
  function left(frame: number): number {
    return (x[frame] as number) - (itemWidth[frame] as number) / 2 + PADDING;
  }
  function top(frame: number): number {
    return (y[frame] as number) + (input.height[frame] as number) + PADDING;
  }

  const points: number[] = [];
  const pointStart = new Uint32Array(lines.length + 1);
  lines.forEach((parts, e) => {
    const from = input.edgeFrom[e] as number;
    const to = input.edgeTo[e] as number;
    for (const { level, points: part } of parts) {
      const [dx, dy] = level === count ? [0, 0] : [left(level), top(level)];
      if (parent[from] !== levelFrame(level, count)) {
        points.push(x[from] as number, (y[from] as number) + (itemHeight[from] as number));
      }
      for (let p = 0; p < part.length; p += 2) points.push((part[p] as number) + dx, (part[p + 1] as number) + dy);
      if (parent[to] !== levelFrame(level, count)) points.push(x[to] as number, y[to] as number);
    }
    pointStart[e + 1] = points.length / 2;
  });
  return { x, y, itemWidth, itemHeight, rank, ...size, points: Float64Array.from(points), pointStart };
}

function levelOf(frame: number, count: number): number {
  return frame < 0 ? count : frame;
}

function levelFrame(level: number, count: number): number {
  return level === count ? -1 : level;
}

/** Lines of each level, between the items of the innermost frame that holds both ends. */
function edgesByLevel({ count, parent, edgeFrom, edgeTo, edgeGroup }: LayoutInput) {
  const depth = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const frame = parent[i] as number;
    depth[i] = frame < 0 ? 0 : (depth[frame] as number) + 1;
  }
  const result: { edge: number; from: number; to: number; group: number }[][] = [];
  edgeFrom.forEach((source, edge) => {
    let from = source;
    let to = edgeTo[edge] as number;
    while (parent[from] !== parent[to]) {
      if ((depth[from] as number) >= (depth[to] as number)) from = parent[from] as number;
      else to = parent[to] as number;
    }
    const level = levelOf(parent[from] as number, count);
    result[level] ??= [];
    result[level].push({ edge, from, to, group: edgeGroup[edge] as number });
  });
  return result;
}
