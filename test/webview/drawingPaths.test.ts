import { expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { countNodes, follow, pathsBetween, type Reach, traceOf } from '../../webview/graph/paths.ts';
import { ItemKind } from '../../webview/graph/picture.ts';
import { mobileNet } from './fixtures.ts';
import { pictureOf } from './pictures.ts';

const graph = mobileNet();
const table = new GraphTable(encodeGraph(graph));
const indexOf = (handle: string) => graph.nodes.findIndex((n) => n.handle === handle);
const handlesOf = ({ nodes }: Reach) => graph.nodes.filter((_, i) => nodes[i] === 1).map((n) => n.handle);

test('upstream and downstream of a node meet in it, and together with its siblings are the whole graph', () => {
  const add = indexOf('/features/features.3/Add');
  const up = follow(table, { node: add }, 'upstream');
  const down = follow(table, { node: add }, 'downstream');
  expect(graph.nodes.filter((_, i) => up.nodes[i] === 1 && down.nodes[i] === 1).map((n) => n.handle)).toEqual([
    '/features/features.3/Add',
  ]);
  expect(up.nodes[indexOf('/features/features.0.0/Conv')]).toBe(1);
  expect(down.nodes[indexOf('/classifier/classifier.1/Gemm')]).toBe(1);
  const constants = graph.nodes.filter((n) => n.opType === 'Constant').length;
  expect(countNodes(up) + countNodes(down)).toBe(graph.nodes.length + 1 - constants);
});

test('a tensor leads to its producer upstream and to its readers downstream', () => {
  const value = table.outputsOf(indexOf('/features/features.2/conv/conv.2/Conv'))[0] ?? -1;
  const up = follow(table, { value }, 'upstream');
  expect(handlesOf(up).at(-1)).toBe('/features/features.2/conv/conv.2/Conv');
  const down = follow(table, { value }, 'downstream');
  expect(down.nodes[indexOf('/features/features.2/conv/conv.2/Conv')]).toBe(0);
  expect(down.nodes[indexOf('/features/features.3/Add')]).toBe(1);
});

test('paths between two nodes are found from either end, and are null where there is none', () => {
  const from = indexOf('/features/features.2/conv/conv.2/Conv');
  const to = indexOf('/features/features.3/Add');
  const paths = pathsBetween(table, from, to);
  expect(handlesOf(paths as Reach).map((h) => h.split('/').at(-1))).toEqual([
    'Conv',
    'Conv',
    'Clip',
    'Conv',
    'Clip',
    'Conv',
    'Add',
  ]);
  expect(pathsBetween(table, to, from)).toEqual(paths);
  const self = pathsBetween(table, to, to);
  expect(handlesOf(self as Reach)).toEqual(['/features/features.3/Add']);
  const siblings = new GraphTable(
    encodeGraph({
      ...graph,
      nodes: [
        { ...(graph.nodes[0] as (typeof graph.nodes)[0]), inputs: [0], outputs: [1] },
        { ...(graph.nodes[1] as (typeof graph.nodes)[0]), inputs: [0], outputs: [2] },
      ],
    }),
  );
  expect(pathsBetween(siblings, 0, 1)).toBe(null);
});

test('a closed group is part of a path when a node inside is; lines when their tensor is', () => {
  // Node 0 -> group of nodes 1 and 2 -> node 3; only node 1 is meant.
  const picture = pictureOf({
    boxes: [
      [0, 0, 100, 40],
      [0, 100, 100, 40],
      [0, 200, 100, 40],
      [200, 0, 100, 40],
    ],
    kinds: [ItemKind.node, ItemKind.group, ItemKind.node, ItemKind.input],
    refs: [0, 0, 3, 9],
    lines: [
      { from: 0, to: 1, value: 4 },
      { from: 1, to: 2, value: 5 },
      { from: 1, to: 2, value: 6 },
      { from: 3, to: 1, value: 9 },
    ],
  });
  const scene = { ...picture.scene, itemOfNode: Int32Array.from([0, 1, 1, 2]) };
  const values = new Uint8Array(10);
  for (const v of [4, 6, 9]) values[v] = 1;
  const trace = traceOf(scene, { nodes: Uint8Array.from([1, 1, 0, 1]), values });
  expect(Array.from(trace.items)).toEqual([1, 1, 1, 1]);
  expect(Array.from(trace.edges)).toEqual([1, 0, 1, 1]);
});
