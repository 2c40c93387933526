import { describe, expect, test } from 'vitest';
import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { defaultOpen } from '../../webview/graph/hierarchy/defaultOpen.ts';
import { buildHierarchy } from '../../webview/graph/hierarchy/hierarchy.ts';
import type { Hierarchy } from '../../webview/graph/picture.ts';
import { groupsWithCircles, outline } from './hierarchyChecks.ts';
import { GraphWriter, randomGraph, resNet, transformer, transformerLayer } from './hierarchyGraphs.ts';

function blocksOf({ groups }: Hierarchy): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { block } of groups) if (block !== '') counts[block] = (counts[block] ?? 0) + 1;
  return counts;
}

/** A chain of nodes with these names. */
function chain(...names: string[]): GraphTable {
  const g = new GraphWriter();
  let x = g.input();
  for (const name of names) x = g.node('Relu', [x], name);
  g.output(x);
  return g.table();
}

describe('groups from names', () => {
  test.each([
    [
      'slashes',
      ['/layer1/conv1/Conv', '/layer1/bn1/Norm', '/layer2/conv1/Conv', '/layer2/bn1/Norm'],
      ['layer1 2', 'layer2 2'],
    ],
    [
      'dots, with numbers',
      ['features.0.conv', 'features.0.act', 'features.1.conv', 'features.1.act'],
      ['features.0 2', 'features.1 2'],
    ],
    [
      'numbered layers of Keras',
      ['block_1_expand', 'block_1_project', 'block_2_expand', 'block_2_project'],
      ['block_1 2', 'block_2 2'],
    ],
    ['one scope in another', ['/a/b/x', '/a/b/y', '/c/x', '/c/y'], ['a/b 2', 'c 2']],
    ['counted operators', ['Conv_1', 'Conv_2', 'Relu_3', 'Relu_4'], []],
    ["Paddle's counters", ['p2o.Conv.0', 'p2o.Add.1', 'p2o.Conv.2', 'p2o.Add.3'], []],
    ['no names', ['', '', '', ''], []],
  ])('%s', (_, names, expected) => {
    expect(outline(buildHierarchy(chain(...names), 'names'))).toEqual(expected);
  });

  test('hold no single nodes, and not everything there is', () => {
    const hierarchy = buildHierarchy(chain('/m/a/x', '/m/a/y', '/m/b/z', '/m/c/x', '/m/c/y'), 'names');
    expect(outline(hierarchy)).toEqual(['a 2', 'c 2']);
  });

  test('take in what lies between two of their nodes', () => {
    expect(outline(buildHierarchy(chain('/a/x', '', '/a/y', '/b/x', '/b/y', ''), 'names'))).toEqual(['a 3', 'b 3']);
  });

  test('that are left and entered again become several, so that closing them makes no circle', () => {
    const names = (a: string, b: string) => [`/${a}/x`, `/${a}/y`, `/${a}/z`, `/${b}/x`, `/${b}/y`, `/${b}/z`];
    const table = chain(...names('a', 'b'), ...names('a', 'c'));
    const hierarchy = buildHierarchy(table, 'names');
    expect(outline(hierarchy)).toEqual(['a (1) 3', 'b 3', 'a (2) 3', 'c 3']);
    expect(groupsWithCircles(table, hierarchy)).toEqual([]);
  });

  test('lose a node that others need before the rest of its scope', () => {
    const g = new GraphWriter();
    const x = g.input();
    const early = g.node('Shape', [x], '/late/Shape');
    let y = g.node('Expand', [x, early], '/first/Expand');
    for (const name of ['/first/a', '/first/b', '/late/a', '/late/b', '/late/c', '/late/d', '/late/e']) {
      y = g.node('Relu', [y], name);
    }
    g.output(g.node('Add', [y, early], '/late/Add'));
    const table = g.table();
    const hierarchy = buildHierarchy(table, 'names');
    expect(outline(hierarchy)).toEqual(['first 3', 'late 6']);
    expect(hierarchy.groupOfNode[0]).toBe(-1);
    expect(groupsWithCircles(table, hierarchy)).toEqual([]);
  });

  test('have keys of their own', () => {
    const hierarchy = buildHierarchy(
      randomGraph(2000, 30, 7, (i) => `/a${i % 5}/b${i % 50}/x`),
      'names',
    );
    expect(hierarchy.groups.length).toBeGreaterThan(0);
    expect(new Set(hierarchy.groups.map(({ key }) => key)).size).toBe(hierarchy.groups.length);
  });
});

