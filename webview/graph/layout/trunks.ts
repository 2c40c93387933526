import type { LayoutInput } from '../layout.ts';

/** Layers of vertices: nodes have their own index, bends of long lines the indices from `nodeCount` on. */
export interface Layered {
  readonly nodeCount: number;
  /** Vertices of each layer from left to right; sorted in place by the ordering. */
  readonly layers: number[][];
  /** Neighbours in the layer above and below. */
  readonly up: readonly (readonly number[])[];
  readonly down: readonly (readonly number[])[];
  readonly rank: readonly number[];
  readonly trunks: readonly Trunk[];
  /** Trunk of each edge, -1 for one that closes a cycle. */
  readonly trunkOf: Int32Array;
}

/** The common line of all edges of one group, from its node down to the layer above its last consumer. */
export interface Trunk {
  readonly from: number;
  /** First bend; the bend in layer r is `firstBend + r - rank[from] - 1`. */
  readonly firstBend: number;
  readonly bends: number;
  /** Column beside the graph, for lines too long to have bends; -1 otherwise. */
  readonly lane: number;
}

/**
 * Splits long edges into bends, one per layer and group, so that a tensor that feeds a thousand layers costs a
 * thousand bends and not a million. Lines that exceed the budget of bends run in lanes beside the graph.
 */
export function buildLayers(input: LayoutInput, ranks: Int32Array, forward: Uint8Array): Layered {
  const nodeCount = input.nodes.length;
  const rank = Array.from(ranks);
  const rankOf = (v: number) => rank[v] as number; // every vertex has one
  const groups = new Map<number, { from: number; last: number; edges: number[] }>();
  input.edges.forEach((edge, e) => {
    if (forward[e] === 0) return;
    const group = groups.get(edge.group) ?? { from: edge.from, last: 0, edges: [] };
    groups.set(edge.group, group);
    group.last = Math.max(group.last, rankOf(edge.to));
    group.edges.push(e);
  });

  const ordered = [...groups.values()];
  const inLane = tooLong(
    ordered.map((g) => g.last - rankOf(g.from) - 1),
    2000 + 12 * nodeCount,
  );
  const lanes = assignLanes(ordered.map((g, i) => (inLane.has(i) ? [rankOf(g.from), g.last] : undefined)));

  const up: number[][] = Array.from({ length: nodeCount }, () => []);
  const down: number[][] = Array.from({ length: nodeCount }, () => []);
  const join = (a: number, b: number) => {
    if (down[a]?.at(-1) === b) return;
    down[a]?.push(b);
    up[b]?.push(a);
  };
  const trunkOf = new Int32Array(input.edges.length).fill(-1);
  const trunks = ordered.map((group, t): Trunk => {
    const { from, last, edges } = group;
    const firstBend = rank.length;
    const lane = lanes[t] ?? -1;
    for (const e of edges) trunkOf[e] = t;
    if (lane >= 0) return { from, firstBend, bends: 0, lane };
    for (let r = rankOf(from) + 1; r < last; r++) {
      const bend = rank.length;
      rank.push(r);
      up.push([]);
      down.push([]);
      join(bend === firstBend ? from : bend - 1, bend);
    }
    for (const e of edges) {
      const to = input.edges[e]?.to as number; // e indexes the edges
      const above = rankOf(to) - rankOf(from) - 1;
      join(above === 0 ? from : firstBend + above - 1, to);
    }
    return { from, firstBend, bends: Math.max(0, last - rankOf(from) - 1), lane };
  });

  const layers: number[][] = Array.from({ length: Math.max(0, ...ranks) + (nodeCount > 0 ? 1 : 0) }, () => []);
  rank.forEach((r, v) => {
    layers[r]?.push(v);
  });
  return { nodeCount, layers, up, down, rank, trunks, trunkOf };
}

/** Indices of the longest spans that do not fit into `budget` bends in all. */
function tooLong(spans: readonly number[], budget: number): Set<number> {
  const result = new Set<number>();
  let used = 0;
  const byLength = spans.map((span, i) => [span, i] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  for (const [span, i] of byLength) {
    used += span;
    if (used > budget && span > 1) result.add(i);
  }
  return result;
}

/** Gives intervals that overlap different lanes, few in all. */
function assignLanes(intervals: readonly (readonly number[] | undefined)[]): (number | undefined)[] {
  const lanes: number[] = [];
  const result: (number | undefined)[] = intervals.map(() => undefined);
  const byStart = intervals
    .flatMap((interval, i) => (interval === undefined ? [] : [{ start: interval[0] ?? 0, end: interval[1] ?? 0, i }]))
    .sort((a, b) => a.start - b.start || a.i - b.i);
  for (const { start, end, i } of byStart) {
    let lane = lanes.findIndex((busyUntil) => busyUntil <= start);
    if (lane < 0) lane = lanes.push(0) - 1;
    lanes[lane] = end;
    result[i] = lane;
  }
  return result;
}
