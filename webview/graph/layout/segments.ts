import { type Buckets, bucketBy } from './buckets.ts';
import type { LayoutInput } from './types.ts';

/** Stands for the upper border of a frame, where a line comes in, until the frame's vertices are counted. */
export const ENTRY = -1;
/** Stands for the lower border of a frame. */
export const EXIT = -2;

/**
 * Lines cut at the borders of frames. A segment lies in one level (a frame's index, or the number of items for what
 * lies in none) and joins two of its vertices.
 */
export interface Segments {
  readonly count: number;
  /** Segments of line e, from its source to its target: `lineStart[e]` to `lineStart[e + 1] - 1`. */
  readonly lineStart: Int32Array;
  readonly line: Int32Array;
  readonly level: Int32Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly ofLevel: Buckets;
}

/** What the levels hold. */
export interface Levels {
  /** Items by the level they lie in. */
  readonly children: Buckets;
  /** Number of each item among those of its level. */
  readonly local: Int32Array;
  readonly depth: Int32Array;
}

export function findLevels({ count, parent }: LayoutInput): Levels {
  const level = new Int32Array(count);
  const depth = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    level[i] = parent[i]! < 0 ? count : parent[i]!;
    depth[i] = parent[i]! < 0 ? 0 : depth[parent[i]!]! + 1;
  }
  const children = bucketBy(level, count + 1);
  const local = new Int32Array(count);
  for (let n = 0; n < count; n++) local[children.elements[n]!] = n - children.start[level[children.elements[n]!]!]!;
  return { children, local, depth };
}

export function cutLines(input: LayoutInput, { local, depth }: Levels): Segments {
  const { count: items, parent, edgeFrom, edgeTo } = input;
  const lines = edgeFrom.length;
  const lineStart = new Int32Array(lines + 1);
  const meeting = new Int32Array(lines);
  for (let e = 0; e < lines; e++) {
    const common = commonFrame(parent, depth, edgeFrom[e]!, edgeTo[e]!);
    const commonDepth = common < 0 ? 0 : depth[common]! + 1;
    meeting[e] = common;
    const levels = depth[edgeFrom[e]!]! + depth[edgeTo[e]!]! - 2 * commonDepth + 1;
    lineStart[e + 1] = lineStart[e]! + (edgeFrom[e] === edgeTo[e] ? 0 : levels);
  }
  const count = lineStart[lines]!;
  const line = new Int32Array(count);
  const level = new Int32Array(count);
  const from = new Int32Array(count);
  const to = new Int32Array(count);
  for (let e = 0; e < lines; e++) {
    let s = lineStart[e]!;
    if (s === lineStart[e + 1]) continue;
    line.fill(e, s, lineStart[e + 1]!);
    let source = edgeFrom[e]!;
    for (; parent[source] !== meeting[e]; source = parent[source]!, s++) {
      level[s] = parent[source]!;
      from[s] = local[source]!;
      to[s] = EXIT;
    }
    const middle = s;
    s = lineStart[e + 1]! - 1;
    let target = edgeTo[e]!;
    for (; parent[target] !== meeting[e]; target = parent[target]!, s--) {
      level[s] = parent[target]!;
      from[s] = ENTRY;
      to[s] = local[target]!;
    }
    level[middle] = meeting[e]! < 0 ? items : meeting[e]!;
    from[middle] = local[source]!;
    to[middle] = local[target]!;
  }
  return { count, lineStart, line, level, from, to, ofLevel: bucketBy(level, items + 1) };
}

/** The innermost frame that holds both items, -1 for none. */
function commonFrame(parent: Int32Array, depth: Int32Array, a: number, b: number): number {
  let x = a;
  let y = b;
  while (parent[x] !== parent[y]) {
    if (depth[x]! >= depth[y]!) x = parent[x]!;
    else y = parent[y]!;
  }
  return parent[x]!;
}
