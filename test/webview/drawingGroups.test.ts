import { expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { anchorOf } from '../../webview/graph/anchor.ts';
import { createTransition } from '../../webview/graph/draw/transition.ts';
import { Drawing } from '../../webview/graph/drawing.ts';
import { groupsAround, isOpen, withOpened, withToggled } from '../../webview/graph/openGroups.ts';
import { type Group, type Hierarchy, ItemKind } from '../../webview/graph/picture.ts';
import { PictureMaker } from '../../webview/graph/pictureMaker.ts';
import { measureCharacters, measureWith } from '../../webview/graph/text.ts';
import { mobileNet } from './fixtures.ts';

const group = (key: string, parent: number): Group => ({ key, parent, label: key, block: '', size: 3 });
const nested: Hierarchy = {
  groups: [group('a', -1), group('a/b', 0), group('a/b/c', 1), group('d', -1)],
  groupOfNode: Int32Array.from([2, 3]),
};

test('opening a group opens those around it; closing one leaves what is open inside for the next time', () => {
  expect(groupsAround(nested, 2)).toEqual([2, 1, 0]);
  expect(withOpened(nested, ['d'], 2).sort()).toEqual(['a', 'a/b', 'a/b/c', 'd']);
  expect(withToggled(nested, ['a', 'a/b'], 0)).toEqual(['a/b']);
  expect(withToggled(nested, ['a/b'], 0).sort()).toEqual(['a', 'a/b']);
  expect(isOpen(nested, new Set(['a', 'a/b']), 1)).toBe(true);
  expect(isOpen(nested, new Set(['a/b']), 1)).toBe(false);
});

const widths = measureCharacters((text) => text.length * 6);
const table = new GraphTable(encodeGraph(mobileNet()));
const maker = new PictureMaker();
const { hierarchy } = maker.load(table.buffer, widths);
const draw = (open: readonly string[]) => new Drawing({ table, hierarchy }, maker.draw(open), measureWith(widths));
const outer = hierarchy.groups.findIndex((g) => g.parent === -1 && g.label.includes('features.3'));
const closed = draw([]);
const opened = draw(withToggled(hierarchy, [], outer));
const everywhere = { left: -1e6, top: -1e6, right: 1e6, bottom: 1e6 };
const nodesIn = (drawing: Drawing) =>
  Array.from({ length: drawing.scene.count }, (_, i) => i).filter((i) => drawing.scene.kind[i] === ItemKind.node);

test('the group that was toggled stays on its place of the screen', () => {
  const shift = anchorOf(closed, opened, { toggled: outer, selected: null, rect: everywhere });
  const [card, frame] = [closed.itemOfGroup(outer) ?? -1, opened.itemOfGroup(outer) ?? -1];
  expect([closed.scene.kind[card], opened.scene.kind[frame]]).toEqual([ItemKind.group, ItemKind.frame]);
  expect(closed.rectOf(card).left + (shift?.x ?? 0)).toBeCloseTo(opened.rectOf(frame).left, 6);
  expect(closed.rectOf(card).top + (shift?.y ?? 0)).toBeCloseTo(opened.rectOf(frame).top, 6);
  const outOfSight = { left: 9e6, top: 9e6, right: 9.1e6, bottom: 9.1e6 };
  expect(anchorOf(closed, opened, { toggled: outer, selected: null, rect: outOfSight })).toBe(undefined);
});

test('items glide from where they were, those inside out of their group', () => {
  const shift = { x: 10, y: -20 };
  const way = createTransition(closed, opened, shift, everywhere);
  if (way === undefined) throw new Error('too much moves');
  way.moveTo(0);
  const card = closed.rectOf(closed.itemOfGroup(outer) ?? -1);
  const inside = nodesIn(opened).filter(
    (i) => !nodesIn(closed).some((c) => closed.scene.ref[c] === opened.scene.ref[i]),
  );
  expect(inside.length).toBeGreaterThan(0);
  for (const i of inside) {
    expect(way.after.rectOf(i).left).toBeCloseTo(card.left + shift.x, 6);
    expect(way.after.rectOf(i).top).toBeCloseTo(card.top + shift.y, 6);
    expect(way.isNew.has(i)).toBe(true);
  }
  expect(way.ghosts).toEqual([]);
  way.moveTo(1);
  for (const i of nodesIn(opened)) expect(way.after.rectOf(i)).toEqual(opened.rectOf(i));
});

test('what was inside a group that closes goes back into its card', () => {
  const way = createTransition(opened, closed, { x: 0, y: 0 }, everywhere);
  const card = closed.rectOf(closed.itemOfGroup(outer) ?? -1);
  const kinds = way?.ghosts.map(({ item }) => opened.scene.kind[item]) ?? [];
  expect(new Set(kinds)).toEqual(new Set([ItemKind.node, ItemKind.group]));
  for (const ghost of way?.ghosts ?? []) {
    expect(ghost.to).toEqual(card);
    expect(ghost.from).toEqual(opened.rectOf(ghost.item));
  }
});

test('a frame is found by its header, what is inside by itself', () => {
  const frame = opened.itemOfGroup(outer) ?? -1;
  const { left, top, right, bottom } = opened.rectOf(frame);
  expect(opened.itemAt(left + 5, top + 5)).toBe(frame);
  expect(opened.itemAt(right - 2, bottom - 2)).toBe(undefined);
  const inside = nodesIn(opened).find((i) => opened.scene.parent[i] === frame) ?? -1;
  const box = opened.rectOf(inside);
  expect(opened.itemAt((box.left + box.right) / 2, box.top + 4)).toBe(inside);
});
