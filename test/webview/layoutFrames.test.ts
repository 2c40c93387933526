import { afterAll, expect, test } from 'vitest';
import { layoutItems } from '../../webview/graph/layout/layoutItems.ts';
import type { LayoutInput, LayoutResult } from '../../webview/graph/layout/types.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { chain, inception, layoutInput, random, residual, unet } from './graphs.ts';
import { type GroupedLayout, type Groups, nestedGroups, withGroups } from './grouped.ts';
import { expectRules, linePoints } from './layoutRules.ts';
import { showModel } from './shownModel.ts';

const all = ({ parent }: Groups) => new Set(parent.keys());

test('frames hold their items, and lines keep clear of everything on their way through borders', () => {
  for (const [flat, fan] of [
    [chain(100), 3],
    [residual(60), 4],
    [inception(20), 3],
    [unet(30), 3],
    [random(150, 6, 2), 4],
    [random(150, 100, 2), 5],
  ] as const) {
    for (let depth = 1; depth <= 3; depth++) {
      const groups = nestedGroups(flat.count, fan, depth);
      const { input } = withGroups(flat, groups, all(groups));
      expect(input.isFrame.includes(1)).toBe(true);
      expectRules(input, layoutItems(input));
    }
  }
});

test('random groups of random graphs, some open and some closed, keep every rule', () => {
  for (let seed = 1; seed <= 120; seed++) {
    const flat = random(10 + (seed % 60), 1 + (seed % 13), seed);
    const groups = nestedGroups(flat.count, 2 + (seed % 3), 1 + (seed % 3));
    const open = new Set([...all(groups)].filter((g) => (g * 7 + seed) % 3 !== 0));
    const { input } = withGroups(flat, groups, open);
    expectRules(input, layoutItems(input));
  }
});

test('groups that feed each other in a circle keep every rule, and lines that close it run upward', () => {
  let upward = 0;
  for (let seed = 1; seed <= 120; seed++) {
    const flat = random(8 + (seed % 50), 1 + (seed % 9), seed);
    const of = Array.from({ length: flat.count }, (_, i) => (i * (1 + (seed % 5))) % 4);
    const groups = { parent: [-1, -1, 0, 1], of };
    const open = new Set([0, 1, 2, 3].filter((g) => ((seed >> g) & 1) === 1));
    const { input } = withGroups(flat, groups, open);
    const result = layoutItems(input);
    expectRules(input, result);
    upward += result.upward.reduce((a, b) => a + b, 0);
  }
  expect(upward).toBeGreaterThan(100);
});

test('an empty frame is its header, and one narrower than its header keeps its width', () => {
  const plain = layoutInput(4, []);
  const input: LayoutInput = {
    ...plain,
    width: Float64Array.from([200, 100, 400, 100]),
    height: Float64Array.from([30, 40, 30, 40]),
    parent: Int32Array.from([-1, -1, -1, 2]),
    isFrame: Uint8Array.from([1, 0, 1, 0]),
  };
  const result = layoutItems(input);
  expectRules(input, result);
  expect([result.itemWidth[0], result.itemWidth[2]]).toEqual([200, 400]);
  expect(result.x[3]).toBe(result.x[2]);
});

test('a chain runs straight through open frames in frames', () => {
  const flat = chain(40);
  const groups = nestedGroups(40, 2, 3);
  const { input } = withGroups(flat, groups, all(groups));
  const result = layoutItems(input);
  const cards = Array.from({ length: input.count }, (_, i) => i).filter((i) => input.isFrame[i] === 0);
  expect(new Set(cards.map((i) => result.x[i])).size).toBe(1);
  for (let e = 0; e < input.edgeFrom.length; e++) expect(linePoints(result, e)).toHaveLength(2);
});

test('opening or closing a group changes no order, no layer and no inside elsewhere', () => {
  let compared = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const flat = random(20 + (seed % 60), 1 + (seed % 9), seed);
    const groups = nestedGroups(flat.count, 2 + (seed % 3), 1 + (seed % 3));
    compared += checkToggles(groups.parent.length, (open) => withGroups(flat, groups, open));
  }
  expect(compared).toBeGreaterThan(500);
});

