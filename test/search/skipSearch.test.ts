import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SkipSet, searchSkips } from '../../src/search/skipSearch.ts';
import type { Measurement, Tried } from '../../src/search/trials.ts';

/** What a set of skipped units loses on the first samples, and on all. */
type Loss = (set: SkipSet) => number;

/** A toy: a set reaches the goal where its loss on all samples is at most `goal`. */
function toy(units: number, exactLoss: Loss, goal: number, guideLoss: Loss = exactLoss) {
  const tried: Tried<SkipSet>[] = [];
  const measure = async (set: SkipSet, how: 'guide' | 'exact'): Promise<Measurement> => {
    const loss = exactLoss(set);
    const exact = how === 'exact' ? { loss, reached: loss <= goal } : null;
    return { value: 1 - loss, guide: guideLoss(set), bytes: 0, samples: how === 'exact' ? 32 : 8, exact };
  };
  const run = (budget: number, orders: readonly (readonly number[])[] = [[...Array(units).keys()]]) =>
    searchSkips({ units, orders, budget, measure, onTried: (t) => tried.push(t) });
  return { run, tried };
}

const additive =
  (losses: readonly number[]): Loss =>
  (set) =>
    losses.reduce((sum, loss, i) => sum + (set.has(i) ? 0 : loss), 0);

/** The size of the smallest set that reaches the goal, by trying all. */
function smallest(units: number, loss: Loss, goal: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let bits = 0; bits < 2 ** units; bits++) {
    const set = new Set([...Array(units).keys()].filter((i) => (bits >> i) % 2 === 1));
    if (set.size < least && loss(set) <= goal) least = set.size;
  }
  return least;
}

const integers = fc.array(fc.nat(50), { minLength: 1, maxLength: 7 });

test('finds a smallest set where losses add up', async () => {
  const check = async (losses: number[], share: number) => {
    const goal = share * losses.reduce((a, b) => a + b, 0);
    const { best, ended } = await toy(losses.length, additive(losses), goal).run(2000);
    expect(ended).toBe('found');
    expect(best?.measured.exact?.reached).toBe(true);
    expect(best?.candidate.size).toBe(smallest(losses.length, additive(losses), goal));
  };
  await fc.assert(fc.asyncProperty(integers, fc.double({ min: 0, max: 1, noNaN: true }), check));
});

test('what it finds reaches the goal and can do without none of its units, whatever the losses', async () => {
  const check = async (units: number, values: number[], share: number) => {
    const all = 2 ** units - 1;
    const lossOf = (set: SkipSet): number => {
      const bits = [...set].reduce((sum, i) => sum + 2 ** i, 0);
      return bits === all ? 0 : (values[bits % values.length] ?? 0);
    };
    const { best, ended } = await toy(units, lossOf, 50 * share).run(5000);
    expect(ended).toBe('found');
    const set = best?.candidate ?? new Set();
    expect(lossOf(set)).toBeLessThanOrEqual(50 * share);
    for (const unit of set) expect(lossOf(new Set([...set].filter((u) => u !== unit)))).toBeGreaterThan(50 * share);
  };
  const values = fc.array(fc.nat(100), { minLength: 1, maxLength: 64 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), values, fc.double({ min: 0, max: 1, noNaN: true }), check),
  );
});

test('exchanges a unit that an order puts first for two that do better together', async () => {
  // 0 wins most alone; 1 and 2 win nothing alone and all of it together, where 0 needs 3, 4 and 5 beside it.
  const loss: Loss = (set) => {
    if (set.has(1) && set.has(2)) return 0;
    return Math.max(0, 10 - (set.has(0) ? 4 : 0) - [3, 4, 5].filter((i) => set.has(i)).length * 2);
  };
  const { best, ended } = await toy(6, loss, 0).run(500);
  expect(ended).toBe('found');
  expect([...(best?.candidate ?? [])].sort()).toEqual([1, 2]);
});

test('finds the set where the first samples mislead a little', async () => {
  const losses = [9, 8, 7, 1, 1, 1, 1, 1, 1, 1];
  const guide: Loss = (set) => additive(losses.map((l, i) => l * (1 + 0.05 * (i % 3))))(set);
  const { best } = await toy(10, additive(losses), 8, guide).run(300);
  expect([...(best?.candidate ?? [])].sort()).toEqual([0, 1, 2]);
});

test('skips nothing where the goal is reached already', async () => {
  const { run, tried } = toy(3, additive([1, 1, 1]), 3);
  const { best, ended } = await run(10);
  expect([ended, best?.candidate.size, tried.length]).toEqual(['found', 0, 1]);
});

test('says that a goal is out of reach, with what comes nearest', async () => {
  const { best, ended } = await toy(3, (set) => 1 + additive([1, 1, 1])(set), 0.5).run(10);
  expect([ended, best?.candidate.size, best?.measured.exact?.reached]).toEqual(['impossible', 3, false]);
});

test('keeps to its budget and to the best it has', async () => {
  const losses = [...Array(40).keys()].map((i) => ((i * 17) % 40) + 1);
  for (const budget of [1, 2, 5, 20, 60]) {
    const { run, tried } = toy(40, additive(losses), 300);
    const { best, ended } = await run(budget);
    expect([ended, tried.length]).toEqual(['budget', budget]);
    if (budget > 1) expect(best?.measured.exact?.reached).toBe(true);
  }
});

test('measures no candidate twice in the same way, and tells each with its move', async () => {
  const losses = [5, 3, 3, 2, 2, 1, 1, 1];
  const { run, tried } = toy(8, additive(losses), 6, (set) => additive(losses)(set) / 2);
  const { ended } = await run(500);
  expect(ended).toBe('found');
  const keys = tried.map((t) => `${t.measured.exact === null} ${[...t.candidate].sort().join()}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(tried.map((t) => t.move))).toContain('rank');
  for (const { move, measured } of tried) expect(measured.exact !== null).toBe(move === 'verify');
});

test('a loss that is not a number is the worst of all', async () => {
  const loss: Loss = (set) => (set.size === 1 ? Number.NaN : additive([4, 3, 2])(set));
  const { best, ended } = await toy(3, loss, 4).run(100);
  expect([ended, best?.candidate.size]).toEqual(['found', 2]);
});

test('measures neighbours together where units are many, and comes close with a small budget', async () => {
  const losses = Array.from({ length: 300 }, (_, i) => (i >= 130 && i < 150 ? 10 : 0.05));
  const { run, tried } = toy(300, additive(losses), 20);
  const { best } = await run(150);
  expect(best?.measured.exact?.reached).toBe(true);
  expect(best?.candidate.size).toBeLessThanOrEqual(25);
  const ranked = tried.filter((t) => t.move === 'rank').map((t) => 300 - t.candidate.size);
  expect(Math.min(...ranked)).toBeGreaterThan(1);
  expect(ranked.reduce((a, b) => a + b, 0)).toBe(300);
});
