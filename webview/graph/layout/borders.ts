import type { Level, Progress } from './buildLevel.ts';
import { inTrunk, type LevelLayout, trunkX } from './layoutLevel.ts';

/** Keeps what the levels around a level and the routes need of it: where its segments run and cross its border. */
export function recordBorders(progress: Progress, { graph, order, pairs }: Level, layout: LevelLayout): void {
  const { ranks, layered, laneX, trackOffset } = layout;
  const { upward, before, after } = ranks;
  const { pairFrom, pairTo, entry, exit } = graph;
  for (let p = 0; p < pairFrom.length; p++) {
    const [from, to] = [pairFrom[p]!, pairTo[p]!];
    const trunk = inTrunk(layered, from, to);
    for (let n = pairs.start[p]!; n < pairs.start[p + 1]!; n++) {
      const s = order[n]!;
      progress.trackOffset[s] = trackOffset[n]!;
      if (upward[p] === 1) progress.upwardX[s] = laneX[layered.upwardLane[p]!]!;
      if (from !== entry && to !== exit) continue;
      const joined = from === entry ? to : from;
      progress.weight[s] = trunk ? 0 : insideWeight(progress, s, 1 + before[joined]! + after[joined]!);
      const crosses = trunk
        ? trunkX(layout, from, to === exit ? layered.rank[to]! - 1 : layered.rank[from]! + 1) + trackOffset[n]!
        : layout.x[joined]! + insideCrossing(progress, s);
      progress.crossing[s] = crosses - layout.width / 2;
    }
  }
}

/** The segment of the same line in the frame that a segment joins with the border, -1 when it joins an item. */
function inside({ segments }: Progress, s: number): number {
  const e = segments.line[s]!;
  const next = segments.to[s]! < 0 ? s - 1 : s + 1;
  return next < segments.lineStart[e]! || next >= segments.lineStart[e + 1]! ? -1 : next;
}

function insideWeight(progress: Progress, s: number, through: number): number {
  const next = inside(progress, s);
  return next < 0 ? through : progress.weight[next] === 0 ? 0 : through + progress.weight[next]!;
}

function insideCrossing(progress: Progress, s: number): number {
  const next = inside(progress, s);
  return next < 0 ? 0 : progress.crossing[next]!;
}
