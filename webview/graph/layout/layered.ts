import { bucketBy } from './buckets.ts';
import { assignLanes } from './lanes.ts';
import type { LevelGraph } from './levelGraph.ts';
import type { Ranks } from './rank.ts';

/** Bends that a level may have for each of its vertices; the longest trunks beyond run in lanes. */
const BENDS_PER_VERTEX = 12;
const FREE_BENDS = 2000;

/**
 * A level with its long lines cut into bends, so that every line joins neighbouring layers. All long lines of a vertex
 * share one trunk down to the layer above their last target: a tensor that feeds a thousand layers costs a thousand
 * bends and not a million. Bends follow the level's vertices in numbering.
 */
export interface Layered {
  readonly vertexCount: number;
  readonly total: number;
  readonly rank: Int32Array;
  readonly layerCount: number;
  /** Neighbours in the layer below and above: those of v are `down[downStart[v]]` to `down[downStart[v + 1] - 1]`. */
  readonly downStart: Int32Array;
  readonly down: Int32Array;
  readonly upStart: Int32Array;
  readonly up: Int32Array;
  /** Line of the level that an element of `down` and of `up` ends or begins, -1 between bends. */
  readonly downPair: Int32Array;
  readonly upPair: Int32Array;
  /** Trunk of each vertex: its bend in layer r is `firstBend + r - rank - 1`. */
  readonly firstBend: Int32Array;
  readonly bendCount: Int32Array;
  /** Column beside the graph of a trunk too long to have bends, -1 for others. */
  readonly lane: Int32Array;
  /** Column of each line that runs upward, -1 for others. */
  readonly upwardLane: Int32Array;
  readonly laneCount: number;
}

export function buildLayered(graph: LevelGraph, ranks: Ranks): Layered {
  const { vertexCount, pairFrom, pairTo } = graph;
  const { upward } = ranks;
  const bendCount = trunkLengths(graph, ranks);
  const { lane, upwardLane, laneCount } = assignLanes({ graph, ranks, bendCount, inLane: tooLong(bendCount) });

  const firstBend = new Int32Array(vertexCount);
  let total = vertexCount;
  for (let v = 0; v < vertexCount; v++) {
    firstBend[v] = total;
    if (lane[v]! >= 0) bendCount[v] = 0;
    total += bendCount[v]!;
  }
  const rank = new Int32Array(total);
  rank.set(ranks.rank);

  const most = pairFrom.length + total - vertexCount;
  const from = new Int32Array(most);
  const to = new Int32Array(most);
  const pair = new Int32Array(most).fill(-1);
  let lines = 0;
  for (let v = 0; v < vertexCount; v++) {
    for (let i = 0; i < bendCount[v]!; i++, lines++) {
      const bend = firstBend[v]! + i;
      rank[bend] = rank[v]! + 1 + i;
      from[lines] = i === 0 ? v : bend - 1;
      to[lines] = bend;
    }
    for (let p = graph.pairStart[v]!; p < graph.pairStart[v + 1]!; p++) {
      if (upward[p] === 1) continue;
      const span = rank[pairTo[p]!]! - rank[v]!;
      if (span > 1 && lane[v]! >= 0) continue;
      from[lines] = span === 1 ? v : firstBend[v]! + span - 2;
      to[lines] = pairTo[p]!;
      pair[lines++] = p;
    }
  }
  const below = adjacency(from.subarray(0, lines), to, { pair, total });
  const above = adjacency(to.subarray(0, lines), from, { pair, total });
  return {
    vertexCount,
    total,
    rank,
    layerCount: ranks.layerCount,
    downStart: below.start,
    down: below.ends,
    downPair: below.pairs,
    upStart: above.start,
    up: above.ends,
    upPair: above.pairs,
    firstBend,
    bendCount,
    lane,
    upwardLane,
    laneCount,
  };
}

/** Layers between each vertex and its farthest target. */
function trunkLengths(graph: LevelGraph, { rank, upward }: Ranks): Int32Array {
  const { vertexCount, pairStart, pairTo } = graph;
  const lengths = new Int32Array(vertexCount);
  for (let v = 0; v < vertexCount; v++) {
    for (let p = pairStart[v]!; p < pairStart[v + 1]!; p++) {
      const between = rank[pairTo[p]!]! - rank[v]! - 1;
      if (upward[p] === 0 && between > lengths[v]!) lengths[v] = between;
    }
  }
  return lengths;
}

/** 1 for the longest trunks that do not fit into the budget of bends in all. */
function tooLong(lengths: Int32Array): Uint8Array {
  const budget = FREE_BENDS + BENDS_PER_VERTEX * lengths.length;
  const result = new Uint8Array(lengths.length);
  let sum = 0;
  let longest = 0;
  for (let v = 0; v < lengths.length; v++) {
    sum += lengths[v]!;
    longest = Math.max(longest, lengths[v]!);
  }
  if (sum <= budget) return result;
  const { elements } = bucketBy(lengths, longest + 1);
  let used = 0;
  for (const v of elements) {
    used += lengths[v]!;
    if (used > budget && lengths[v]! > 1) result[v] = 1;
  }
  return result;
}

function adjacency(keys: Int32Array, other: Int32Array, { pair, total }: { pair: Int32Array; total: number }) {
  const { start, elements } = bucketBy(keys, total);
  const pairs = new Int32Array(elements.length);
  for (let i = 0; i < elements.length; i++) {
    pairs[i] = pair[elements[i]!]!;
    elements[i] = other[elements[i]!]!;
  }
  return { start, ends: elements, pairs };
}
