import type { Node, NodeId, ValueId } from '../../graph/model.ts';
import { readsOf } from '../../graph/topo.ts';
import type { Lab } from '../lab.ts';

type Unit = ReturnType<Lab['units']>[number];

/** A unit of the plan with its place in the graph, and the names by which a config knows it. */
export interface Place {
  readonly unit: Unit;
  /** The node that computes, and the last of the group. */
  readonly node: Node;
  readonly last: Node;
  /** What it makes. */
  readonly output: ValueId;
  readonly nodeId: number;
  readonly handle: string;
  readonly opType: string;
  /** Handles of all its nodes, the computing one first. */
  readonly handles: readonly string[];
  /** Handle of the node that gives the output its codes. */
  readonly outputHandle: string;
  /** Handles of the quantized nodes that read its output, through those that only move data. */
  readonly readers: readonly string[];
}

/** The units under the config as it is, in the order of the graph. */
export function placesOf(lab: Lab): readonly Place[] {
  const { graph } = lab.run.prepared;
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  const readers = new Map<ValueId, Node[]>();
  for (const node of graph.nodes) for (const id of readsOf(node)) readers.set(id, [...(readers.get(id) ?? []), node]);
  return lab.units().flatMap((unit): Place[] => {
    const [node, last] = [nodes.get(unit.node), nodes.get(unit.last)];
    const output = last?.outputs[0];
    const user = node && lab.userNode(node);
    const end = last && lab.userNode(last);
    if (node === undefined || last === undefined || output === undefined || !user || !end) return [];
    const members = [...unit.members].flatMap((id) => nodes.get(id) ?? []);
    return [
      {
        ...{ unit, node, last, output },
        ...{ nodeId: user.nodeId, handle: user.handle, opType: node.opType },
        handles: handlesOf(lab, members),
        outputHandle: end.handle,
        readers: handlesOf(lab, quantizedReaders(lab, output, readers)),
      },
    ];
  });
}

function handlesOf(lab: Lab, nodes: readonly Node[]): string[] {
  return [...new Set(nodes.flatMap((n) => lab.userNode(n)?.handle ?? []))];
}

/** Readers with codes; behind those that keep their input's parameters, what reads these. */
function quantizedReaders(lab: Lab, from: ValueId, readers: ReadonlyMap<ValueId, readonly Node[]>): Node[] {
  const { plan } = lab.result.build;
  const found = new Map<NodeId, Node>();
  const queue = [from];
  for (let value = queue.shift(); value !== undefined; value = queue.shift()) {
    for (const node of readers.get(value) ?? []) {
      const form = plan.nodes.get(node.id)?.form;
      if (found.has(node.id) || (form !== 'quantized' && form !== 'folded')) continue;
      found.set(node.id, node);
      const sharing = node.outputs.filter((id) => id !== undefined && plan.activations.get(id)?.kind === 'shares');
      queue.push(...(sharing as ValueId[])); // the filter leaves no undefined
    }
  }
  return [...found.values()];
}
