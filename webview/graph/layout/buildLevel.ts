import { bucketBy } from './buckets.ts';
import type { PairSegments } from './layoutLevel.ts';
import type { LevelGraph } from './levelGraph.ts';
import { ENTRY, EXIT, type Levels, type Segments } from './segments.ts';
import type { LayoutInput } from './types.ts';

/** What is known of all levels while they are laid out, inner ones before outer ones. */
export interface Progress {
  readonly input: LayoutInput;
  readonly levels: Levels;
  readonly segments: Segments;
  /** Tensor of each line, numbered from 0. */
  readonly group: Int32Array;
  readonly groupCount: number;
  /** Sizes of items; those of frames as soon as what they hold is laid out. */
  readonly itemWidth: Float64Array;
  readonly itemHeight: Float64Array;
  /** Centres, upper sides and layers of items; until all levels are laid out, from their level's upper left corner. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly rank: Int32Array;
  /** Where a segment crosses the border of its frame, from the frame's centre. */
  readonly crossing: Float64Array;
  /** Of a segment that crosses the border right at its item: how long the paths through that are; 0 in a trunk. */
  readonly weight: Int32Array;
  /** Of each segment: from the middle of its trunk, and the column it runs up in (NaN for those that run down). */
  readonly trackOffset: Float64Array;
  readonly upwardX: Float64Array;
}

export interface Level {
  readonly graph: LevelGraph;
  /** Segments in the order of the graph's pairs. */
  readonly order: Int32Array;
  readonly pairs: PairSegments;
}

/** Makes the graph of a level from the segments of its lines. */
export function buildLevel(progress: Progress, level: number): Level {
  const { children } = progress.levels;
  const first = children.start[level]!;
  const itemCount = children.start[level + 1]! - first;
  const ends = findEnds(progress.segments, level, itemCount);
  const { from, to, vertexCount } = ends;
  const width = new Float64Array(vertexCount);
  const height = new Float64Array(vertexCount);
  for (let v = 0; v < itemCount; v++) {
    width[v] = progress.itemWidth[children.elements[first + v]!]!;
    height[v] = progress.itemHeight[children.elements[first + v]!]!;
  }
  const byTarget = bucketBy(to, vertexCount).elements;
  const sorted = bucketBy(from, vertexCount, byTarget).elements;
  const pairs = findPairs({ from, to, sorted, vertexCount });

  const own = progress.segments.ofLevel;
  const order = sorted.map((n) => own.elements[own.start[level]! + n]!);
  const group = order.map((s) => progress.group[progress.segments.line[s]!]!);
  const ports = findPorts(progress, order, pairs.segmentStart);
  const { segmentStart, ...graph } = pairs;
  return {
    graph: { vertexCount, entry: ends.entry, exit: ends.exit, width, height, ...graph, ...ports },
    order,
    pairs: { start: segmentStart, group, groupCount: progress.groupCount },
  };
}

/** Vertices of the segments of a level, its borders numbered after its items. */
function findEnds({ ofLevel, from, to }: Segments, level: number, itemCount: number) {
  const segments = ofLevel.elements.subarray(ofLevel.start[level], ofLevel.start[level + 1]);
  const enters = segments.some((s) => from[s] === ENTRY);
  const leaves = segments.some((s) => to[s] === EXIT);
  const entry = enters ? itemCount : -1;
  const exit = leaves ? itemCount + (enters ? 1 : 0) : -1;
  return {
    from: segments.map((s) => (from[s] === ENTRY ? entry : from[s]!)),
    to: segments.map((s) => (to[s] === EXIT ? exit : to[s]!)),
    entry,
    exit,
    vertexCount: itemCount + (enters ? 1 : 0) + (leaves ? 1 : 0),
  };
}

interface SortedEnds {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly sorted: Int32Array;
  readonly vertexCount: number;
}

function findPairs({ from, to, sorted, vertexCount }: SortedEnds) {
  const pairStart = new Int32Array(vertexCount + 1);
  const pairFrom = new Int32Array(sorted.length);
  const pairTo = new Int32Array(sorted.length);
  const segmentStart = new Int32Array(sorted.length + 1);
  let count = 0;
  for (let n = 0; n < sorted.length; n++) {
    const u = from[sorted[n]!]!;
    const v = to[sorted[n]!]!;
    if (count > 0 && pairFrom[count - 1] === u && pairTo[count - 1] === v) continue;
    pairFrom[count] = u;
    pairTo[count] = v;
    segmentStart[count++] = n;
    pairStart[u + 1]!++;
  }
  segmentStart[count] = sorted.length;
  for (let v = 0; v < vertexCount; v++) pairStart[v + 1]! += pairStart[v]!;
  return {
    pairStart,
    pairFrom: pairFrom.subarray(0, count),
    pairTo: pairTo.subarray(0, count),
    segmentStart: segmentStart.subarray(0, count + 1),
  };
}

/** Where one line of each pair meets frames: of those that go straight to an item inside, that of the longest path. */
function findPorts({ crossing, weight, segments }: Progress, order: Int32Array, segmentStart: Int32Array) {
  const pairOut = new Float64Array(segmentStart.length - 1);
  const pairIn = new Float64Array(pairOut.length);
  for (let p = 0; p < pairOut.length; p++) {
    let chosen = order[segmentStart[p]!]!;
    let heaviest = weightOf(segments, weight, chosen);
    for (let n = segmentStart[p]! + 1; n < segmentStart[p + 1]!; n++) {
      const other = weightOf(segments, weight, order[n]!);
      if (other <= heaviest) continue;
      heaviest = other;
      chosen = order[n]!;
    }
    const e = segments.line[chosen]!;
    if (chosen > segments.lineStart[e]!) pairOut[p] = crossing[chosen - 1]!;
    if (chosen + 1 < segments.lineStart[e + 1]!) pairIn[p] = crossing[chosen + 1]!;
  }
  return { pairOut, pairIn };
}

/** Of both its ends; 0 when one is in a trunk. */
function weightOf({ line, lineStart }: Segments, weight: Int32Array, s: number): number {
  const e = line[s]!;
  const above = s === lineStart[e] ? 1 : weight[s - 1]!;
  const below = s + 1 === lineStart[e + 1] ? 1 : weight[s + 1]!;
  return above === 0 || below === 0 ? 0 : above + below;
}
