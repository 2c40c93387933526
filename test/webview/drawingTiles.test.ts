import { expect, test } from 'vitest';
import { drawFlat } from '../../webview/graph/draw/flat.ts';
import type { Pen } from '../../webview/graph/draw/pen.ts';
import { buildSceneIndex } from '../../webview/graph/draw/sceneIndex.ts';
import { type TileRegion, Tiles } from '../../webview/graph/draw/tiles.ts';
import { ItemKind } from '../../webview/graph/picture.ts';
import { pictureOf } from './pictures.ts';

/** Tiles whose image is the number of their drawing; each takes three steps. */
function recorder() {
  const log: TileRegion[] = [];
  const released: number[] = [];
  const tiles = new Tiles<number>({
    side: 100,
    *render(region) {
      yield;
      yield;
      log.push(region);
      return log.length - 1;
    },
    release: (image) => void released.push(image),
  });
  return { tiles, log, released };
}

const sight = (left: number, top: number, scale: number) => ({
  rect: { left, top, right: left + 150 / scale, bottom: top + 150 / scale },
  scale,
});
/** A clock that ticks once per question. */
const clock = () => {
  let now = 0;
  return () => now++;
};

test('tiles in sight are drawn in steps, then shown where they belong', () => {
  const { tiles, log } = recorder();
  expect(tiles.show(sight(0, 0, 0.5), 'steady')).toEqual([]);
  expect(tiles.work(0, () => 0)).toBe(true);
  expect(log.length).toBe(0);
  expect(tiles.work(100, clock())).toBe(false);
  expect(log.map((r) => [r.rect.left, r.rect.top])).toEqual([
    [0, 0],
    [200, 0],
    [0, 200],
    [200, 200],
  ]);
  expect(tiles.show(sight(0, 0, 0.5), 'steady')).toEqual([
    { image: 0, left: 0, top: 0, size: 200 },
    { image: 1, left: 200, top: 0, size: 200 },
    { image: 2, left: 0, top: 200, size: 200 },
    { image: 3, left: 200, top: 200, size: 200 },
  ]);
  tiles.show(sight(-50, 0, 0.5), 'steady');
  tiles.work(100, clock());
  expect(log.slice(4).map((r) => [r.rect.left, r.rect.top])).toEqual([
    [-200, 0],
    [-200, 200],
  ]);
});

test('while the zoom changes the old tiles stand in; at rest they are made for exactly this zoom', () => {
  const { tiles, log, released } = recorder();
  tiles.show(sight(0, 0, 0.5), 'steady');
  tiles.work(100, clock());
  expect(tiles.show(sight(0, 0, 0.6), 'moving').length).toBe(4);
  expect(tiles.work(100, clock())).toBe(false);
  expect(log.length).toBe(4);
  expect(tiles.show(sight(0, 0, 0.6), 'steady').map((t) => t.image)).toEqual([0, 1, 2, 3]);
  tiles.work(100, clock());
  expect(log.slice(4).every((r) => r.scale === 0.6)).toBe(true);
  expect(tiles.show(sight(0, 0, 0.6), 'steady').map((t) => t.image)).toEqual([4, 5, 6, 7]);
  expect(released).toEqual([0, 1, 2, 3]);
});

test('after a change of colours the old tiles are shown until each is drawn anew', () => {
  const { tiles, released } = recorder();
  tiles.show(sight(0, 0, 0.5), 'steady');
  tiles.work(100, clock());
  tiles.refresh();
  expect(tiles.show(sight(0, 0, 0.5), 'steady').map((t) => t.image)).toEqual([0, 1, 2, 3]);
  expect(tiles.work(100, clock())).toBe(false);
  expect(tiles.show(sight(0, 0, 0.5), 'steady').map((t) => t.image)).toEqual([4, 5, 6, 7]);
  expect(released).toEqual([0, 1, 2, 3]);
  tiles.clear();
  expect(tiles.show(sight(0, 0, 0.5), 'steady')).toEqual([]);
  expect(released.length).toBe(8);
});

test('memory stays bounded however far one pans', () => {
  const { tiles, log, released } = recorder();
  for (let y = 0; y < 40_000; y += 100) {
    tiles.show(sight(0, y, 0.5), 'steady');
    tiles.work(1000, clock());
  }
  tiles.show(sight(0, 39_900, 0.5), 'steady');
  expect(log.length).toBeGreaterThan(300);
  expect(log.length - released.length).toBeLessThan(40);
});

/** Writes down rectangles and paths. */
function pen() {
  const rects: [unknown, number, number, number, number][] = [];
  const path: string[] = [];
  const strokes = {
    fillStyle: '',
    fillRect: (...rect: [number, number, number, number]) => void rects.push([strokes.fillStyle, ...rect]),
    strokeRect: () => {},
    beginPath: () => {},
    moveTo: (x: number, y: number) => void path.push(`M${x} ${y}`),
    lineTo: (x: number, y: number) => void path.push(`L${x} ${y}`),
    bezierCurveTo: (...p: number[]) => void path.push(`C${p[4]} ${p[5]}`),
    stroke: () => {},
  };
  const g = strokes as unknown as Pen; // the part of it that flat drawing uses
  return { g, rects, path };
}

test('far away items are rectangles of at least a pixel, by colour, frames behind them; tiny pieces are left out', () => {
  const picture = pictureOf({
    boxes: [
      [0, 0, 400, 900],
      [10, 20, 100, 40],
      [10, 100, 100, 40],
      [10, 800, 100, 40],
    ],
    kinds: [ItemKind.frame, ItemKind.node, ItemKind.node, ItemKind.node],
    lines: [
      { from: 1, to: 2 },
      { from: 2, to: 3 },
      { from: 1, to: 3, points: [60, 60, 300, 780, 60, 800] },
    ],
  });
  const { g, rects, path } = pen();
  const region = { rect: { left: 0, top: 0, right: 400, bottom: 900 }, scaleX: 0.02, scaleY: 0.02 };
  const style = { edge: 'e', frame: 'f', frameLine: 'l', fills: ['a', 'b'], fillOf: Uint8Array.from([0, 1, 0, 1]) };
  const steps = drawFlat(g, { picture, index: buildSceneIndex(picture) }, region, style);
  while (steps.next().done !== true);
  expect(rects.slice(0, 2)).toEqual([
    ['f', 0, 0, 400, 900],
    ['a', 10, 100, 100, 50],
  ]);
  expect(rects.slice(2).sort((a, b) => a[2] - b[2])).toEqual([
    ['b', 10, 20, 100, 50],
    ['b', 10, 800, 100, 50],
  ]);
  expect(path).toEqual(expect.arrayContaining(['M60 60', 'C300 780', 'M60 140', 'L60 800']));
  expect(path).not.toContain('L60 100');
});
