import { recordBorders } from './borders.ts';
import { buildLevel, type Progress } from './buildLevel.ts';
import { type LevelLayout, layoutLevel } from './layoutLevel.ts';
import { routeLines } from './routes.ts';
import { cutLines, findLevels } from './segments.ts';
import type { LayoutInput, LayoutResult } from './types.ts';

const MARGIN = 24;
/** Room between a frame's border and what it holds, in pixels. */
const PADDING = 20;

/** Thrown by a layout that nobody waits for any more. */
export class LayoutAborted extends Error {
  override readonly name = 'LayoutAborted';
}

/**
 * Lays items out in layers, top to bottom; what lies in a frame is laid out on its own, and the frame is one box among
 * those around it.
 *
 * The longest path of every part becomes one straight column, other chains are straight wherever nothing crosses them,
 * lines pass beside items and never behind them. The same input gives the same output. Whether a group is open or closed
 * changes no layer and no order outside of it. Where closed groups feed each other in a circle, some lines run upward.
 *
 * @returns positions in pixels at zoom 1
 * @throws LayoutAborted when `signal` is found aborted; it is read every few milliseconds
 */
export function layoutItems(input: LayoutInput, signal?: { readonly aborted: boolean }): LayoutResult {
  const poll = () => {
    if (signal?.aborted) throw new LayoutAborted('the layout was aborted');
  };
  const progress = begin(input);
  const layouts: (LevelLayout | undefined)[] = new Array(input.count + 1);
  for (let frame = input.count - 1; frame >= 0; frame--) {
    if (input.isFrame[frame] !== 1) continue;
    const layout = placeLevel(progress, frame, poll);
    progress.itemWidth[frame] = Math.max(input.width[frame]!, layout.width + 2 * PADDING);
    progress.itemHeight[frame] = input.height[frame]! + layout.height + 2 * PADDING;
    layouts[frame] = layout;
  }
  const whole = placeLevel(progress, input.count, poll);
  layouts[input.count] = whole;

  const { x, y, rank } = progress;
  const originX = new Float64Array(input.count + 1).fill(MARGIN);
  const originY = new Float64Array(input.count + 1).fill(MARGIN);
  for (let i = 0; i < input.count; i++) {
    const level = input.parent[i]! < 0 ? input.count : input.parent[i]!;
    x[i]! += originX[level]!;
    y[i]! += originY[level]!;
    const content = layouts[i];
    if (content === undefined) continue;
    originX[i] = x[i]! - content.width / 2;
    originY[i] = y[i]! + input.height[i]! + PADDING;
  }
  const { itemWidth, itemHeight } = progress;
  const { points, pointStart } = routeLines({ ...progress, layouts, originX, originY }, poll);
  const empty = input.count === 0;
  return {
    x,
    y,
    itemWidth,
    itemHeight,
    rank,
    width: empty ? 0 : whole.width + 2 * MARGIN,
    height: empty ? 0 : whole.height + 2 * MARGIN,
    points,
    pointStart,
    upward: upwardLines(progress),
  };
}

function upwardLines({ segments, upwardX }: Progress): Uint8Array {
  const upward = new Uint8Array(segments.lineStart.length - 1);
  for (let s = 0; s < segments.count; s++) if (!Number.isNaN(upwardX[s]!)) upward[segments.line[s]!] = 1;
  return upward;
}

function begin(input: LayoutInput): Progress {
  const levels = findLevels(input);
  const segments = cutLines(input, levels);
  const { group, groupCount } = numberGroups(input.edgeGroup);
  return {
    input,
    levels,
    segments,
    group,
    groupCount,
    itemWidth: input.width.slice(),
    itemHeight: input.height.slice(),
    x: new Float64Array(input.count),
    y: new Float64Array(input.count),
    rank: new Int32Array(input.count),
    crossing: new Float64Array(segments.count),
    weight: new Int32Array(segments.count),
    trackOffset: new Float64Array(segments.count),
    upwardX: new Float64Array(segments.count).fill(Number.NaN),
  };
}

/** Numbers groups from 0, whatever numbers they have. */
function numberGroups(edgeGroup: Int32Array): { readonly group: Int32Array; readonly groupCount: number } {
  const known = new Map<number, number>();
  const group = edgeGroup.map((g) => {
    const number = known.get(g) ?? known.size;
    known.set(g, number);
    return number;
  });
  return { group, groupCount: known.size };
}

/** Lays a level out and keeps where its items lie from the upper left corner of its content. */
function placeLevel(progress: Progress, level: number, poll: () => void): LevelLayout {
  poll();
  const built = buildLevel(progress, level);
  const layout = layoutLevel(built.graph, built.pairs, poll);
  const { children } = progress.levels;
  const first = children.start[level]!;
  const above = built.graph.entry < 0 ? 0 : 1;
  for (let n = first; n < children.start[level + 1]!; n++) {
    const item = children.elements[n]!;
    progress.x[item] = layout.x[n - first]!;
    progress.y[item] = layout.y[n - first]!;
    progress.rank[item] = layout.layered.rank[n - first]! - above;
  }
  recordBorders(progress, built, layout);
  return layout;
}
