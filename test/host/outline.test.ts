import { describe, expect, it } from 'vitest';
import { NodeSearch } from '../../src/host/outline/nodeSearch.ts';
import { MOST_LINES, type OutlineElement, OutlineTree } from '../../src/host/outline/outlineTree.ts';
import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { fastest } from '../webview/graphs.ts';
import { chainOf } from './graphOf.ts';

/** Four times what it takes on a machine that does nothing else. */
const ENOUGH_MS = 800;

describe('the outline', () => {
  it('has the inputs, the nodes by the paths in their names, and the outputs', () => {
    const table = chainOf(['/a/conv', '/a/b/c/one', '/a/b/c/two', 'plain', '/lone/Relu', '']);
    expect(drawn(new OutlineTree(table), table)).toEqual([
      'inputs',
      '  x',
      'nodes',
      '  a (3)',
      '    /a/conv',
      '    b/c (2)',
      '      /a/b/c/one',
      '      /a/b/c/two',
      '  plain',
      '  /lone/Relu',
      '  Relu_5',
      'outputs',
      '  _output',
    ]);
  });

  it('leads from every line to the one around it', () => {
    const tree = new OutlineTree(chainOf(['/a/b/one', '/a/b/two', '/a/three', 'top']));
    const check = (element: OutlineElement) => {
      for (const child of tree.children(element)) {
        expect(tree.parent(child), child.id).toBe(element);
        check(child);
      }
    };
    for (const root of tree.roots()) {
      expect(tree.parent(root)).toBeUndefined();
      check(root);
    }
    const one = tree.node(0);
    expect(one && tree.parent(one)).toMatchObject({ kind: 'group', path: '/a/b', label: 'b', size: 2 });
    expect(tree.node(9)).toBeUndefined();
  });

  it('shows what is too much for one place in ranges, each of which leads back', () => {
    const names = Array.from({ length: MOST_LINES + 1 }, (_, i) => `node${i}`);
    const tree = new OutlineTree(chainOf(names));
    const nodes = tree.roots().find(({ kind }) => kind === 'nodes') as OutlineElement;
    const ranges = tree.children(nodes);
    expect(ranges).toMatchObject([
      { kind: 'range', first: 1, last: MOST_LINES },
      { kind: 'range', first: MOST_LINES + 1, last: MOST_LINES + 1 },
    ]);
    const last = tree.node(MOST_LINES) as OutlineElement;
    expect(tree.parent(last)).toBe(ranges[1]);
    expect(tree.children(ranges[1] as OutlineElement)).toEqual([last]);
  });

  it('puts groups beyond the limit into ranges as well', () => {
    const names = Array.from({ length: MOST_LINES + 1 }, (_, i) => [`/g${i}/a`, `/g${i}/b`]).flat();
    const tree = new OutlineTree(chainOf(names));
    const last = tree.node(names.length - 1) as OutlineElement;
    const group = tree.parent(last) as OutlineElement;
    expect(group).toMatchObject({ kind: 'group', label: `g${MOST_LINES}` });
    expect(tree.parent(group)).toMatchObject({ kind: 'range', first: MOST_LINES + 1 });
  });

  it('of a model without nodes has the inputs and outputs alone', () => {
    const table = chainOf([]);
    expect(drawn(new OutlineTree(table), table)).toEqual(['inputs', '  x', 'outputs', '  x']);
  });

  it('of 50,000 nodes takes no time that grows with their square', () => {
    const table = large();
    const make = () => {
      const tree = new OutlineTree(table);
      expect(tree.roots()).toHaveLength(3);
      expect(tree.node(49_999)).toBeDefined();
    };
    expect(fastest(make, ENOUGH_MS)).toBeLessThan(ENOUGH_MS);
  });
});

describe('the search for nodes', () => {
  const table = chainOf(
    ['layer1/conv', 'conv', 'layer2/conv1', 'relu_conv', 'myconvolution', 'c_o_n_v', 'other'],
    (i) => (i === 6 ? 'Conv' : 'Relu'),
  );
  const search = new NodeSearch(table);
  const names = (query: string, limit = 100) =>
    search
      .find(query, limit)
      .map(({ kind, index }) => (kind === 'node' ? table.handle(index) : `tensor ${table.valueName(index)}`));

  it('finds the whole name, then its start, then words, then letters inside, then letters in order', () => {
    const nodes = names('conv').filter((name) => !name.startsWith('tensor'));
    expect(nodes).toEqual(['conv', 'other', 'relu_conv', 'layer1/conv', 'layer2/conv1', 'myconvolution', 'c_o_n_v']);
  });

  it('takes every word, of name or operator, in any order and case', () => {
    expect(names('LAYER2 relu')[0]).toBe('layer2/conv1');
    expect(names('relu layer2')[0]).toBe('layer2/conv1');
    expect(names('layer9 relu')).toEqual([]);
  });

  it('finds tensors too, behind the node of that name', () => {
    expect(names('layer1/conv').slice(0, 2)).toEqual(['layer1/conv', 'tensor layer1/conv_output']);
    expect(names('x')[0]).toBe('tensor x');
  });

  it('finds the first nodes while nothing is typed, and no more than asked for', () => {
    expect(names('', 2)).toEqual(['layer1/conv', 'conv']);
    expect(names(' ', 99)).toHaveLength(7);
    expect(names('o', 3)).toHaveLength(3);
    expect(new NodeSearch(chainOf([])).find('', 5)).toEqual([]);
  });

  it('answers as one types among 50,000 nodes', () => {
    const many = new NodeSearch(large());
    many.find('warm', 10);
    const ask = () => expect(many.find('layer7 conv3', 200)).toHaveLength(200);
    expect(fastest(ask, ENOUGH_MS)).toBeLessThan(ENOUGH_MS);
  });
});

function large(): GraphTable {
  return chainOf(Array.from({ length: 50_000 }, (_, i) => `/layer${i % 100}/block${i % 10}/conv${i}`));
}

function drawn(tree: OutlineTree, table: GraphTable): string[] {
  const text = (element: OutlineElement) => {
    if (element.kind === 'node') return table.handle(element.node);
    if (element.kind === 'value') return table.valueName(element.value);
    if (element.kind === 'group') return `${element.label} (${element.size})`;
    return element.kind === 'range' ? `${element.first}-${element.last}` : element.kind;
  };
  const draw = (element: OutlineElement, depth: number): string[] => [
    `${'  '.repeat(depth)}${text(element)}`,
    ...tree.children(element).flatMap((child) => draw(child, depth + 1)),
  ];
  return tree.roots().flatMap((root) => draw(root, 0));
}
