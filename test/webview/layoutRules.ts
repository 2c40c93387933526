import { expect } from 'vitest';
import type { LayoutInput, LayoutResult } from '../../webview/graph/layout/types.ts';

const ROW = 50;

/** Checks all that must hold of every layout. */
export function expectRules(input: LayoutInput, result: LayoutResult): void {
  const rows = itemsByRow(input, result);
  expectInside(input, result);
  expectNoOverlap(input, result, rows);
  expectLinesDown(input, result);
  expectLinesClear(input, result, rows);
}

/** Items lie in the picture, and in their frames at some distance from the border. */
function expectInside(input: LayoutInput, result: LayoutResult): void {
  for (let i = 0; i < input.count; i++) {
    const box = boxOf(result, i);
    const frame = input.parent[i] as number;
    const around = frame < 0 ? { left: 0, top: 0, right: result.width, bottom: result.height } : boxOf(result, frame);
    const header = frame < 0 ? 0 : (input.height[frame] as number);
    const apart = Math.min(box.left - around.left, around.right - box.right, around.bottom - box.bottom);
    if (apart < 8 || box.top - around.top - header < 8) throw new Error(`item ${i} leaves ${frame}`);
    if (input.isFrame[i] !== 1) {
      expect([result.itemWidth[i], result.itemHeight[i]]).toEqual([input.width[i], input.height[i]]);
    }
  }
}

function expectNoOverlap(input: LayoutInput, result: LayoutResult, rows: readonly (readonly number[])[]): void {
  let pairs = 0;
  for (const row of rows) {
    for (const frame of new Set(row.map((i) => input.parent[i]))) {
      const siblings = row.filter((i) => input.parent[i] === frame);
      siblings.sort((a, b) => boxOf(result, a).left - boxOf(result, b).left);
      for (let n = 0; n + 1 < siblings.length; n++) {
        const [a, b] = [siblings[n] as number, siblings[n + 1] as number];
        const [left, right] = [boxOf(result, a), boxOf(result, b)];
        const stacked = left.bottom <= right.top || right.bottom <= left.top;
        if (!stacked && right.left - left.right < 8) throw new Error(`items ${a} and ${b} are too near`);
        pairs++;
      }
    }
  }
  if (input.count > 100 && rows.length < 50) expect(pairs).toBeGreaterThan(0);
}

function expectLinesDown(input: LayoutInput, result: LayoutResult): void {
  for (let e = 0; e < input.edgeFrom.length; e++) {
    const [from, to] = [input.edgeFrom[e] as number, input.edgeTo[e] as number];
    const points = linePoints(result, e);
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) throw new Error(`edge ${from} -> ${to} has no points`);
    expectTouches(result, from, first, 'bottom');
    expectTouches(result, to, last, 'top');
    for (let p = 0; result.upward[e] === 0 && p + 1 < points.length; p++) {
      if ((points[p + 1]?.[1] as number) < (points[p]?.[1] as number)) throw new Error(`edge ${from} -> ${to} goes up`);
    }
  }
}

function expectTouches(result: LayoutResult, item: number, [x, y]: readonly [number, number], side: 'top' | 'bottom') {
  const box = boxOf(result, item);
  if (x < box.left || x > box.right || Math.abs(y - box[side]) > 1e-6) throw new Error(`a line misses item ${item}`);
}

/** Samples every line as it is drawn and looks for an item it runs through, or a frame it does not belong in. */
function expectLinesClear(input: LayoutInput, result: LayoutResult, rows: readonly (readonly number[])[]): void {
  let samples = 0;
  for (let e = 0; e < input.edgeFrom.length; e++) {
    const own = new Set([...around(input, input.edgeFrom[e] as number), ...around(input, input.edgeTo[e] as number)]);
    const points = linePoints(result, e);
    for (let p = 0; p + 1 < points.length; p++) {
      const [ax, ay] = points[p] as [number, number];
      const [bx, by] = points[p + 1] as [number, number];
      const steps = Math.min(60, Math.max(2, Math.ceil(Math.abs(by - ay) / 8)));
      for (let i = 0; i <= steps; i++) {
        const t = i / steps;
        const x = ax + (bx - ax) * (3 * t * t * (1 - t) + t * t * t);
        const y = ay + (by - ay) * (1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t ** 3);
        samples++;
        for (const v of rows[Math.floor(y / ROW)] ?? []) {
          const box = boxOf(result, v);
          if (own.has(v) || x <= box.left || x >= box.right || y <= box.top || y >= box.bottom) continue;
          throw new Error(`edge ${input.edgeFrom[e]} -> ${input.edgeTo[e]} runs through item ${v}`);
        }
      }
    }
  }
  if (input.edgeFrom.length > 0) expect(samples).toBeGreaterThan(0);
}

function around(input: LayoutInput, item: number): number[] {
  const found: number[] = [];
  for (let i = item; i >= 0; i = input.parent[i] as number) found.push(i);
  return found;
}

function itemsByRow(input: LayoutInput, result: LayoutResult): number[][] {
  const rows: number[][] = Array.from({ length: Math.ceil(result.height / ROW) + 1 }, () => []);
  for (let i = 0; i < input.count; i++) {
    const box = boxOf(result, i);
    for (let row = Math.floor(box.top / ROW); row <= Math.floor(box.bottom / ROW); row++) rows[row]?.push(i);
  }
  return rows;
}

export function linePoints({ points, pointStart }: LayoutResult, line: number): [number, number][] {
  const found: [number, number][] = [];
  for (let p = pointStart[line] as number; p < (pointStart[line + 1] as number); p++) {
    found.push([points[2 * p] as number, points[2 * p + 1] as number]);
  }
  return found;
}

export function boxOf({ x, y, itemWidth, itemHeight }: LayoutResult, item: number) {
  const half = (itemWidth[item] as number) / 2;
  return {
    left: (x[item] as number) - half,
    right: (x[item] as number) + half,
    top: y[item] as number,
    bottom: (y[item] as number) + (itemHeight[item] as number),
  };
}
