import { sortByKey } from './buckets.ts';
import { buildLayered, type Layered } from './layered.ts';
import type { LevelGraph } from './levelGraph.ts';
import { orderLayers } from './order.ts';
import { placeVertices } from './place.ts';
import { assignRanks, type Ranks } from './rank.ts';

const LAYER_GAP = 44;
const LANE_GAP = 12;
const TRACK_GAP = 8;
/** A bundle of more tracks than fit into this width has narrower ones. */
const WIDEST_BUNDLE = 240;
/** An item beside a taller one is moved at most so far towards the middle of its layer. */
const MOST_LOWERED = 24;

/** Segments of a level, in the order of its pairs: those of pair p are `start[p]` to `start[p + 1] - 1`. */
export interface PairSegments {
  readonly start: Int32Array;
  /** Tensor of each segment, numbered from 0. */
  readonly group: Int32Array;
  readonly groupCount: number;
}

/** Positions in one level, from the upper left corner of its content. */
export interface LevelLayout {
  readonly graph: LevelGraph;
  readonly ranks: Ranks;
  readonly layered: Layered;
  /** Centres of all vertices, bends included. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Upper and lower side of each layer. */
  readonly top: Float64Array;
  readonly bottom: Float64Array;
  readonly laneX: Float64Array;
  /** Last layer to which a trunk runs straight down from each of its bends. */
  readonly straightTo: Int32Array;
  /** Of each segment, from the middle of the trunk it runs in. */
  readonly trackOffset: Float64Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Lays one level out in layers.
 *
 * @param poll called often; throws when nobody waits for the result any more
 */
export function layoutLevel(graph: LevelGraph, segments: PairSegments, poll: () => void): LevelLayout {
  const ranks = assignRanks(graph);
  poll();
  const layered = buildLayered(graph, ranks);
  poll();
  const tracks = assignTracks(graph, layered, segments);
  poll();
  const layers = orderLayers(layered, poll);
  const bendWidth = bendWidths(layered, tracks.count);
  poll();
  const x = placeVertices({ graph, ranks, layered, layers }, bendWidth, poll);
  const content = moveToLeft(graph, x, bendWidth);
  poll();
  const laneX = new Float64Array(layered.laneCount);
  for (let k = 0; k < laneX.length; k++) laneX[k] = content + LANE_GAP * (laneX.length - k);
  const { top, bottom, height } = layerBands(graph, layered, x);
  return {
    graph,
    ranks,
    layered,
    x,
    y: graph.height.map((itemHeight, v) => {
      const r = layered.rank[v]!;
      return top[r]! + Math.min(MOST_LOWERED, Math.floor((bottom[r]! - top[r]! - itemHeight) / 2));
    }),
    top,
    bottom,
    laneX,
    straightTo: straightRuns(layered, x),
    trackOffset: placeTracks({ graph, layered, x, segments, tracks }),
    width: content + LANE_GAP * (laneX.length > 0 ? laneX.length + 1 : 0),
    height,
  };
}

interface Tracks {
  /** Tensors in the trunk of each vertex. */
  readonly count: Int32Array;
  /** Track of each segment in its trunk, -1 for those between neighbouring layers. */
  readonly of: Int32Array;
}

/** Gives the tensors that run in one trunk tracks beside each other. */
function assignTracks(graph: LevelGraph, layered: Layered, segments: PairSegments): Tracks {
  const { vertexCount, pairStart, pairTo } = graph;
  const count = new Int32Array(vertexCount);
  const of = new Int32Array(segments.group.length).fill(-1);
  const owner = new Int32Array(segments.groupCount).fill(-1);
  const track = new Int32Array(segments.groupCount);
  for (let v = 0; v < vertexCount; v++) {
    for (let p = pairStart[v]!; p < pairStart[v + 1]!; p++) {
      if (!inTrunk(layered, v, pairTo[p]!)) continue;
      for (let s = segments.start[p]!; s < segments.start[p + 1]!; s++) {
        const group = segments.group[s]!;
        if (owner[group] !== v) {
          owner[group] = v;
          track[group] = count[v]!++;
        }
        of[s] = track[group]!;
      }
    }
  }
  return { count, of };
}

/** Whether the line from `from` down to `to` runs in the trunk of `from`. */
export function inTrunk({ rank }: Layered, from: number, to: number): boolean {
  return rank[to]! - rank[from]! > 1;
}

function trackGap(tracks: number, lane: number): number {
  if (lane >= 0) return LANE_GAP / (tracks + 1);
  return Math.min(TRACK_GAP, WIDEST_BUNDLE / tracks);
}

function bendWidths({ vertexCount, total, firstBend, bendCount }: Layered, trackCount: Int32Array): Float64Array {
  const widths = new Float64Array(total - vertexCount);
  for (let v = 0; v < vertexCount; v++) {
    const tracks = trackCount[v]!;
    if (tracks < 2 || bendCount[v] === 0) continue;
    const first = firstBend[v]! - vertexCount;
    widths.fill((tracks - 1) * trackGap(tracks, -1), first, first + bendCount[v]!);
  }
  return widths;
}

/** Moves everything so that it begins at 0, and gives its width. */
function moveToLeft({ vertexCount, entry, exit, width }: LevelGraph, x: Float64Array, bendWidth: Float64Array): number {
  let left = Infinity;
  let right = -Infinity;
  for (let v = 0; v < x.length; v++) {
    if (v === entry || v === exit) continue;
    const half = (v < vertexCount ? width[v]! : bendWidth[v - vertexCount]!) / 2;
    left = Math.min(left, x[v]! - half);
    right = Math.max(right, x[v]! + half);
  }
  if (left > right) return 0;
  for (let v = 0; v < x.length; v++) x[v]! -= left;
  return right - left;
}

function straightRuns({ vertexCount, total, rank, firstBend, bendCount }: Layered, x: Float64Array): Int32Array {
  const straightTo = new Int32Array(total);
  for (let v = 0; v < vertexCount; v++) {
    const last = firstBend[v]! + bendCount[v]! - 1;
    for (let bend = last; bend >= firstBend[v]!; bend--) {
      straightTo[bend] = bend < last && x[bend] === x[bend + 1] ? straightTo[bend + 1]! : rank[bend]!;
    }
  }
  return straightTo;
}

/** Upper and lower side of each layer; gaps grow where lines travel far, so that they do not lie flat. */
function layerBands(graph: LevelGraph, { rank, total, layerCount, downStart, down }: Layered, x: Float64Array) {
  const tallest = new Float64Array(layerCount);
  const farthest = new Float64Array(layerCount);
  for (let v = 0; v < total; v++) {
    const r = rank[v]!;
    if (v < graph.vertexCount) tallest[r] = Math.max(tallest[r]!, graph.height[v]!);
    for (let n = downStart[v]!; n < downStart[v + 1]!; n++) {
      farthest[r] = Math.max(farthest[r]!, Math.abs(x[v]! - x[down[n]!]!));
    }
  }
  const top = new Float64Array(layerCount);
  const bottom = new Float64Array(layerCount);
  const [first, last] = [graph.entry < 0 ? 0 : 1, layerCount - (graph.exit < 0 ? 1 : 2)];
  let y = 0;
  for (let r = 0; r < layerCount; r++) {
    top[r] = y;
    y += Math.ceil(tallest[r]!);
    bottom[r] = y;
    if (r < first || r >= last) continue;
    y += LAYER_GAP + Math.round(Math.min(72, Math.max(0, farthest[r]! - 240) * 0.05));
  }
  return { top, bottom, height: y };
}

interface TrackPlaces {
  readonly graph: LevelGraph;
  readonly layered: Layered;
  readonly x: Float64Array;
  readonly segments: PairSegments;
  readonly tracks: Tracks;
}

/** Sorts the tracks of every trunk so that those that leave it leave from its sides. */
function placeTracks({ graph, layered, x, segments, tracks }: TrackPlaces): Float64Array {
  const { vertexCount, pairStart, pairTo } = graph;
  const offsets = new Float64Array(segments.group.length);
  const key = new Float64Array(tracks.count.reduce((a, b) => Math.max(a, b), 0));
  const order = new Int32Array(key.length);
  const place = new Float64Array(key.length);
  for (let v = 0; v < vertexCount; v++) {
    const count = tracks.count[v]!;
    if (count < 2) continue;
    const [first, end] = [segments.start[pairStart[v]!]!, segments.start[pairStart[v + 1]!]!];
    key.fill(0, 0, count);
    for (let p = pairStart[v]!; p < pairStart[v + 1]!; p++) {
      const above = layered.rank[pairTo[p]!]! - layered.rank[v]! - 2;
      const bend = layered.lane[v]! >= 0 ? v : layered.firstBend[v]! + Math.max(0, above);
      const side = Math.sign(x[pairTo[p]!]! - x[bend]!) / (above + 3);
      for (let s = segments.start[p]!; s < segments.start[p + 1]!; s++) {
        const track = tracks.of[s]!;
        if (track >= 0 && Math.abs(side) > Math.abs(key[track]!)) key[track] = side;
      }
    }
    for (let k = 0; k < count; k++) order[k] = k;
    sortByKey(order, 0, count, key);
    const gap = trackGap(count, layered.lane[v]!);
    for (let k = 0; k < count; k++) place[order[k]!] = (k - (count - 1) / 2) * gap;
    for (let s = first; s < end; s++) if (tracks.of[s]! >= 0) offsets[s] = place[tracks.of[s]!]!;
  }
  return offsets;
}

/** Middle of the trunk of `from` in layer `r`, from the left of its level. */
export function trunkX({ layered, x, laneX }: LevelLayout, from: number, r: number): number {
  const lane = layered.lane[from]!;
  return lane >= 0 ? laneX[lane]! : x[bendIn(layered, from, r)]!;
}

/** Last layer to which the trunk of `from` runs straight down from layer `r`. */
export function trunkEnd({ layered, straightTo }: LevelLayout, from: number, r: number): number {
  return layered.lane[from]! >= 0 ? layered.layerCount - 1 : straightTo[bendIn(layered, from, r)]!;
}

function bendIn({ firstBend, rank }: Layered, from: number, r: number): number {
  return firstBend[from]! + r - rank[from]! - 1;
}
