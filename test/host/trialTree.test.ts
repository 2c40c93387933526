import { expect, test } from 'vitest';
import { applyChange } from '../../src/config/changes.ts';
import {
  comparisonOf,
  isStoredTrials,
  type StoredTrials,
  viewOf,
  without,
  withResult,
} from '../../src/host/trials/trialTree.ts';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import { runView } from './runView.ts';

const TEXT = '[common_quant_param]\nquant_type=FULL_QUANT\n';
const [skipped, both] = [{ skip: ['a'] }, { skip: ['b'] }].map((_change, i, all) =>
  all.slice(0, i + 1).reduce(applyChange, TEXT),
) as [string, string];

function runWith(cosine: number, samples = 4) {
  const names = Array.from({ length: samples }, (_, i) => `${i}.png`);
  return runView({
    samples,
    outputs: [{ name: 'out', cosine, sqnrDb: 20 }],
    macs: { integer: 30, wide: 0, float: 10, cost: 0.5 },
    perSample: names.map((name) => ({ name, cosine })),
  });
}

/** A run of TEXT, then what was tried from what: texts. */
function treeOf(...steps: readonly (readonly [from: string, to: string])[]): StoredTrials {
  const root = { id: 'root', timeMs: 1, configText: TEXT, isRun: true, from: '', run: runWith(0.9) };
  return steps.reduce(
    (tree, [from, configText], i) =>
      withResult(
        tree,
        { id: `t${i}`, timeMs: 2 + i, configText, isRun: false, from, run: runWith(0.91 + i / 100) },
        50,
      ),
    withResult([], root, 50),
  );
}

test('a run is a root, a trial the child of what it was made from, with what it changed', () => {
  const tree = viewOf(treeOf([TEXT, skipped], [skipped, both]), both);
  expect(tree.trials.map(({ id, parent }) => [id, parent])).toEqual([
    ['root', null],
    ['t0', 'root'],
    ['t1', 't0'],
  ]);
  expect(tree.trials.map(({ change }) => change.skip ?? [])).toEqual([[], ['a'], ['b']]);
  expect(tree.current).toBe('t1');
  expect(tree.trials[0]).toMatchObject({ integerShare: 0.75, cost: 0.5, samples: 4 });
  expect(tree.trials[0]).not.toHaveProperty('configText');
});

test('the same text is the same trial: undo makes its parent current, and the next change a sibling', () => {
  const other = applyChange(TEXT, { overrides: { c: 'int16' } });
  const tree = treeOf([TEXT, skipped], [skipped, TEXT], [TEXT, other], [other, skipped]);
  expect(tree.map(({ id, parent }) => [id, parent])).toEqual([
    ['root', null],
    ['t0', 'root'],
    ['t2', 'root'],
  ]);
  expect(viewOf(tree, skipped).current).toBe('t0');
  expect(viewOf(tree, 'something else').current).toBeNull();
});

test('figures of fewer samples do not take the place of a run, and a run is compared over the samples of its trials', () => {
  const root = { id: 'root', timeMs: 1, configText: TEXT, isRun: true, from: '', run: runWith(0.9, 20) };
  const tree = withResult([], root, 50);
  const again = withResult(tree, { ...root, id: 'x', isRun: false, run: runWith(0.95, 8) }, 50);
  expect(again[0]).toMatchObject({ samples: 20, outputs: [{ cosine: 0.9 }] });
  const base = [{ name: 'out', cosine: 0.88, sqnrDb: 19 }];
  const tried = withResult(
    tree,
    { id: 't', timeMs: 2, configText: skipped, isRun: false, from: TEXT, run: runWith(0.93, 8), base },
    50,
  );
  expect(tried[0]).toMatchObject({ samples: 8, outputs: base });
});

test('what is deleted leaves its children to what it was made from', () => {
  const tree = without(treeOf([TEXT, skipped], [skipped, both]), new Set(['t0']));
  expect(tree.map(({ id, parent }) => [id, parent])).toEqual([
    ['root', null],
    ['t1', 'root'],
  ]);
  expect(tree[1]?.change.skip).toEqual(['a', 'b']);
  expect(without(tree, new Set(['root']))).toMatchObject([{ id: 't1', parent: null, change: {} }]);
});

test('the oldest go beyond the limit, but neither pinned ones nor what the new one was made from', () => {
  const text = (i: number) => applyChange(TEXT, { skip: [`n${i}`] });
  let tree = treeOf();
  for (let i = 0; i < 6; i++) {
    const result = { id: `n${i}`, timeMs: i, configText: text(i), isRun: false, from: TEXT, run: runWith(0.9) };
    tree = withResult(tree, result, 4);
    if (i === 0) tree = tree.map((trial) => ({ ...trial, pinned: trial.id === 'n0' }));
  }
  expect(tree.map(({ id }) => id)).toEqual(['root', 'n0', 'n4', 'n5']);
});

test('two trials are compared by what changed and sample by sample', () => {
  const tree = treeOf([TEXT, skipped]);
  const comparison = comparisonOf(tree, 't0', 'root');
  expect(comparison?.change).toMatchObject({ skip: [], unskip: ['a'] } satisfies ConfigChange);
  expect(comparison?.samples).toEqual([0, 1, 2, 3].map((i) => ({ name: `${i}.png`, a: 0.91, b: 0.9 })));
  expect(comparisonOf(tree, 'root', 'gone')).toBeNull();
});

test('only what this version writes is taken for a tree', () => {
  expect(isStoredTrials(treeOf([TEXT, skipped]))).toBe(true);
  expect(isStoredTrials([{ id: 'x' }])).toBe(false);
  expect(isStoredTrials({})).toBe(false);
});
