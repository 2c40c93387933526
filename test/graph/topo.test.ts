import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder, Ids } from '../../src/graph/build.ts';
import type { Graph, Node, NodeId, ValueId } from '../../src/graph/model.ts';
import { downstreamOf, readsOf, sortNodes, upstreamOf, wiringOf } from '../../src/graph/topo.ts';

/** A graph whose node i reads the outputs of the nodes in `reads[i]`, in file order. */
function graphOf(reads: readonly (readonly number[])[]): { readonly graph: Graph; readonly nodes: readonly Node[] } {
  const builder = new GraphBuilder('g', new Ids());
  const outputs = reads.map((_, i) => builder.value({ name: `v${i}` }));
  reads.forEach((list, i) => {
    const inputs = list.map((j) => outputs[j] as ValueId);
    builder.node({ handle: `n${i}`, opType: 'Op', inputs, outputs: [outputs[i]] });
  });
  return { graph: builder.build(), nodes: builder.nodes };
}

const names = (nodes: Iterable<Node>): string => Array.from(nodes, (n) => n.handle).join(' ');

function isSorted(nodes: readonly Node[]): boolean {
  const made = new Set<ValueId>();
  const makers = new Set(nodes.flatMap((n) => n.outputs));
  return nodes.every((node) => {
    const ready = [...readsOf(node)].every((v) => made.has(v) || !makers.has(v));
    for (const output of node.outputs) if (output !== undefined) made.add(output);
    return ready;
  });
}

/** Acyclic: node i reads nodes before it, then the order is shuffled. */
const acyclic = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 30 }).chain((lists) => {
  const reads = lists.map((list, i) => (i === 0 ? [] : list.map((j) => j % i)));
  return fc.record({
    reads: fc.constant(reads),
    order: fc.shuffledSubarray(
      reads.map((_, i) => i),
      { minLength: reads.length },
    ),
  });
});

describe('sorting nodes', () => {
  test('keeps a valid order as it is', () => {
    fc.assert(
      fc.property(acyclic, ({ reads }) => {
        const { nodes } = graphOf(reads);
        const sorted = sortNodes(nodes);
        expect(sorted.wasSorted).toBe(true);
        expect(sorted.nodes).toEqual(nodes);
      }),
    );
  });

  test('makes any order valid and loses none', () => {
    fc.assert(
      fc.property(acyclic, ({ reads, order }) => {
        const { nodes } = graphOf(reads);
        const shuffled = order.map((i) => nodes[i] as Node);
        const sorted = sortNodes(shuffled);
        expect(isSorted(sorted.nodes)).toBe(true);
        expect(new Set(sorted.nodes)).toEqual(new Set(nodes));
        expect(sorted.wasSorted).toBe(isSorted(shuffled));
      }),
    );
  });

  test('puts a late node right before its first reader', () => {
    const { graph } = graphOf([[], [0], [3, 1], []]);
    expect(names(graph.nodes)).toBe('n0 n1 n3 n2');
  });

  test('puts nodes of a cycle, and what waits for it, last', () => {
    const { nodes } = graphOf([[1], [0], [], [1], [2]]);
    const sorted = sortNodes(nodes);
    expect(names(sorted.cyclic)).toBe('n0 n1 n3');
    expect(names(sorted.nodes)).toBe('n2 n4 n0 n1 n3');
  });

  test('takes a chain of 50,000 nodes in reverse', () => {
    const length = 50_000;
    const { graph } = graphOf(Array.from({ length }, (_, i) => (i + 1 < length ? [i + 1] : [])));
    expect(isSorted(graph.nodes)).toBe(true);
  });
});

describe('the cones of a graph', () => {
  const { graph } = graphOf([[], [0], [0], [1, 2], [2]]);
  const outputOf = (i: number): ValueId => graph.nodes[i]?.outputs[0] as ValueId;
  const handlesIn = (ids: ReadonlySet<NodeId>): string => names(graph.nodes.filter((n) => ids.has(n.id)));

  test('downstream', () => {
    expect(handlesIn(downstreamOf(graph, [outputOf(1)]))).toBe('n3');
    expect(handlesIn(downstreamOf(graph, [outputOf(0)]))).toBe('n1 n2 n3 n4');
    expect(handlesIn(downstreamOf(graph, []))).toBe('');
  });

  test('upstream', () => {
    expect(handlesIn(upstreamOf(graph, [outputOf(4)]))).toBe('n0 n2 n4');
  });

  test('producers and consumers', () => {
    const { producer, consumers } = wiringOf(graph);
    expect(producer.get(outputOf(2))?.handle).toBe('n2');
    expect(names(consumers.get(outputOf(2)) ?? [])).toBe('n3 n4');
    expect(consumers.get(outputOf(4))).toBeUndefined();
  });
});