describe('groups from structure', () => {
  test('are the layers of a transformer without names, with attention and feed-forward network in each', () => {
    const hierarchy = buildHierarchy(transformer(12));
    expect(blocksOf(hierarchy)).toMatchObject({ 'Transformer layer': 12, Attention: 12, 'Feed-forward': 12 });
    expect(outline(hierarchy, 1)).toEqual([
      ...Array.from({ length: 12 }, (_, i) => `Transformer layer ${i + 1} 50`),
      'Layer normalization 9',
    ]);
  });

  test('are put into one group where they are many', () => {
    const hierarchy = buildHierarchy(transformer(100));
    expect(outline(hierarchy, 1)[0]).toBe('100 × Transformer layer 5000');
    expect(outline(hierarchy, 2)[1]).toMatch(/^ {2}Part 1 /);
  });

  test('are residual blocks, with and without a convolution on the shortcut', () => {
    const hierarchy = buildHierarchy(resNet(8, 3));
    expect(outline(hierarchy, 1)).toEqual([7, 7, 7, 9, 7, 7, 9, 7].map((size, i) => `Residual block ${i + 1} ${size}`));
  });

  test('are called after their weights where those have names', () => {
    const g = new GraphWriter();
    let x = g.node('Gather', [g.constant([100, 8]), g.input()]);
    const mask = g.node('Unsqueeze', [g.input()]);
    for (let i = 0; i < 3; i++) x = transformerLayer(g, x, mask, `h.${i}.`);
    g.output(x);
    const { groups } = buildHierarchy(g.table());
    const layers = groups.filter(({ block }) => block === 'Transformer layer');
    expect(layers.map(({ label }) => label)).toEqual(['h.0', 'h.1', 'h.2']);
  });

  test.each([
    ['nothing', 0],
    ['one node', 1],
    ['a few nodes', 3],
  ])('are none of %s', (_, count) => {
    const hierarchy = buildHierarchy(randomGraph(count, 2, 1));
    expect(hierarchy.groups).toEqual([]);
    expect(hierarchy.groupOfNode).toEqual(new Int32Array(count).fill(-1));
  });

  test('leave at most a hundred items side by side of 50,000 nodes without any structure', () => {
    const table = randomGraph(50_000, 40, 1);
    const { groups, groupOfNode } = buildHierarchy(table);
    const items = new Map<number, number>();
    for (const around of [...groups.map(({ parent }) => parent), ...groupOfNode]) {
      items.set(around, (items.get(around) ?? 0) + 1);
    }
    expect(Math.max(...items.values())).toBeLessThanOrEqual(100);
  });
});

describe('a hierarchy', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('never runs in a circle, whatever names random nodes have: %s', (seed) => {
    const table = randomGraph(3000, 3 ** (seed % 5), seed, (i) => `/a${i % 7}/b${i % 50}/c${i % 300}/x`);
    expect(groupsWithCircles(table, buildHierarchy(table))).toEqual([]);
    expect(groupsWithCircles(table, buildHierarchy(table, 'structure'))).toEqual([]);
  });

  test('is seen to run in a circle when a group is left and entered again', () => {
    const table = chain('', '', '');
    const group = { key: 'g', parent: -1, label: 'g', block: '', size: 2 };
    expect(groupsWithCircles(table, { groups: [group], groupOfNode: Int32Array.of(0, -1, 0) })).toEqual([-1]);
  });

  test('is the same every time', () => {
    expect(buildHierarchy(resNet(20, 4))).toEqual(buildHierarchy(resNet(20, 4)));
  });

  test('has outer groups before inner ones, and as many nodes in each as its size says', () => {
    const { groups, groupOfNode } = buildHierarchy(transformer(4));
    const sizes = groups.map(() => 0);
    for (const innermost of groupOfNode) {
      for (let g = innermost; g >= 0; g = groups[g]?.parent ?? -1) sizes[g] = (sizes[g] ?? 0) + 1;
    }
    expect(sizes).toEqual(groups.map(({ size }) => size));
    expect(groups.every(({ parent }, g) => parent < g)).toBe(true);
  });

  test('of a file whose nodes run in a circle is made all the same', () => {
    const g = new GraphWriter();
    const x = g.input();
    // Node 0 reads what node 1 makes, and the other way round: values 2 and 4.
    g.node('Add', [x, 2], '/a/x');
    g.node('Relu', [g.node('Relu', [g.node('Add', [x, 1], '/a/y')], '/b/x')], '/b/y');
    expect(outline(buildHierarchy(g.table(), 'names'))).toEqual(['a 2', 'b 2']);
  });
});

describe('the groups that are open at first', () => {
  test('are all of a small graph', () => {
    const table = transformer(4);
    const hierarchy = buildHierarchy(table);
    expect(defaultOpen(hierarchy, table)).toEqual(hierarchy.groups.map(({ key }) => key));
  });

  test('are as many of a large one as show between 20 and 300 items', () => {
    const table = transformer(400);
    const hierarchy = buildHierarchy(table);
    const open = new Set(defaultOpen(hierarchy, table));
    const { groups, groupOfNode } = hierarchy;
    const isShown = (group: number): boolean =>
      group < 0 || (open.has(groups[group]?.key ?? '') && isShown(groups[group]?.parent ?? -1));
    const shown =
      groups.filter(({ key, parent }) => isShown(parent) && !open.has(key)).length + groupOfNode.filter(isShown).length;
    expect(shown).toBeGreaterThanOrEqual(20);
    expect(shown).toBeLessThanOrEqual(300);
  });
});