describeWithShared('open and closed groups of real models', () => {
  test.each([
    'models/nlp/tfbert_qa_tiny.onnx',
    'models/nlp/gpt2_past_tiny.onnx',
    'models/ocr/ppocrv4_rec.onnx',
    'models/det/yolox_nano_416.onnx',
  ])('%s', async (path) => {
    const model = await showModel(sharedData(path));
    const everything = new Set(Array.from({ length: model.groupCount }, (_, g) => g));
    const { input } = model.withOpen(everything);
    expect(input.isFrame.includes(1)).toBe(true);
    expectRules(input, layoutItems(input));
    expectRules(model.withOpen(new Set()).input, layoutItems(model.withOpen(new Set()).input));
    expect(checkToggles(model.groupCount, model.withOpen)).toBeGreaterThan(model.groupCount > 10 ? 20 : 0);
  });
});

/** Most groups that are toggled one by one. */
const TOGGLES = 12;

/** Toggles groups while all others are open; returns in how many frames something was compared. */
function checkToggles(groupCount: number, show: (open: ReadonlySet<number>) => GroupedLayout): number {
  const everything = Array.from({ length: groupCount }, (_, g) => g);
  const before = show(new Set(everything));
  const opened = layoutItems(before.input);
  const linesBefore = linesInside(before);
  let compared = 0;
  const step = Math.ceil(groupCount / TOGGLES);
  for (let group = 0; group < groupCount; group += step) {
    const after = show(new Set(everything.filter((g) => g !== group)));
    const closed = layoutItems(after.input);
    const linesAfter = linesInside(after);
    const places = new Map(after.names.map((name, i) => [name, i]));
    const siblings = new Map<number, (readonly [number, number])[]>();
    before.names.forEach((name, i) => {
      const frame = before.input.parent[i] as number;
      const place = places.get(name);
      if (place === undefined) return;
      const known = siblings.get(frame) ?? [];
      siblings.set(frame, known);
      known.push([i, place]);
    });
    for (const [frame, both] of siblings) {
      const [was, is] = [both.map(([i]) => i), both.map(([, i]) => i)];
      expect(was.map((i) => opened.rank[i])).toEqual(is.map((i) => closed.rank[i]));
      expect(rows(opened, was)).toEqual(rows(closed, is));
      compared++;
      const now = places.get(before.names[frame] as string) ?? -1;
      if (frame < 0 || linesBefore[frame] !== linesAfter[now]) continue;
      expect(placesInside(opened, frame, was)).toEqual(placesInside(closed, now, is));
      placesCompared++;
    }
  }
  return compared;
}

let placesCompared = 0;
afterAll(() => expect(placesCompared).toBeGreaterThan(1000));

/** All lines that end in each frame, by names of what they touch in it. */
function linesInside({ input, names }: GroupedLayout): readonly string[] {
  const found: string[][] = names.map(() => []);
  const around = (item: number) => {
    const frames: number[] = [];
    for (let i = input.parent[item] as number; i >= 0; i = input.parent[i] as number) frames.push(i);
    return frames;
  };
  input.edgeFrom.forEach((from, e) => {
    const to = input.edgeTo[e] as number;
    const [out, into] = [around(from), around(to)];
    for (const frame of new Set([...out, ...into])) {
      const ends = [out.includes(frame) ? names[from] : '', into.includes(frame) ? names[to] : ''];
      found[frame]?.push(`${ends.join(' > ')} ${input.edgeGroup[e]}`);
    }
  });
  return found.map((lines) => lines.sort().join(';'));
}

/** Rounded to a thousandth of a pixel: sums of other positions differ in their last digits. */
function placesInside({ x, y }: LayoutResult, frame: number, items: readonly number[]): string[] {
  return items.map((i) => {
    const [dx, dy] = [(x[i] as number) - (x[frame] as number), (y[i] as number) - (y[frame] as number)];
    return `${dx.toFixed(3)} ${dy.toFixed(3)}`;
  });
}

/** Order from left to right in each layer, by place in `items`. */
function rows({ x, rank }: LayoutResult, items: readonly number[]): number[][] {
  const found: number[][] = [];
  items.forEach((item, n) => {
    found[rank[item] as number] ??= [];
    found[rank[item] as number]?.push(n);
  });
  for (const row of found) row?.sort((a, b) => (x[items[a] as number] as number) - (x[items[b] as number] as number));
  return found;
}
