import { sortByKey } from './buckets.ts';
import type { Layered } from './layered.ts';
import type { LevelGraph } from './levelGraph.ts';
import type { Layers } from './order.ts';
import type { Ranks } from './rank.ts';

/** Vertices that stand below each other so that the lines between them are straight. */
export interface Blocks {
  readonly count: number;
  readonly blockOf: Int32Array;
  /** Centre of each vertex from the middle of its block: lines meet frames beside their centres. */
  readonly shift: Float64Array;
}

export interface LevelParts {
  readonly graph: LevelGraph;
  readonly ranks: Ranks;
  readonly layered: Layered;
  readonly layers: Layers;
}

/** Chooses which lines are straight: the longest path first, then bends of one trunk, then the rest. */
export function alignBlocks(parts: LevelParts, poll: () => void): Blocks {
  const { layered, layers } = parts;
  const { total, downStart, down, layerCount } = layered;
  const lineBelow = new Int32Array(total).fill(-1);
  const hasAbove = new Uint8Array(total);
  const source = new Int32Array(down.length);
  const urgency = lineUrgencies(parts, source);
  const lines = new Int32Array(down.length);
  const chosen = new Chosen(total);
  for (let r = 0; r + 1 < layerCount; r++) {
    poll();
    let count = 0;
    for (let i = layers.start[r]!; i < layers.start[r + 1]!; i++) {
      const u = layers.vertices[i]!;
      for (let n = downStart[u]!; n < downStart[u + 1]!; n++) if (urgency[n]! < Infinity) lines[count++] = n;
    }
    sortByKey(lines, 0, count, urgency);
    chosen.clear();
    for (let i = 0; i < count; i++) {
      const u = source[lines[i]!]!;
      const v = down[lines[i]!]!;
      if (lineBelow[u] !== -1 || hasAbove[v] === 1) continue;
      if (!chosen.add(layers.position[u]!, layers.position[v]!)) continue;
      lineBelow[u] = lines[i]!;
      hasAbove[v] = 1;
    }
  }
  return collectBlocks(parts, lineBelow, hasAbove);
}

/** Rises as lines matter less; Infinity for those to the borders, which are straight anyway. Fills in the sources. */
function lineUrgencies({ graph, ranks, layered }: LevelParts, source: Int32Array): Float64Array {
  const { vertexCount, entry, exit } = graph;
  const { before, after } = ranks;
  const { total, downStart, down } = layered;
  let longest = 0;
  for (let v = 0; v < vertexCount; v++)
    if (v !== entry && v !== exit) longest = Math.max(longest, before[v]! + after[v]!);
  const urgency = new Float64Array(down.length);
  for (let u = 0; u < total; u++) {
    for (let n = downStart[u]!; n < downStart[u + 1]!; n++) {
      const v = down[n]!;
      source[n] = u;
      if (u === entry || v === exit) urgency[n] = Infinity;
      else if (u >= vertexCount && v >= vertexCount) urgency[n] = 1 - longest;
      else if (u >= vertexCount || v >= vertexCount) urgency[n] = 1;
      else {
        const through = before[u]! + 1 + after[v]!;
        urgency[n] = through >= longest ? -longest : -through + 1;
      }
    }
  }
  return urgency;
}

function collectBlocks({ graph, layered, layers }: LevelParts, lineBelow: Int32Array, hasAbove: Uint8Array): Blocks {
  const { down, downPair, total } = layered;
  const blockOf = new Int32Array(total);
  const shift = new Float64Array(total);
  let count = 0;
  for (const top of layers.vertices) {
    if (hasAbove[top] === 1) continue;
    blockOf[top] = count;
    for (let v = top, line = lineBelow[v]!; line !== -1; line = lineBelow[v]!) {
      const w = down[line]!;
      blockOf[w] = count;
      shift[w] = shift[v]! + portOffset(graph, downPair[line]!, v);
      v = w;
    }
    count++;
  }
  return { count, blockOf, shift };
}

/** How far right of the upper end's centre the lower end's centre is when the line between them is straight. */
export function portOffset({ vertexCount, pairOut, pairIn }: LevelGraph, pair: number, upper: number): number {
  if (pair < 0) return 0;
  return (upper < vertexCount ? pairOut[pair]! : 0) - pairIn[pair]!;
}

/** Lines between two layers that do not cross, from left to right. */
class Chosen {
  #count = 0;
  readonly #upper: Int32Array;
  readonly #lower: Int32Array;

  constructor(most: number) {
    this.#upper = new Int32Array(most);
    this.#lower = new Int32Array(most);
  }

  clear(): void {
    this.#count = 0;
  }

  /** Adds a line between two positions unless it crosses one that is chosen. */
  add(upper: number, lower: number): boolean {
    let at = 0;
    for (let end = this.#count; at < end; ) {
      const middle = (at + end) >> 1;
      if (this.#upper[middle]! < upper) at = middle + 1;
      else end = middle;
    }
    if (at > 0 && this.#lower[at - 1]! > lower) return false;
    if (at < this.#count && this.#lower[at]! < lower) return false;
    this.#upper.copyWithin(at + 1, at, this.#count);
    this.#lower.copyWithin(at + 1, at, this.#count);
    this.#upper[at] = upper;
    this.#lower[at] = lower;
    this.#count++;
    return true;
  }
}
