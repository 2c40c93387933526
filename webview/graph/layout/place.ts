import type { LayoutInput } from '../layout.ts';
import type { Layered } from './trunks.ts';

const NODE_GAP = 28;
const LINE_GAP = 12;

/**
 * Centres of all vertices along x.
 *
 * Vertices that shall stand exactly below each other form blocks; blocks are packed by their distances and then
 * moved to the median of what they are connected with, as far as their neighbours let them.
 */
export function placeVertices(graph: Layered, nodes: LayoutInput['nodes'], height: Int32Array): Float64Array {
  const widthOf = (v: number) => (v < graph.nodeCount ? (nodes[v]?.width ?? 0) : 0);
  const blocks = alignBlocks(graph, height);
  const members = blocks.members;
  const neighbours = blockNeighbours(graph, blocks, widthOf);
  const order = leftToRight(neighbours);
  const x = new Float64Array(members.length);
  for (const b of order) {
    let left = -Infinity;
    for (const n of neighbours.left[b] ?? []) left = Math.max(left, (x[n.block] as number) + n.distance);
    x[b] = left === -Infinity ? 0 : left;
  }
  relax(x, order, neighbours, connections(graph, blocks));
  return Float64Array.from(blocks.blockOf, (b) => x[b] as number);
}

interface Blocks {
  readonly blockOf: Int32Array;
  readonly members: readonly (readonly number[])[];
}

/** Chooses which lines are straight: the longest path first, then bends of one line, then the rest. */
function alignBlocks(graph: Layered, height: Int32Array): Blocks {
  const { layers, down, rank, nodeCount } = graph;
  const below = new Int32Array(rank.length).fill(-1);
  const above = new Int32Array(rank.length).fill(-1);
  const depth = new Int32Array(nodeCount);
  for (const layer of layers) {
    for (const v of layer) {
      if (v >= nodeCount) continue;
      for (const w of down[v] ?? []) {
        if (w < nodeCount) depth[w] = Math.max(depth[w] as number, (depth[v] as number) + 1);
      }
    }
  }
  const longest = depth.reduce((most, d, v) => Math.max(most, d + (height[v] as number)), 0);
  const priority = (u: number, v: number): number => {
    if (u >= nodeCount && v >= nodeCount) return longest;
    if (u >= nodeCount || v >= nodeCount) return 0;
    const through = (depth[u] as number) + 1 + (height[v] as number);
    return through >= longest ? longest + 1 : through;
  };
  const position = new Int32Array(rank.length);
  for (const layer of layers) {
    layer.forEach((v, i) => {
      position[v] = i;
    });
  }
  for (const layer of layers) {
    const lines = layer.flatMap((u) => (down[u] ?? []).map((v) => ({ u, v, priority: priority(u, v) })));
    lines.sort((a, b) => b.priority - a.priority);
    const chosen: (readonly [number, number])[] = [];
    for (const { u, v } of lines) {
      if (below[u] !== -1 || above[v] !== -1) continue;
      const upper = position[u] as number;
      const lower = position[v] as number;
      const i = firstBeyond(chosen, upper);
      if ((chosen[i - 1]?.[1] ?? -1) > lower || (chosen[i]?.[1] ?? Infinity) < lower) continue;
      chosen.splice(i, 0, [upper, lower]);
      below[u] = v;
      above[v] = u;
    }
  }
  const blockOf = new Int32Array(rank.length);
  const members: number[][] = [];
  for (const v of layers.flat()) {
    if (above[v] !== -1) continue;
    const block: number[] = [];
    for (let w = v; w !== -1; w = below[w] as number) {
      blockOf[w] = members.length;
      block.push(w);
    }
    members.push(block);
  }
  return { blockOf, members };
}

function firstBeyond(chosen: readonly (readonly [number, number])[], upper: number): number {
  let lo = 0;
  let hi = chosen.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((chosen[mid]?.[0] as number) < upper) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

interface Neighbours {
  readonly left: readonly (readonly { readonly block: number; readonly distance: number }[])[];
  readonly right: readonly (readonly { readonly block: number; readonly distance: number }[])[];
}

/** Blocks that stand beside each other in some layer, with the least distance of their centres. */
function blockNeighbours(graph: Layered, { blockOf, members }: Blocks, widthOf: (v: number) => number): Neighbours {
  const right: Map<number, number>[] = members.map(() => new Map());
  for (const layer of graph.layers) {
    for (let i = 0; i + 1 < layer.length; i++) {
      const [a, b] = [layer[i] as number, layer[i + 1] as number];
      const gap = a < graph.nodeCount && b < graph.nodeCount ? NODE_GAP : LINE_GAP;
      const distance = (widthOf(a) + widthOf(b)) / 2 + gap;
      const to = blockOf[b] as number;
      const known = right[blockOf[a] as number];
      known?.set(to, Math.max(known.get(to) ?? 0, distance));
    }
  }
  const left: { block: number; distance: number }[][] = members.map(() => []);
  right.forEach((all, from) => {
    for (const [block, distance] of all) left[block]?.push({ block: from, distance });
  });
  return { left, right: right.map((all) => Array.from(all, ([block, distance]) => ({ block, distance }))) };
}

/** Topological order of "stands left of"; chosen lines never cross, so it has no cycle. */
function leftToRight({ left, right }: Neighbours): number[] {
  const waiting = left.map((l) => l.length);
  const order = waiting.flatMap((n, b) => (n === 0 ? [b] : []));
  for (let i = 0; i < order.length; i++) {
    for (const { block } of right[order[i] as number] ?? []) {
      waiting[block] = (waiting[block] as number) - 1;
      if (waiting[block] === 0) order.push(block);
    }
  }
  return order;
}

/** For each block the other ends of its lines, one entry per line. */
function connections(graph: Layered, { blockOf, members }: Blocks): number[][] {
  const all: number[][] = members.map(() => []);
  graph.down.forEach((next, v) => {
    const a = blockOf[v] as number;
    for (const w of next) {
      const b = blockOf[w] as number;
      if (a === b) continue;
      all[a]?.push(b);
      all[b]?.push(a);
    }
  });
  return all;
}

function relax(
  x: Float64Array,
  order: readonly number[],
  neighbours: Neighbours,
  connected: readonly (readonly number[])[],
): void {
  const backward = [...order].reverse();
  for (let pass = 0; pass < 24; pass++) {
    let moved = 0;
    for (const b of pass % 2 === 0 ? backward : order) {
      const ends = connected[b] ?? [];
      if (ends.length === 0) continue;
      let lo = -Infinity;
      let hi = Infinity;
      for (const n of neighbours.left[b] ?? []) lo = Math.max(lo, (x[n.block] as number) + n.distance);
      for (const n of neighbours.right[b] ?? []) hi = Math.min(hi, (x[n.block] as number) - n.distance);
      const wish = medianOf(ends, x);
      const next = Math.max(lo, Math.min(hi, wish));
      moved = Math.max(moved, Math.abs(next - (x[b] as number)));
      x[b] = next;
    }
    if (moved < 0.5) return;
  }
}

function medianOf(ends: readonly number[], x: Float64Array): number {
  if (ends.length === 1) return x[ends[0] as number] as number;
  if (ends.length === 2) return ((x[ends[0] as number] as number) + (x[ends[1] as number] as number)) / 2;
  const values = ends.map((e) => x[e] as number).sort((a, b) => a - b);
  const half = values.length >> 1;
  const upper = values[half] as number;
  return values.length % 2 === 1 ? upper : (upper + (values[half - 1] as number)) / 2;
}
