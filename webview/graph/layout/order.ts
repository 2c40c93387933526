import { bucketBy, sortByKey } from './buckets.ts';
import { countCrossings, exchangeNeighbours } from './crossings.ts';
import type { Layered } from './layered.ts';

/** Vertices of each layer from left to right: those of layer r are `vertices[start[r]]` to `vertices[start[r + 1] - 1]`. */
export interface Layers {
  readonly start: Int32Array;
  readonly vertices: Int32Array;
  /** Of each vertex, counted from the left of its layer. */
  readonly position: Int32Array;
}

/** Passes after which nothing is tried any more, by the vertices of a level with its bends. */
const EFFORTS = [
  { atMost: 4000, starts: 4, passes: 24 },
  { atMost: 12_000, starts: 2, passes: 16 },
  { atMost: 40_000, starts: 1, passes: 8 },
  { atMost: Infinity, starts: 1, passes: 4 },
] as const;
/** Passes without success after which a start is given up. */
const IDLE_PASSES = 4;

/**
 * Sorts the vertices of every layer so that few lines cross: depth first in the order of the file, then passes that move
 * vertices to the mean or median of their neighbours and swap neighbours, as long as that helps. Small levels are sorted
 * from several starts.
 *
 * @param poll called often; throws when nobody waits for the result any more
 */
export function orderLayers(graph: Layered, poll: () => void): Layers {
  const { start, elements } = bucketBy(graph.rank, graph.layerCount);
  const layers: Layers = { start, vertices: elements, position: new Int32Array(graph.total) };
  const inFileOrder = layers.vertices.slice();
  let best = inFileOrder;
  let fewest = Infinity;
  const sweep = new Sweep(graph, layers, poll);
  const { starts, passes } = EFFORTS.find(({ atMost }) => graph.total <= atMost) ?? EFFORTS[EFFORTS.length - 1]!;
  for (let attempt = 0; attempt < starts && fewest > 0; attempt++) {
    layers.vertices.set(inFileOrder);
    depthFirst(graph, layers, attempt % 2 === 0 ? 'down' : 'up');
    number(layers);
    let before = Infinity;
    for (let pass = 0, idle = 0; pass <= passes && idle < IDLE_PASSES && fewest > 0; pass++, idle++) {
      if (pass > 0) {
        sweep.run({ pass: pass - 1, ties: attempt < 2 ? 'keep' : 'turn' });
        exchangeNeighbours(graph, layers, poll);
      }
      const crossings = countCrossings(graph, layers, poll);
      if (crossings < before) {
        before = crossings;
        idle = -1;
      }
      if (crossings >= fewest) continue;
      fewest = crossings;
      best = layers.vertices.slice();
    }
  }
  layers.vertices.set(best);
  number(layers);
  return layers;
}

/** Chains and branches start side by side. */
function depthFirst(graph: Layered, { start, vertices }: Layers, direction: 'down' | 'up'): void {
  const { rank, total, layerCount } = graph;
  const nextStart = direction === 'down' ? graph.downStart : graph.upStart;
  const next = direction === 'down' ? graph.down : graph.up;
  const seen = new Uint8Array(total);
  const filled = start.slice();
  const roots = vertices.slice();
  const stack = new Int32Array(total + next.length);
  for (let step = 0; step < layerCount; step++) {
    const layer = direction === 'down' ? step : layerCount - 1 - step;
    for (let i = start[layer]!; i < start[layer + 1]!; i++) {
      stack[0] = roots[i]!;
      for (let depth = 1; depth > 0; ) {
        const v = stack[--depth]!;
        if (seen[v] === 1) continue;
        seen[v] = 1;
        vertices[filled[rank[v]!]!++] = v;
        for (let n = nextStart[v + 1]! - 1; n >= nextStart[v]!; n--) stack[depth++] = next[n]!;
      }
    }
  }
}

function number({ start, vertices, position }: Layers): void {
  for (let r = 0; r + 1 < start.length; r++) {
    for (let i = start[r]!; i < start[r + 1]!; i++) position[vertices[i]!] = i - start[r]!;
  }
}

/** Passes over all layers, with the arrays they work in. */
class Sweep {
  readonly #graph: Layered;
  readonly #layers: Layers;
  readonly #key: Float64Array;
  readonly #movable: Int32Array;
  readonly #poll: () => void;

  constructor(graph: Layered, layers: Layers, poll: () => void) {
    this.#graph = graph;
    this.#layers = layers;
    this.#poll = poll;
    this.#key = new Float64Array(graph.total);
    this.#movable = new Int32Array(graph.total);
  }

  /** Down when even, up when odd; by mean, and every other pair of passes by median. */
  run({ pass, ties }: { readonly pass: number; readonly ties: 'keep' | 'turn' }): void {
    const { layerCount, upStart, up, downStart, down } = this.#graph;
    const downward = pass % 2 === 0;
    const [start, ends] = downward ? [upStart, up] : [downStart, down];
    const byMean = pass % 4 < 2;
    for (let step = 1; step < layerCount; step++) {
      this.#poll();
      const layer = downward ? step : layerCount - 1 - step;
      if (this.#layers.start[layer + 1]! - this.#layers.start[layer]! < 2) continue;
      for (let i = this.#layers.start[layer]!; i < this.#layers.start[layer + 1]!; i++) {
        const v = this.#layers.vertices[i]!;
        const many = start[v + 1]! - start[v]!;
        this.#key[v] = many > 2 && !byMean ? this.#median(ends, start[v]!, many) : this.#mean(ends, start[v]!, many);
      }
      this.#sort(layer, ties);
    }
  }

  /** Sorts those that have neighbours among the places they hold; others keep theirs. */
  #sort(layer: number, ties: 'keep' | 'turn'): void {
    const { start, vertices, position } = this.#layers;
    let count = 0;
    for (let i = start[layer]!; i < start[layer + 1]!; i++) {
      if (!Number.isNaN(this.#key[vertices[i]!]!)) this.#movable[count++] = vertices[i]!;
    }
    if (ties === 'turn') this.#movable.subarray(0, count).reverse();
    sortByKey(this.#movable, 0, count, this.#key);
    for (let i = start[layer]!, next = 0; i < start[layer + 1]!; i++) {
      if (!Number.isNaN(this.#key[vertices[i]!]!)) vertices[i] = this.#movable[next++]!;
      position[vertices[i]!] = i - start[layer]!;
    }
  }

  /** NaN of none. */
  #mean(ends: Int32Array, first: number, many: number): number {
    const { position } = this.#layers;
    let sum = 0;
    for (let n = first; n < first + many; n++) sum += position[ends[n]!]!;
    return sum / many;
  }

  #median(ends: Int32Array, first: number, many: number): number {
    const { position } = this.#layers;
    const sorted = new Float64Array(many);
    for (let n = 0; n < many; n++) sorted[n] = position[ends[first + n]!]!;
    return middleOf(sorted, many);
  }
}

/** The median of the first `count` elements, which are sorted; the mean of both middle ones of an even count. */
export function middleOf(values: Float64Array, count: number): number {
  if (count > 16) values.subarray(0, count).sort();
  else {
    for (let i = 1; i < count; i++) {
      const value = values[i]!;
      let j = i - 1;
      for (; j >= 0 && values[j]! > value; j--) values[j + 1] = values[j]!;
      values[j + 1] = value;
    }
  }
  const half = count >> 1;
  return count % 2 === 1 ? values[half]! : (values[half]! + values[half - 1]!) / 2;
}
