import { expect, test } from 'vitest';
import { layoutItems } from '../../webview/graph/layout/layoutItems.ts';
import { chain, inception, layoutInput, random, residual, unet } from './graphs.ts';
import { type Groups, nestedGroups, withGroups } from './grouped.ts';
import { boxOf, expectRules, linePoints } from './layoutRules.ts';

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
