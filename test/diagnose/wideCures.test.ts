import { expect, test } from 'vitest';
import { callsForWhole, tryWide, type WideCandidate, type WideGroup, widths } from '../../src/diagnose/wideCures.ts';
import type { NodeOverride } from '../../src/quant/overrides.ts';

const groups = Array.from({ length: 100 }, (_, i): WideGroup => ({ handles: [`n${i}`] }));
const wordsOf = (handle: string): NodeOverride =>
  handle === 'n0' ? { precision: 'int4', method: 'KL' } : handle === 'n1' ? { weightBits: 3 } : {};

async function tried(
  gainOf: (candidate: WideCandidate) => number | undefined,
  canCorrect = true,
): Promise<WideCandidate[]> {
  const all: WideCandidate[] = [];
  await tryWide({ groups, wordsOf, canCorrect }, 1, async (candidate) => {
    all.push(candidate);
    return gainOf(candidate);
  });
  return all;
}

const named = (all: readonly WideCandidate[]): string[] =>
  all.map(({ kind, nodes }) => `${nodes}${kind === 'worst:16' ? '' : '+'}`);

test('As many as there are, then powers of two: one more for each doubling', () => {
  expect(widths(100)).toEqual([100, 64, 32, 16, 8]);
  expect([widths(0), widths(3), widths(8), widths(9)]).toEqual([[], [3], [8], [9, 8]]);
  expect(widths(10_000)).toHaveLength(12);
});

test('Single cures do where they leave a quarter of the loss or less', () => {
  expect([callsForWhole(0.75, 1), callsForWhole(0.74, 1), callsForWhole(0, 0)]).toEqual([false, true, false]);
});

test('What helps nowhere is tried once, on all', async () => {
  expect(named(await tried(() => 0.005))).toEqual(['100', '100+']);
  expect(named(await tried(() => undefined))).toEqual(['100', '100+']);
});

test('Each row ends at the first that wins less than half of the best', async () => {
  const all = await tried(({ kind, nodes }) => (nodes / 100) * (kind === 'worst:16' ? 0.6 : 1));
  expect(named(all)).toEqual(['100', '100+', '64', '64+', '32+']);
});

test('Corrected biases that add nothing are not tried again, nor where the config or the target has none', async () => {
  expect(named(await tried(() => 0.9))).toEqual(['100', '100+', '64', '32', '16', '8']);
  expect(named(await tried(() => 0.9, false))).toEqual(['100', '64', '32', '16', '8']);
});

test('The worst get 16 bits, what else is said of them stays, also the bits of their weights', async () => {
  const all = await tried(() => 0.9);
  const { change } = all.at(-1) as WideCandidate;
  expect(Object.keys(change.overrides ?? {})).toEqual(groups.slice(0, 8).map((g) => g.handles[0]));
  expect([change.overrides?.n0, change.overrides?.n1, change.overrides?.n2]).toEqual([
    'int16+KL+w4',
    'int16+w3',
    'int16',
  ]);
  expect(all[1]?.change.settings).toEqual([{ section: 'full_quant_param', key: 'bias_correction', value: 'true' }]);
});
