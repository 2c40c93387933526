import type { Progress } from './buildLevel.ts';
import { inTrunk, type LevelLayout, trunkEnd, trunkX } from './layoutLevel.ts';
import { PointList } from './pointList.ts';
import { spreadPorts } from './ports.ts';
import { ENTRY, EXIT } from './segments.ts';

/** Lines that run upward leave and reach their layers so far below and above them, in pixels. */
const TURN = 10;

/** Everything in its final place, but for the lines. */
export interface PlacedLevels extends Progress {
  /** By level; undefined for items that are no frames. */
  readonly layouts: readonly (LevelLayout | undefined)[];
  /** Upper left corner of the content of each level. */
  readonly originX: Float64Array;
  readonly originY: Float64Array;
}

/** Points of all lines, from source to target. */
export function routeLines(placed: PlacedLevels, poll: () => void): Pick<PointList, 'points' | 'pointStart'> {
  const router = new Router(placed, poll);
  const list = new PointList(placed.input.edgeFrom.length);
  for (let e = 0; e < placed.input.edgeFrom.length; e++) {
    if (e % 4096 === 0) poll();
    router.route(e, list);
    list.endLine();
  }
  return list;
}

class Router {
  readonly #placed: PlacedLevels;
  readonly #outPort: Float64Array;
  readonly #inPort: Float64Array;

  constructor(placed: PlacedLevels, poll: () => void) {
    this.#placed = placed;
    const { input, group, groupCount, x, itemWidth: width } = placed;
    const lines = input.edgeFrom.length;
    const ahead = new Float64Array(lines);
    const behind = new Float64Array(lines);
    const each = new Int32Array(lines);
    for (let e = 0; e < lines; e++) {
      if (e % 4096 === 0) poll();
      each[e] = e;
      ahead[e] = this.#nextX(e);
      behind[e] = this.#previousX(e);
    }
    const bundles = { bundle: group, bundleCount: groupCount };
    const lonely = { bundle: each, bundleCount: lines };
    this.#outPort = spreadPorts({ item: input.edgeFrom, ...bundles, toward: ahead, x, width }, poll);
    this.#inPort = spreadPorts({ item: input.edgeTo, ...lonely, toward: behind, x, width }, poll);
  }

  route(e: number, list: PointList): void {
    const { input, segments, y, itemHeight } = this.#placed;
    const first = segments.lineStart[e]!;
    const end = segments.lineStart[e + 1]!;
    if (first === end) return;
    let at = this.#outPort[e]!;
    list.add(at, y[input.edgeFrom[e]!]! + itemHeight[input.edgeFrom[e]!]!);
    for (let s = first; s < end; s++) at = this.#routeSegment(s, at, list);
    list.add(this.#inPort[e]!, y[input.edgeTo[e]!]!);
  }

  /** Adds the points of a segment that begins at `at`, and returns where it ends. */
  #routeSegment(s: number, at: number, list: PointList): number {
    const { segments, originY, upwardX } = this.#placed;
    const level = segments.level[s]!;
    const layout = this.#layout(s);
    const { top, bottom } = layout;
    const { rank } = layout.layered;
    const [from, to] = [this.#source(s), this.#target(s)];
    const [upper, lower] = [rank[from]!, rank[to]!];
    const y = originY[level]!;
    if (!Number.isNaN(upwardX[s]!)) {
      const lane = this.#placed.originX[level]! + upwardX[s]!;
      const next = this.#arrival(s);
      list.add(at, y + bottom[upper]! + TURN);
      list.add(lane, y + bottom[upper]! + TURN);
      list.add(lane, y + top[lower]! - TURN);
      list.add(next, y + top[lower]! - TURN);
      return next;
    }
    let x = at;
    if (lower - upper > 1) {
      if (segments.from[s] !== ENTRY) list.add(x, y + bottom[upper]!);
      for (let r = upper + 1; r < lower; r++) {
        x = this.#trunkX(s, r);
        list.add(x, y + top[r]!);
        r = Math.min(trunkEnd(layout, from, r), lower - 1);
        list.add(x, y + bottom[r]!);
      }
    } else if (segments.from[s] === ENTRY) return x;
    if (segments.to[s] === EXIT) return x;
    const next = this.#arrival(s);
    list.add(x, y + bottom[lower - 1]!);
    list.add(next, y + top[lower]!);
    return next;
  }

  /** Where the line of a segment goes on right after it: in a trunk inside the target's frame, or at the last item. */
  #arrival(segment: number): number {
    const { segments } = this.#placed;
    const e = segments.line[segment]!;
    for (let s = segment + 1; s < segments.lineStart[e + 1]!; s++) {
      const x = this.#firstTrunkX(s);
      if (!Number.isNaN(x)) return x;
    }
    return this.#inPort[e]!;
  }

  /** Where a line goes first after its source, near enough to choose the side on which it leaves. */
  #nextX(e: number): number {
    const { input, segments, x, crossing } = this.#placed;
    for (let s = segments.lineStart[e]!; s < segments.lineStart[e + 1]!; s++) {
      const trunk = this.#firstTrunkX(s);
      if (!Number.isNaN(trunk)) return trunk;
      if (segments.to[s] === EXIT || s + 1 === segments.lineStart[e + 1]!) continue;
      return x[segments.level[s + 1]!]! + crossing[s + 1]!;
    }
    return x[input.edgeTo[e]!]!;
  }

  #previousX(e: number): number {
    const { input, segments, x, crossing } = this.#placed;
    for (let s = segments.lineStart[e + 1]! - 1; s >= segments.lineStart[e]!; s--) {
      if (!Number.isNaN(this.#firstTrunkX(s))) {
        const { rank } = this.#layout(s).layered;
        return Number.isNaN(this.#placed.upwardX[s]!)
          ? this.#trunkX(s, rank[this.#target(s)]! - 1)
          : this.#firstTrunkX(s);
      }
      if (segments.from[s] === ENTRY || s === segments.lineStart[e]!) continue;
      return x[segments.level[s - 1]!]! + crossing[s - 1]!;
    }
    return x[input.edgeFrom[e]!]!;
  }

  /** Where the trunk of a segment, or the column it runs up in, begins; NaN for one that has neither. */
  #firstTrunkX(s: number): number {
    const { segments, upwardX, originX } = this.#placed;
    const { layered } = this.#layout(s);
    if (!Number.isNaN(upwardX[s]!)) return originX[segments.level[s]!]! + upwardX[s]!;
    const from = this.#source(s);
    return inTrunk(layered, from, this.#target(s)) ? this.#trunkX(s, layered.rank[from]! + 1) : Number.NaN;
  }

  /** Where a segment passes layer `r`. */
  #trunkX(s: number, r: number): number {
    const { segments, originX, trackOffset } = this.#placed;
    return originX[segments.level[s]!]! + trunkX(this.#layout(s), this.#source(s), r) + trackOffset[s]!;
  }

  #layout(s: number): LevelLayout {
    return this.#placed.layouts[this.#placed.segments.level[s]!]!;
  }

  #source(s: number): number {
    const { from } = this.#placed.segments;
    return from[s] === ENTRY ? this.#layout(s).graph.entry : from[s]!;
  }

  #target(s: number): number {
    const { to } = this.#placed.segments;
    return to[s] === EXIT ? this.#layout(s).graph.exit : to[s]!;
  }
}
