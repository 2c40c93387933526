import type { LayoutEdge } from '../layout.ts';

export interface Ranks {
  /** Layer of each node, 0 on top, none empty. */
  readonly rank: Int32Array;
  /** 1 for edges that point down, 0 for those that close a cycle. */
  readonly forward: Uint8Array;
  /** Nodes on the longest path that starts at each node, itself included. */
  readonly height: Int32Array;
}

/**
 * Layers by longest path, then pulls nodes down to their consumers where that makes edges shorter: sources, trees
 * that nothing else hangs on, and nodes with more consumers than producers.
 */
export function assignRanks(count: number, edges: readonly LayoutEdge[]): Ranks {
  const outgoing: number[][] = Array.from({ length: count }, () => []);
  const indegree = new Int32Array(count);
  for (const { from, to } of edges) {
    outgoing[from]?.push(to);
    indegree[to] = (indegree[to] ?? 0) + 1;
  }
  const order = topologicalOrder(outgoing, indegree);
  const position = new Int32Array(count);
  order.forEach((v, i) => {
    position[v] = i;
  });
  const forward = Uint8Array.from(edges, (e) => (at(position, e.from) < at(position, e.to) ? 1 : 0));

  const down: number[][] = Array.from({ length: count }, () => []);
  const up: number[][] = Array.from({ length: count }, () => []);
  edges.forEach(({ from, to }, e) => {
    if (forward[e] === 0 || down[from]?.at(-1) === to) return;
    down[from]?.push(to);
    up[to]?.push(from);
  });
  const rank = new Int32Array(count);
  const height = new Int32Array(count).fill(1);
  for (const v of order) for (const w of down[v] ?? []) rank[w] = Math.max(at(rank, w), at(rank, v) + 1);
  for (const v of [...order].reverse()) {
    for (const w of down[v] ?? []) height[v] = Math.max(at(height, v), at(height, w) + 1);
  }
  pullDown(order, up, down, rank);
  return { rank: withoutGaps(rank), forward, height };
}

/** Kahn's order by index; where a cycle leaves none ready, the lowest remaining index goes first. */
function topologicalOrder(outgoing: readonly number[][], indegree: Int32Array): number[] {
  const waiting = Int32Array.from(indegree);
  const done = new Uint8Array(outgoing.length);
  const order: number[] = [];
  const ready: number[] = [];
  waiting.forEach((n, v) => {
    if (n === 0) ready.push(v);
  });
  let lowest = 0;
  for (let i = 0; order.length < outgoing.length; i++) {
    if (i === ready.length) {
      while (done[lowest] === 1) lowest++;
      ready.push(lowest);
    }
    const v = ready[i] as number; // i < ready.length after the push above
    if (done[v] === 1) continue;
    done[v] = 1;
    order.push(v);
    for (const w of outgoing[v] ?? []) {
      waiting[w] = at(waiting, w) - 1;
      if (waiting[w] === 0 && done[w] === 0) ready.push(w);
    }
  }
  return order;
}

function pullDown(
  order: readonly number[],
  up: readonly number[][],
  down: readonly number[][],
  rank: Int32Array,
): void {
  const loose = new Uint8Array(rank.length);
  for (const v of order) {
    const producers = up[v] ?? [];
    if (producers.every((u) => loose[u] === 1 && down[u]?.length === 1)) loose[v] = 1;
  }
  for (const v of [...order].reverse()) {
    const consumers = down[v] ?? [];
    if (consumers.length === 0) continue;
    if (loose[v] === 1 || consumers.length > (up[v]?.length ?? 0)) {
      let nearest = Number.POSITIVE_INFINITY;
      for (const w of consumers) nearest = Math.min(nearest, at(rank, w));
      rank[v] = nearest - 1;
    }
  }
}

function withoutGaps(rank: Int32Array): Int32Array {
  const used = [...new Set(rank)].sort((a, b) => a - b);
  const index = new Map(used.map((r, i) => [r, i]));
  return rank.map((r) => index.get(r) ?? 0);
}

function at(array: Int32Array, i: number): number {
  return array[i] as number; // indices come from the node list the array was made for
}
