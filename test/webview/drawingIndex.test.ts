import { expect, test } from 'vitest';
import { boundsOf, buildBoxTree, Found, findInRect, type Rect } from '../../webview/graph/draw/boxTree.ts';
import { buildSceneIndex } from '../../webview/graph/draw/sceneIndex.ts';
import { fastest } from './graphs.ts';
import { pictureOf } from './pictures.ts';

/** Boxes of all sizes, some of them lines and points. */
function randomBoxes(count: number, seed: number): Float64Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const boxes = new Float64Array(4 * count);
  for (let i = 0; i < count; i++) {
    const [x, y, size] = [next() * 3000, next() * 90_000, next() ** 6 * 4000];
    boxes.set([x, y, x + (i % 3 === 0 ? 0 : size), y + (i % 5 === 0 ? 0 : size)], 4 * i);
  }
  return boxes;
}

function touching(boxes: Float64Array, r: Rect): number[] {
  const all = Array.from({ length: boxes.length / 4 }, (_, i) => i);
  return all.filter((i) => {
    const [left, top, right, bottom] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    return left <= r.right && right >= r.left && top <= r.bottom && bottom >= r.top;
  });
}

test('a tree finds exactly the boxes that touch a rectangle, whatever their number', () => {
  const found = new Found();
  let hits = 0;
  for (const count of [1, 2, 15, 16, 17, 256, 257, 3000]) {
    const boxes = randomBoxes(count, count);
    const tree = buildBoxTree(boxes);
    for (let k = 0; k < 40; k++) {
      const [left, top] = [(k * 397) % 3000, (k * 7919) % 90_000];
      const rect = { left, top, right: left + 40 * k, bottom: top + 300 * k };
      expect(findInRect(tree, rect, found)).toBe(true);
      const expected = touching(boxes, rect);
      expect(Array.from(found.items.subarray(0, found.count)).sort((a, b) => a - b)).toEqual(expected);
      hits += expected.length;
    }
    const bounds = boundsOf(tree);
    expect(bounds.bottom).toBe(boxes.reduce((most, v, i) => (i % 4 === 3 ? Math.max(most, v) : most), 0));
  }
  expect(hits).toBeGreaterThan(1000);
});

test('a tree of nothing finds nothing', () => {
  const found = new Found();
  expect(findInRect(buildBoxTree(new Float64Array(0)), { left: 0, top: 0, right: 9, bottom: 9 }, found)).toBe(true);
  expect(found.count).toBe(0);
});

test('a search stops at its limit', () => {
  const tree = buildBoxTree(randomBoxes(3000, 3));
  const found = new Found();
  const all = { left: -1e9, top: -1e9, right: 1e9, bottom: 1e9 };
  expect([findInRect(tree, all, found, 2999), found.count]).toEqual([false, 2999]);
  expect([findInRect(tree, all, found, 3000), found.count]).toEqual([true, 3000]);
});

test('what lines of one tensor share is one piece, the longest', () => {
  // Item 0 feeds 1, 2 and 3 through one trunk at x = 200; the lines part at different heights.
  const picture = pictureOf({
    boxes: [
      [0, 0, 100, 40],
      [150, 200, 100, 40],
      [150, 400, 100, 40],
      [150, 600, 100, 40],
    ],
    lines: [
      { from: 0, to: 1, points: [50, 40, 200, 80, 200, 160, 170, 200] },
      { from: 0, to: 2, points: [50, 40, 200, 80, 200, 360, 170, 400] },
      { from: 0, to: 3, points: [50, 40, 200, 80, 200, 560, 170, 600] },
      { from: 1, to: 2, points: [200, 240, 200, 400] },
    ],
  });
  const index = buildSceneIndex(picture);
  const pieces = Array.from(index.piecePoint, (p) => Array.from(picture.layout.points.subarray(2 * p, 2 * p + 4)));
  expect(pieces).toEqual([
    [50, 40, 200, 80],
    [200, 80, 200, 560],
    [200, 160, 170, 200],
    [200, 360, 170, 400],
    [200, 560, 170, 600],
    [200, 240, 200, 400],
  ]);
  expect(Array.from(index.pieceEdge)).toEqual([0, 2, 0, 1, 2, 3]);
  const found = new Found();
  findInRect(index.pieces, { left: 190, top: 500, right: 210, bottom: 510 }, found);
  expect(Array.from(found.items.subarray(0, found.count))).toEqual([1]);
  findInRect(index.items, { left: 120, top: 100, right: 160, bottom: 300 }, found);
  expect(Array.from(found.items.subarray(0, found.count))).toEqual([1]);
});

test('one tensor that feeds 20,000 nodes is indexed in linear time', () => {
  const count = 20_000;
  const picture = pictureOf({
    boxes: Array.from({ length: count + 1 }, (_, i) => [0, 100 * i, 100, 40]),
    lines: Array.from({ length: count }, (_, i) => ({
      from: 0,
      to: i + 1,
      points: [50, 40, 200, 80, 200, 100 * i + 90, 50, 100 * i + 100],
    })),
  });
  expect(buildSceneIndex(picture).piecePoint.length).toBe(count + 2);
  expect(fastest(() => buildSceneIndex(picture), 200)).toBeLessThan(1000);
});
