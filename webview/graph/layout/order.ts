import type { Layered } from './trunks.ts';

/** Sorts the vertices of every layer in place so that few lines cross. */
export function orderLayers(graph: Layered): void {
  const { layers } = graph;
  const position = new Int32Array(graph.rank.length);
  initialOrder(graph);
  layers.forEach((layer) => {
    number(layer, position);
  });
  let best = layers.map((layer) => layer.slice());
  let fewest = countCrossings(graph, position);
  const passes = graph.rank.length > 40_000 ? 4 : graph.rank.length > 10_000 ? 8 : 16;
  for (let pass = 0, idle = 0; pass < passes && idle < 5 && fewest > 0; pass++, idle++) {
    sweep(graph, position, pass);
    exchangeNeighbours(graph, position);
    const crossings = countCrossings(graph, position);
    if (crossings < fewest) {
      fewest = crossings;
      best = layers.map((layer) => layer.slice());
      idle = 0;
    }
  }
  best.forEach((layer, i) => {
    layers[i] = layer;
  });
}

/** Depth first from the top, so that chains and branches start side by side. */
function initialOrder(graph: Layered): void {
  const { layers, down, rank } = graph;
  const seen = new Uint8Array(rank.length);
  const sorted: number[][] = layers.map(() => []);
  const roots = layers.flat();
  for (const root of roots) {
    const stack = [root];
    for (let v = stack.pop(); v !== undefined; v = stack.pop()) {
      if (seen[v] === 1) continue;
      seen[v] = 1;
      sorted[rank[v] as number]?.push(v);
      const next = down[v] ?? [];
      for (let i = next.length - 1; i >= 0; i--) stack.push(next[i] as number);
    }
  }
  sorted.forEach((layer, i) => {
    layers[i] = layer;
  });
}

/** One pass down (even) or up (odd); by mean, and every other pair of passes by median. */
function sweep(graph: Layered, position: Int32Array, pass: number): void {
  const { layers } = graph;
  const downward = pass % 2 === 0;
  const toward = downward ? graph.up : graph.down;
  const centre = pass % 4 < 2 ? mean : median;
  for (let step = 1; step < layers.length; step++) {
    const layer = layers[downward ? step : layers.length - 1 - step] ?? [];
    if (layer.length < 2) continue;
    const movable: { v: number; key: number; old: number }[] = [];
    for (const v of layer) {
      const neighbours = toward[v] ?? [];
      if (neighbours.length > 0) movable.push({ v, key: centre(neighbours, position), old: position[v] as number });
    }
    const slots = movable.map((m) => m.old);
    movable.sort((a, b) => a.key - b.key || a.old - b.old);
    movable.forEach((m, i) => {
      layer[slots[i] as number] = m.v;
    });
    number(layer, position);
  }
}

/** Swaps adjacent vertices wherever that removes crossings with both neighbouring layers. */
function exchangeNeighbours(graph: Layered, position: Int32Array): void {
  const { layers, up, down } = graph;
  for (const layer of layers) {
    if (layer.length > 400) continue;
    for (let i = 0; i + 1 < layer.length; i++) {
      const a = layer[i] as number;
      const b = layer[i + 1] as number;
      const before = pairCrossings(up, a, b, position) + pairCrossings(down, a, b, position);
      if (before === 0) continue;
      const after = pairCrossings(up, b, a, position) + pairCrossings(down, b, a, position);
      if (after >= before) continue;
      layer[i] = b;
      layer[i + 1] = a;
      position[b] = i;
      position[a] = i + 1;
    }
  }
}

function pairCrossings(
  adjacency: readonly (readonly number[])[],
  left: number,
  right: number,
  position: Int32Array,
): number {
  let crossings = 0;
  for (const u of adjacency[left] ?? []) {
    const p = position[u] as number;
    for (const w of adjacency[right] ?? []) if (p > (position[w] as number)) crossings++;
  }
  return crossings;
}

/** Crossings between all adjacent layers: inversions of the lines' lower ends, by a Fenwick tree. */
function countCrossings({ layers, down }: Layered, position: Int32Array): number {
  let crossings = 0;
  for (let i = 0; i + 1 < layers.length; i++) {
    const size = layers[i + 1]?.length ?? 0;
    if (size < 2 || (layers[i]?.length ?? 0) < 2) continue;
    const tree = new Int32Array(size + 1);
    let total = 0;
    for (const v of layers[i] ?? []) {
      const ends = down[v] ?? [];
      for (const w of ends) {
        let notBeyond = 0;
        for (let k = (position[w] as number) + 1; k > 0; k -= k & -k) notBeyond += tree[k] as number;
        crossings += total - notBeyond;
      }
      for (const w of ends) {
        for (let k = (position[w] as number) + 1; k <= size; k += k & -k) tree[k] = (tree[k] as number) + 1;
      }
      total += ends.length;
    }
  }
  return crossings;
}

function number(layer: readonly number[], position: Int32Array): void {
  for (let i = 0; i < layer.length; i++) position[layer[i] as number] = i;
}

function mean(neighbours: readonly number[], position: Int32Array): number {
  let sum = 0;
  for (const u of neighbours) sum += position[u] as number;
  return sum / neighbours.length;
}

function median(neighbours: readonly number[], position: Int32Array): number {
  if (neighbours.length < 3) return mean(neighbours, position);
  const sorted = neighbours.map((u) => position[u] as number).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] as number)) / 2;
}
