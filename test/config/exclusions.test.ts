import { expect, test } from 'vitest';
import { exclusionTexts } from '../../src/config/exclusions.ts';
import type { GraphView, RunView } from '../../src/protocol/views.ts';

/** Nodes by name and handle; those of the last argument are skipped. */
function textsOf(nodes: readonly (readonly [name: string, handle: string])[], skipped: readonly string[]) {
  const graph = { nodes: nodes.map(([name, handle], id) => ({ id, name, handle })) } as unknown as GraphView;
  const figures = nodes.map(([, handle], nodeId) => ({ nodeId, handle, skipped: skipped.includes(handle) }));
  return exclusionTexts(graph, { nodes: figures } as unknown as RunView);
}

test('both forms name the excluded nodes in the order of the graph', () => {
  const nodes = [['conv', 'conv'] as const, ['add "1"', 'Add_1'] as const, ['fc', 'fc'] as const];
  expect(textsOf(nodes, ['fc', 'Add_1'])).toEqual([
    { form: 'skip_quant_node', text: 'skip_quant_node=Add_1,fc', missing: [] },
    { form: 'nodes_to_exclude', text: 'nodes_to_exclude=["add \\"1\\"", "fc"]', missing: [] },
  ]);
});

test('a node without a name of its own is missing from what goes by names', () => {
  const nodes = [['', 'Conv_0'] as const, ['twin', 'Relu_1'] as const, ['twin', 'Relu_2'] as const];
  const [lines, names] = textsOf(nodes, ['Conv_0', 'Relu_1']);
  expect(lines?.text).toBe('skip_quant_node=Conv_0,Relu_1');
  expect(names).toEqual({ form: 'nodes_to_exclude', text: 'nodes_to_exclude=[]', missing: ['Conv_0', 'Relu_1'] });
});

test('without exclusions there is no line, for key= is an error', () => {
  expect(textsOf([['a', 'a']], []).map((t) => t.text)).toEqual(['', 'nodes_to_exclude=[]']);
});
