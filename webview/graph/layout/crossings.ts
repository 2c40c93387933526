import type { Layered } from './layered.ts';
import type { Layers } from './order.ts';

/** Neighbours of pairs of vertices that are compared at most to find out whether they should change places. */
const MOST_COMPARED = 1024;

/** Crossings between all neighbouring layers: inversions of the lines' lower ends, counted by a Fenwick tree. */
export function countCrossings(graph: Layered, { start, vertices, position }: Layers, poll: () => void): number {
  const { downStart, down, layerCount } = graph;
  let crossings = 0;
  const tree = new Int32Array(widest(start, layerCount) + 1);
  for (let r = 0; r + 1 < layerCount; r++) {
    poll();
    const size = start[r + 2]! - start[r + 1]!;
    if (size < 2 || start[r + 1]! - start[r]! < 2) continue;
    tree.fill(0, 0, size + 1);
    let total = 0;
    for (let i = start[r]!; i < start[r + 1]!; i++) {
      const first = downStart[vertices[i]!]!;
      const end = downStart[vertices[i]! + 1]!;
      for (let n = first; n < end; n++) {
        let notBeyond = 0;
        for (let k = position[down[n]!]! + 1; k > 0; k -= k & -k) notBeyond += tree[k]!;
        crossings += total - notBeyond;
      }
      for (let n = first; n < end; n++) for (let k = position[down[n]!]! + 1; k <= size; k += k & -k) tree[k]!++;
      total += end - first;
    }
  }
  return crossings;
}

/** Swaps neighbours in a layer wherever that removes crossings with the layers above and below. */
export function exchangeNeighbours(graph: Layered, layers: Layers, poll: () => void): void {
  const { start, vertices, position } = layers;
  for (let r = 0; r < graph.layerCount; r++) {
    poll();
    for (let i = start[r]!; i + 1 < start[r + 1]!; i++) {
      const a = vertices[i]!;
      const b = vertices[i + 1]!;
      const gain =
        gainOfSwap(graph.upStart, graph.up, a, b, position) + gainOfSwap(graph.downStart, graph.down, a, b, position);
      if (gain <= 0) continue;
      vertices[i] = b;
      vertices[i + 1] = a;
      position[b]!--;
      position[a]!++;
    }
  }
}

/** Crossings of lines of `a` with lines of `b`, right of it, less those there would be with both swapped. */
function gainOfSwap(start: Int32Array, ends: Int32Array, a: number, b: number, position: Int32Array): number {
  const endA = start[a + 1]!;
  const endB = start[b + 1]!;
  if ((endA - start[a]!) * (endB - start[b]!) > MOST_COMPARED) return 0;
  let gain = 0;
  for (let i = start[a]!; i < endA; i++) {
    const p = position[ends[i]!]!;
    for (let j = start[b]!; j < endB; j++) {
      const q = position[ends[j]!]!;
      if (p > q) gain++;
      else if (p < q) gain--;
    }
  }
  return gain;
}

function widest(start: Int32Array, layerCount: number): number {
  let most = 0;
  for (let r = 0; r < layerCount; r++) most = Math.max(most, start[r + 1]! - start[r]!);
  return most;
}
