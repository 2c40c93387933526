import { type Buckets, bucketBy } from './buckets.ts';
import type { LevelGraph } from './levelGraph.ts';

export interface Ranks {
  /** Layer of each vertex, 0 on top, none empty; borders have layers of their own. */
  readonly rank: Int32Array;
  readonly layerCount: number;
  /** 1 for lines that do not lead to a lower layer, as they close a cycle. */
  readonly upward: Uint8Array;
  /** Items before and after each vertex on the longest path through it. */
  readonly before: Int32Array;
  readonly after: Int32Array;
}

/**
 * Layers by longest path, then pulls vertices down to their consumers where that makes lines shorter: those that only
 * depend on what has room to move as well, and those with more consumers than producers. Where closed groups feed each other in a
 * circle, the first of the file comes first.
 */
export function assignRanks(graph: LevelGraph): Ranks {
  const { vertexCount, pairFrom, pairTo, entry } = graph;
  const into = bucketBy(pairTo, vertexCount);
  const order = topologicalOrder(graph, into);
  const place = new Int32Array(vertexCount);
  for (let i = 0; i < vertexCount; i++) place[order[i]!] = i;
  const upward = new Uint8Array(pairFrom.length);
  for (let p = 0; p < upward.length; p++) if (place[pairFrom[p]!]! > place[pairTo[p]!]!) upward[p] = 1;

  const rank = new Int32Array(vertexCount).fill(entry < 0 ? 0 : 1);
  const { before, after } = longestPaths(graph, order, upward);
  for (let v = 0; v < vertexCount; v++) rank[v]! += before[v]!;
  pullDown({ graph, order, into, upward, rank, loose: findLoose({ graph, order, into, before, after }) });
  const layerCount = closeGaps(graph, rank);
  for (let p = 0; p < upward.length; p++) upward[p] = rank[pairFrom[p]!]! < rank[pairTo[p]!]! ? 0 : 1;
  return { rank, layerCount, upward, before, after };
}

/** Kahn's order by index; where a cycle leaves none ready, the lowest remaining index goes first. */
function topologicalOrder({ vertexCount, pairStart, pairTo }: LevelGraph, into: Buckets): Int32Array {
  const waiting = new Int32Array(vertexCount);
  const order = new Int32Array(vertexCount);
  const done = new Uint8Array(vertexCount);
  let found = 0;
  for (let v = 0; v < vertexCount; v++) {
    waiting[v] = into.start[v + 1]! - into.start[v]!;
    if (waiting[v] === 0) {
      done[v] = 1;
      order[found++] = v;
    }
  }
  for (let i = 0, lowest = 0; i < vertexCount; i++) {
    if (i === found) {
      while (done[lowest] === 1) lowest++;
      done[lowest] = 1;
      order[found++] = lowest;
    }
    const v = order[i]!;
    for (let p = pairStart[v]!; p < pairStart[v + 1]!; p++) {
      const w = pairTo[p]!;
      waiting[w]!--;
      if (waiting[w] === 0 && done[w] === 0) {
        done[w] = 1;
        order[found++] = w;
      }
    }
  }
  return order;
}

function longestPaths(graph: LevelGraph, order: Int32Array, upward: Uint8Array) {
  const { vertexCount, pairStart, pairTo, entry, exit } = graph;
  const before = new Int32Array(vertexCount);
  const after = new Int32Array(vertexCount);
  for (let i = 0; i < vertexCount; i++) {
    const v = order[i]!;
    if (v === entry) continue;
    for (let p = pairStart[v]!; p < pairStart[v + 1]!; p++) {
      const w = pairTo[p]!;
      if (upward[p] === 0 && before[w]! <= before[v]!) before[w] = before[v]! + 1;
    }
  }
  for (let i = vertexCount - 1; i >= 0; i--) {
    const v = order[i]!;
    for (let p = pairStart[v]!; p < pairStart[v + 1]!; p++) {
      const w = pairTo[p]!;
      if (upward[p] === 0 && w !== exit && after[v]! <= after[w]!) after[v] = after[w]! + 1;
    }
  }
  return { before, after };
}

interface Paths {
  readonly graph: LevelGraph;
  readonly order: Int32Array;
  readonly into: Buckets;
  readonly before: Int32Array;
  readonly after: Int32Array;
}

/** 1 for vertices that neither lie on a longest path nor depend on one that does, or on the border. */
function findLoose({ graph, order, into, before, after }: Paths): Uint8Array {
  const { vertexCount, pairFrom, entry, exit } = graph;
  let longest = 0;
  for (let v = 0; v < vertexCount; v++) if (v !== exit) longest = Math.max(longest, before[v]! + after[v]!);
  const loose = new Uint8Array(vertexCount);
  for (const v of order) {
    if (v === entry || before[v]! + after[v]! === longest) continue;
    loose[v] = 1;
    for (let n = into.start[v]!; n < into.start[v + 1]!; n++) {
      if (loose[pairFrom[into.elements[n]!]!] === 0) loose[v] = 0;
    }
  }
  return loose;
}

interface Pull {
  readonly graph: LevelGraph;
  readonly order: Int32Array;
  readonly into: Buckets;
  readonly upward: Uint8Array;
  readonly rank: Int32Array;
  readonly loose: Uint8Array;
}

function pullDown({ graph, order, into, upward, rank, loose }: Pull): void {
  const { vertexCount, pairStart, pairTo, entry, exit } = graph;
  for (let i = vertexCount - 1; i >= 0; i--) {
    const v = order[i]!;
    if (v === entry || v === exit) continue;
    let consumers = 0;
    let nearest = Number.POSITIVE_INFINITY;
    for (let p = pairStart[v]!; p < pairStart[v + 1]!; p++) {
      if (upward[p] === 1 || pairTo[p] === exit) continue;
      consumers++;
      nearest = Math.min(nearest, rank[pairTo[p]!]!);
    }
    if (consumers === 0) continue;
    if (loose[v] === 1 || consumers > into.start[v + 1]! - into.start[v]!) rank[v] = nearest - 1;
  }
}

/** Numbers the layers in use from 0, the borders' first and last. */
function closeGaps({ vertexCount, entry, exit }: LevelGraph, rank: Int32Array): number {
  const used = new Int32Array(vertexCount + 3);
  for (let v = 0; v < vertexCount; v++) if (v !== entry && v !== exit) used[rank[v]! + 1] = 1;
  if (entry >= 0) {
    rank[entry] = 0;
    used[1] = 1;
  }
  for (let r = 0; r + 1 < used.length; r++) used[r + 1]! += used[r]!;
  for (let v = 0; v < vertexCount; v++) if (v !== exit) rank[v] = used[rank[v]!]!;
  const layers = used[used.length - 1]!;
  if (exit < 0) return layers;
  rank[exit] = layers;
  return layers + 1;
}
