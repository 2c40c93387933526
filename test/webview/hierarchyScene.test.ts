import { describe, expect, test } from 'vitest';
import { buildHierarchy } from '../../webview/graph/hierarchy/hierarchy.ts';
import { layoutItems } from '../../webview/graph/layout/layoutItems.ts';
import { type Hierarchy, ItemKind, type Scene } from '../../webview/graph/picture.ts';
import { buildScene, toLayoutInput } from '../../webview/graph/scene.ts';
import { GraphWriter, randomGraph, transformer } from './hierarchyGraphs.ts';

const measure = (text: string) => text.length * 6;

/** input → Split (a) → Relu, Tanh (a) → Add (b) → Mul (b), which also reads a Constant node → output */
function twoGroups() {
  const g = new GraphWriter();
  const x = g.node('Split', [g.input()], '/a/split');
  const [left, right] = [g.node('Relu', [x], '/a/relu'), g.node('Tanh', [x], '/a/tanh')];
  const factor = g.node('Constant', []);
  const sum = g.node('Add', [left, right], '/b/add');
  g.output(g.node('Mul', [sum, factor], '/b/mul'));
  const table = g.table();
  return { table, hierarchy: buildHierarchy(table, 'names') };
}

function sceneOf(open: readonly string[]): Scene {
  return buildScene({ ...twoGroups(), open: new Set(open) }, measure);
}

const NAMES = Object.fromEntries(Object.entries(ItemKind).map(([name, kind]) => [kind, name]));
const kindsOf = ({ kind }: Scene) => Array.from(kind, (k) => NAMES[k]);
const linesOf = ({ edgeFrom, edgeTo, edgeMore }: Scene) =>
  Array.from(edgeFrom, (from, e) => [from, edgeTo[e], edgeMore[e]]);

describe('a scene of groups', () => {
  test('shows closed groups as items, and several tensors between them as one line', () => {
    const scene = sceneOf([]);
    expect(kindsOf(scene)).toEqual(['input', 'group', 'group', 'output']);
    expect(linesOf(scene)).toEqual([
      [0, 1, 0],
      [1, 2, 1],
      [2, 3, 0],
    ]);
    expect([...scene.itemOfNode]).toEqual([1, 1, 1, 2, 2, 2]);
  });

  test('shows open groups as frames before what they hold', () => {
    const scene = sceneOf(['/b']);
    expect(kindsOf(scene)).toEqual(['input', 'group', 'frame', 'node', 'node', 'output']);
    expect([...scene.parent]).toEqual([-1, -1, -1, 2, 2, -1]);
    expect(linesOf(scene)).toEqual([
      [0, 1, 0],
      [1, 3, 1],
      [3, 4, 0],
      [4, 5, 0],
    ]);
    expect([...scene.itemOfNode]).toEqual([1, 1, 1, 4, 3, 4]);
  });

  test('shows every node but constants when all groups are open, and lines between nodes and no frames', () => {
    const scene = sceneOf(['/a', '/b']);
    expect(kindsOf(scene)).toEqual(['input', 'frame', 'node', 'node', 'node', 'frame', 'node', 'node', 'output']);
    expect(scene.edgeMore.every((more) => more === 0)).toBe(true);
    const frames = new Set([1, 5]);
    expect(linesOf(scene).some(([from, to]) => frames.has(from ?? -1) || frames.has(to ?? -1))).toBe(false);
  });

  test('counts a tensor once that several nodes of a closed group read', () => {
    const g = new GraphWriter();
    const x = g.node('Relu', [g.input()]);
    const parts = ['/a/1', '/a/2', '/a/3'].map((name) => g.node('Relu', [x], name));
    let y = g.node('Sum', parts, '/a/sum');
    for (const name of ['/b/1', '/b/2', '/b/3', '/b/4']) y = g.node('Relu', [y], name);
    g.output(y);
    const table = g.table();
    const scene = buildScene({ table, hierarchy: buildHierarchy(table, 'names'), open: new Set() }, measure);
    const group = scene.kind.indexOf(ItemKind.group);
    expect(linesOf(scene).filter(([, to]) => to === group)).toEqual([[1, group, 0]]);
  });

  test('keeps a closed group closed whose inner groups are open', () => {
    const table = transformer(2);
    const hierarchy = buildHierarchy(table);
    const inner = hierarchy.groups.filter(({ parent }) => parent >= 0).map(({ key }) => key);
    const scene = buildScene({ table, hierarchy, open: new Set(inner) }, measure);
    expect(scene.kind.includes(ItemKind.frame)).toBe(false);
    expect(scene).toEqual(buildScene({ table, hierarchy, open: new Set() }, measure));
  });

  test.each([1, 2, 3, 4, 5, 6])('has no line that runs upward, whichever groups are open: %s', (seed) => {
    const table = randomGraph(600, 20, seed, (i) => `/a${i % 3}/b${Math.floor(i / 30)}/x`);
    const hierarchy = buildHierarchy(table);
    const scene = buildScene({ table, hierarchy, open: someOf(hierarchy, seed) }, measure);
    expect(scene.kind.includes(ItemKind.group)).toBe(true);
    expect(layoutItems(toLayoutInput(scene)).upward.includes(1)).toBe(false);
  });
});

function someOf({ groups }: Hierarchy, seed: number): Set<string> {
  return new Set(groups.filter((_, g) => (g * 7 + seed) % 3 !== 0).map(({ key }) => key));
}
