import { expect, test } from 'vitest';
import { LayoutAborted, layoutItems } from '../../webview/graph/layout/layoutItems.ts';
import type { LayoutInput } from '../../webview/graph/layout/types.ts';
import { chain, dense, fastest, inception, layoutInput, oneFeedsAll, random, residual, unet, wide } from './graphs.ts';
import { expectRules } from './layoutRules.ts';

const CASES: readonly (readonly [string, LayoutInput])[] = [
  ['one item', layoutInput(1, [])],
  ['a chain of 5,000', chain(5000)],
  ['1,000 side by side', wide(1000)],
  ['333 residual blocks', residual(333)],
  ['110 inception blocks', inception(110)],
  ['one tensor that feeds 1,000 layers', oneFeedsAll(1000)],
  ['dense blocks', dense(20, 12)],
  ['a deep U', unet(60)],
  ['a U too deep for bends', unet(300)],
  ['a random graph of 1,000 with short lines', random(1000, 4, 7)],
  ['a random graph of 300 with long lines', random(300, 300, 3)],
  ['items without lines', layoutInput(12, [[3, 4]])],
];

test.each(CASES)('%s: no overlap, lines point down and pass no item', (_, input) => {
  expectRules(input, layoutItems(input));
});

test('small random graphs of many seeds keep every rule', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const input = random(3 + (seed % 40), 1 + (seed % 11), seed);
    expectRules(input, layoutItems(input));
  }
});

test('an empty graph has no size', () => {
  const result = layoutItems(layoutInput(0, []));
  expect([result.width, result.height, result.x.length, result.points.length]).toEqual([0, 0, 0, 0]);
});

test('chains and the spine of residual and U shapes are straight', () => {
  for (const [input, spine] of [
    [chain(5000), Array.from({ length: 5000 }, (_, i) => i)],
    [residual(40), Array.from({ length: 121 }, (_, i) => i)],
    [unet(20), Array.from({ length: 41 }, (_, i) => i)],
    [oneFeedsAll(200), Array.from({ length: 198 }, (_, i) => i + 2)],
  ] as const) {
    const { x } = layoutItems(input);
    expect(new Set(spine.map((v) => x[v])).size).toBe(1);
  }
});

test('every branch of an inception block is one straight column', () => {
  const { x } = layoutItems(inception(3));
  const [, , b1, b2, c1, c2, c3, d1, d2] = x;
  expect([b1, c1, c2, d1]).toEqual([b2, c2, c3, d2]);
});

test('a tree hanging on one consumer is drawn next to it', () => {
  // 0..9 a chain; 10 -> 11 -> 9 has nothing to do with its top
  const edges = Array.from({ length: 9 }, (_, i) => [i, i + 1] as [number, number]);
  const { rank } = layoutItems(layoutInput(12, [...edges, [10, 11], [11, 9]]));
  expect([rank[9], rank[11], rank[10]]).toEqual([9, 8, 7]);
});

test('tensors of one item that run far run beside each other and never across', () => {
  const edges = Array.from({ length: 9 }, (_, i) => [i, i + 1] as const);
  const plain = layoutInput(10, [...edges, [0, 5], [0, 7], [0, 9]]);
  const input = { ...plain, edgeGroup: Int32Array.from(plain.edgeFrom, (_, e) => e) };
  const result = layoutItems(input);
  expectRules(input, result);
  const runs = [9, 10, 11].map((e) => result.points[2 * ((result.pointStart[e] as number) + 2)]);
  expect(new Set(runs).size).toBe(3);
});

test('the same input gives the same bytes', () => {
  expect(layoutItems(random(400, 30, 5))).toEqual(layoutItems(random(400, 30, 5)));
});

test('a line that closes a cycle runs upward and breaks nothing', () => {
  const input = layoutInput(4, [
    [0, 1],
    [1, 2],
    [2, 1],
    [2, 3],
  ]);
  const result = layoutItems(input);
  expect(result.rank).toEqual(Int32Array.from([0, 1, 2, 3]));
  expect(result.upward).toEqual(Uint8Array.from([0, 0, 1, 0]));
  const ys = result.points.filter((_, i) => i % 2 === 1).slice(result.pointStart[2], result.pointStart[3]);
  expect(ys.at(-1)).toBe(result.y[1]);
  expect(ys[0]).toBe((result.y[2] as number) + 40);
});

test('a layout that nobody waits for stops', () => {
  let reads = 0;
  const signal = {
    get aborted() {
      return ++reads > 3;
    },
  };
  expect(() => layoutItems(random(2000, 50, 1), signal)).toThrow(LayoutAborted);
  expect(reads).toBe(4);
});

test.each([
  ['a wide graph', wide(10_000)],
  ['a deep one', chain(10_000)],
  ['a tangled one', random(10_000, 100, 1)],
])('an abort is looked for all the time: %s', (_, input) => {
  let [reads, last, most] = [0, performance.now(), 0];
  const signal = {
    get aborted() {
      const now = performance.now();
      most = Math.max(most, now - last);
      last = now;
      return ++reads < 0;
    },
  };
  const longest = Array.from({ length: 12 }, () => {
    last = performance.now();
    most = 0;
    layoutItems(input, signal);
    return most;
  });
  console.log(`longest without a look: ${Math.min(...longest).toFixed(1)} ms`);
  expect(reads / 12).toBeGreaterThan(20);
});

test('1,000 items take less than 200 ms', () => {
  const lines: string[] = [];
  for (const [name, input] of CASES) {
    const best = fastest(() => layoutItems(input), 200);
    lines.push(`${best.toFixed(1).padStart(8)} ms  ${name} (${input.count} items, ${input.edgeFrom.length} lines)`);
    if (input.count <= 1100) expect(best, name).toBeLessThan(200);
  }
  console.log(lines.join('\n'));
});
