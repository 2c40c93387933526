import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import type { Graph } from '../../src/graph/model.ts';
import { allNodes } from '../../src/graph/topo.ts';
import { FileSource, filesBelow } from '../../src/node/files.ts';
import { readModel } from '../../src/onnx/read.ts';
import { describeWithShared, HAS_SHARED_DATA, inventory, sharedData } from '../helpers/sharedData.ts';

describeWithShared('the shared models', () => {
  const rows = HAS_SHARED_DATA ? inventory() : [];

  test('are many', () => expect(rows.length).toBeGreaterThan(60));

  test.each(rows.map((row) => [row.path as string, Number(row.nodes), row.ops as string] as const))(
    '%s opens with its %i nodes',
    async (path, nodes, ops) => {
      const source = await FileSource.open(sharedData(path));
      const { model, diagnostics } = await readModel(source, {
        file: path,
        external: filesBelow(dirname(source.path)),
      });
      const all = [...allNodes(model.graph)];
      expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
      expect(all.length).toBe(nodes);
      expect(histogram(all)).toEqual(parseHistogram(ops));
      checkIds(model.graph, model);
      await source.close();
    },
  );
});

function histogram(nodes: readonly { readonly domain: string; readonly opType: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { domain, opType } of nodes) {
    const key = domain === '' ? opType : `${domain}:${opType}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function parseHistogram(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(' ').map((part) => {
      const at = part.lastIndexOf('x');
      return [part.slice(0, at), Number(part.slice(at + 1))];
    }),
  );
}

function checkIds(graph: Graph, next: { readonly nextNodeId: number; readonly nextValueId: number }): void {
  const nodes = [...allNodes(graph)];
  expect(new Set(nodes.map((n) => n.id)).size).toBe(nodes.length);
  expect(new Set(nodes.map((n) => n.handle)).size).toBe(nodes.length);
  for (const node of nodes) expect(node.id).toBeLessThan(next.nextNodeId);
  for (const id of graph.values.keys()) expect(id).toBeLessThan(next.nextValueId);
}
