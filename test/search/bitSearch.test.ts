import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bits, BitUnit } from '../../src/search/bitModel.ts';
import { searchBits } from '../../src/search/bitSearch.ts';
import type { Measurement, Tried } from '../../src/search/trials.ts';

/** Units of so many elements that can have 2, 4 or 8 bits or stay float; 8 as the config has them. */
function unitsOf(elements: readonly number[]): BitUnit[] {
  return elements.map((n) => ({
    options: [8, 2, 4, 32].map((bits) => ({ bytes: (n * bits) / 8, noise: bits === 32 ? 0 : 4 ** -bits })),
    start: 0,
  }));
}

const bytesIn = (units: readonly BitUnit[], bits: Bits): number =>
  bits.reduce((sum, option, unit) => sum + (units[unit]?.options[option]?.bytes ?? 0), 0);

/** A toy whose loss is `lossOf`; every choice takes `overhead` bytes more than its options say. */
function toy(units: readonly BitUnit[], bytes: number, lossOf: (bits: Bits) => number, overhead = 0) {
  const tried: Tried<Bits>[] = [];
  const measure = async (bits: Bits, how: 'guide' | 'exact'): Promise<Measurement> => {
    const [loss, taken] = [lossOf(bits), bytesIn(units, bits) + overhead];
    const exact = how === 'exact' ? { loss, reached: taken <= bytes } : null;
    return { value: 1 - loss, guide: loss, bytes: taken, samples: 8, exact };
  };
  const run = (budget: number) => searchBits({ units, bytes, budget, measure, onTried: (t) => tried.push(t) });
  return { run, tried };
}

/** Losses that add up: each unit's noise by its weight. */
const noisy = (units: readonly BitUnit[], weights: readonly number[]) => (bits: Bits) =>
  bits.reduce((sum, option, unit) => sum + (weights[unit] ?? 0) * (units[unit]?.options[option]?.noise ?? 0), 0);

function bruteForce(units: readonly BitUnit[], bytes: number, lossOf: (bits: Bits) => number): number {
  let least = Number.POSITIVE_INFINITY;
  const choices = units.reduce<Bits[]>(
    (all, { options }) => all.flatMap((b) => options.map((_, o) => [...b, o])),
    [[]],
  );
  for (const bits of choices) if (bytesIn(units, bits) <= bytes) least = Math.min(least, lossOf(bits));
  return least;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });

test('keeps to the bytes, and loses no more than the best choice does with one unit less precise', async () => {
  const check = async (counts: number[], weights: number[], share: number) => {
    const units = unitsOf(counts.map((n) => 8 * n));
    const [least, most] = [
      bytesIn(
        units,
        counts.map(() => 1),
      ),
      bytesIn(
        units,
        counts.map(() => 3),
      ),
    ];
    const bytes = least + share * (most - least);
    const lossOf = noisy(units, weights);
    const { best, ended } = await toy(units, bytes, lossOf).run(3000);
    expect(ended).toBe('found');
    expect(best?.measured.exact?.reached).toBe(true);
    // Greedy by bytes may leave room that only a lighter choice of all units fills: never more than one unit's worth.
    const worth = Math.max(...weights.map((w) => w * 4 ** -2));
    expect(best?.measured.exact?.loss ?? Number.NaN).toBeLessThanOrEqual(bruteForce(units, bytes, lossOf) + worth);
  };
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 4, maxLength: 4 });
  await fc.assert(fc.asyncProperty(sizes, weights, fc.double({ min: 0, max: 1, noNaN: true }), check));
});

test('finds the best choice where all weights are as large', async () => {
  const check = async (weights: number[], halves: number) => {
    const units = unitsOf(weights.map(() => 64));
    const bytes =
      bytesIn(
        units,
        weights.map(() => 1),
      ) +
      16 * halves;
    const lossOf = noisy(units, weights);
    const { best } = await toy(units, bytes, lossOf).run(3000);
    expect(best?.measured.exact?.loss).toBeCloseTo(bruteForce(units, bytes, lossOf), 9);
  };
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 5 });
  await fc.assert(fc.asyncProperty(weights, fc.nat(6), check));
});

test('improves a choice that single options mislead to', async () => {
  const units = unitsOf([64, 64, 64, 64]);
  // Two bits in 0 or in 1 alone cost nothing; in both they cost all.
  const lossOf = (bits: Bits): number =>
    noisy(units, [1, 1, 10, 10])(bits) + (bits[0] === 1 && bits[1] === 1 ? 5 : 0) - (bits[0] === 1 ? 0.06 : 0);
  const bytes = 16 + 32 + 64 + 64;
  const { best, ended } = await toy(units, bytes, lossOf).run(500);
  expect(ended).toBe('found');
  expect(best?.measured.exact?.loss).toBeCloseTo(bruteForce(units, bytes, lossOf), 9);
});

test('gives bits up again where a choice takes more than expected', async () => {
  const units = unitsOf([64, 64, 64, 64]);
  const { best } = await toy(units, 180, noisy(units, [1, 2, 3, 4]), 20).run(300);
  expect(best?.measured.exact?.reached).toBe(true);
  expect(best?.measured.bytes).toBeLessThanOrEqual(180);
});

test('says that bytes are out of reach, with the fewest', async () => {
  const units = unitsOf([64, 64]);
  const { best, ended } = await toy(units, 31, noisy(units, [1, 1])).run(100);
  expect([ended, best?.candidate, best?.measured.bytes]).toEqual(['impossible', [1, 1], 32]);
});

test('keeps to its budget', async () => {
  const units = unitsOf(Array.from({ length: 30 }, (_, i) => 8 * (i + 1)));
  for (const budget of [1, 2, 3, 10, 80]) {
    const { run, tried } = toy(
      units,
      2000,
      noisy(
        units,
        Array.from({ length: 30 }, (_, i) => 1 + ((i * 7) % 30)),
      ),
    );
    const { best, ended } = await run(budget);
    expect([ended, tried.length]).toEqual(['budget', budget]);
    if (budget > 1) expect(best?.measured.exact?.reached).toBe(true);
  }
});
