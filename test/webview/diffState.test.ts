import { expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { compareGraphs, Status } from '../../webview/diff/compare.ts';
import { diffMarks, markOf } from '../../webview/diff/diffMarks.ts';
import { changesIn, differences, gainDb, ownNode } from '../../webview/diff/state.ts';
import { mobileNet, runOf } from './fixtures.ts';
import { inQdq } from './quantizedFixtures.ts';

const plain = mobileNet();
const [left, right] = [plain, inQdq(plain)].map((view) => new GraphTable(encodeGraph(view))) as [
  GraphTable,
  GraphTable,
];
const comparison = compareGraphs(left, right);

test('every node that differs is a row, those of the right graph alone stand where they lie', () => {
  const rows = differences(comparison);
  const count = (status: Uint8Array, wanted: number) => status.filter((s) => s === wanted).length;
  expect(rows.filter((r) => r.status === Status.changed).length).toBe(count(comparison.left, Status.changed));
  expect(rows.filter((r) => r.left === -1).length).toBe(count(comparison.right, Status.only));
  const rights = rows.map((r) => r.right).filter((r) => r >= 0);
  expect(rights).toEqual([...rights].sort((a, b) => a - b));
  const changed = rows.find((r) => r.status === Status.changed);
  expect(changed && changesIn({ left, right }, comparison, changed).map((c) => c.kind)).toContain('constant');
});

test('a node of the other side is found again on this one, a conversion is not', () => {
  const diff = { side: 'left', title: '', other: right, otherRun: null, comparison } as const;
  const conv = right.nodes.find((n) => n.opType === 'Conv');
  expect(left.nodeOf(ownNode(diff, left, conv?.id ?? -1) ?? -1)?.handle).toBe(conv?.handle);
  const conversion = right.nodes.find((n) => n.opType === 'QuantizeLinear');
  expect(ownNode(diff, left, conversion?.id ?? -1)).toBeUndefined();
});

test('a gain is that of the right side in dB; noise and two exact ones are none', () => {
  const figures = runOf(plain).nodes[2];
  if (figures === undefined) throw new Error('no figures');
  const of = (sqnrDb: number | null) => ({ ...figures, sqnrDb });
  expect(gainDb(of(20), of(23.5))).toBe(3.5);
  expect(gainDb(of(20), of(20.05))).toBe(0);
  expect(gainDb(of(Infinity), of(Infinity))).toBe(0);
  expect(gainDb(of(20), of(Infinity))).toBe(Infinity);
  expect(gainDb(of(20), of(null))).toBeUndefined();
  expect(gainDb(undefined, of(1))).toBeUndefined();
});

test('a node shows what became of it and how much it gained', () => {
  expect(markOf(Status.only, 'left', undefined)?.text).toBe('−');
  expect(markOf(Status.only, 'right', undefined)?.text).toBe('+');
  expect(markOf(Status.same, 'left', 0)).toBeUndefined();
  expect(markOf(Status.changed, 'left', undefined)).toEqual({ level: 2, text: '≠' });
  expect(markOf(Status.changed, 'left', -5)).toEqual({ level: 4, text: '≠ −5.0 dB' });
  expect(markOf(Status.same, 'right', 1.5)).toEqual({ level: 1, text: '+1.5 dB' });
});

test('marks of both sides are of one gain, that of the right side', () => {
  const run = runOf(plain);
  const better = { ...run, nodes: run.nodes.map((n) => ({ ...n, sqnrDb: n.sqnrDb === null ? null : n.sqnrDb + 5 })) };
  const same = compareGraphs(left, left);
  const half = { title: '', other: left, comparison: same };
  const ofLeft = diffMarks({ ...half, side: 'left', otherRun: better }, left, run);
  const ofRight = diffMarks({ ...half, side: 'right', otherRun: run }, left, better);
  expect([...ofLeft].map(([id, m]) => [id, m.text])).toEqual([...ofRight].map(([id, m]) => [id, m.text]));
  expect([...ofLeft.values()].every((m) => m.text === '+5.0 dB' && m.level === 0)).toBe(true);
  expect(ofLeft.size).toBe(run.nodes.filter((n) => n.sqnrDb !== null && Number.isFinite(n.sqnrDb)).length);
});
