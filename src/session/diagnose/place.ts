import { MOST_UNLIKE } from '../../diagnose/borders.ts';
import type { Node, NodeId, ValueId } from '../../graph/model.ts';
import { readsOf } from '../../graph/topo.ts';
import { rootDecision } from '../../quant/plan.ts';
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
  /** Handles of the nodes behind it that pass its codes on. */
  readonly sharers: readonly string[];
  /** Where ranges meet that are too unlike: handles of the nodes that make the wide ones, whose codes count as its own. */
  readonly feeders: readonly string[];
}

/** Operators that put what they read on common codes. */
export const MEETS: ReadonlySet<string> = new Set(['Add', 'Sub', 'Concat', 'Sum']);

/** The units under the config as it is, in the order of the graph. */
export function placesOf(lab: Lab): readonly Place[] {
  const { graph } = lab.run.prepared;
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  const readers = new Map<ValueId, Node[]>();
  const makers = new Map(
    graph.nodes.flatMap((n) => n.outputs.flatMap((id) => (id === undefined ? [] : [[id, n] as const]))),
  );
  for (const node of graph.nodes) for (const id of readsOf(node)) readers.set(id, [...(readers.get(id) ?? []), node]);
  const sharers = sharersOf(lab);
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
        sharers: handlesOf(lab, sharers.get(output) ?? []),
        feeders: handlesOf(
          lab,
          wideInputs(lab, node).flatMap((id) => makersOf(lab, id, makers)),
        ),
      },
    ];
  });
}

function handlesOf(lab: Lab, nodes: readonly Node[]): string[] {
  return [...new Set(nodes.flatMap((n) => lab.userNode(n)?.handle ?? []))];
}

/** By the value whose parameters they keep, the nodes that pass its codes on. */
function sharersOf(lab: Lab): Map<ValueId, Node[]> {
  const { plan } = lab.result.build;
  const found = new Map<ValueId, Node[]>();
  for (const node of lab.run.prepared.graph.nodes)
    for (const id of node.outputs) {
      const root = id === undefined ? undefined : rootDecision(plan.activations, id)?.root;
      if (root !== undefined && root !== id) found.set(root, [...(found.get(root) ?? []), node]);
    }
  return found;
}

/** Inputs whose codes reach farther than others' by more than the border. */
function wideInputs(lab: Lab, node: Node): ValueId[] {
  if (!MEETS.has(node.opType)) return [];
  const { activations } = lab.result.build.assignment;
  const read = [...new Set(node.inputs)].flatMap((id) => {
    const params = id === undefined ? undefined : activations.get(id);
    if (id === undefined || params?.scale.length !== 1) return [];
    return [{ id, length: (params.scale[0] as number) * (params.scheme.qmax - params.scheme.qmin) }];
  });
  const least = Math.min(...read.map((r) => r.length));
  return read.filter((r) => r.length > MOST_UNLIKE * least).map((r) => r.id);
}

/** What makes a value, with the clamp that gives it its codes and the product before that. */
function makersOf(lab: Lab, id: ValueId, makers: ReadonlyMap<ValueId, Node>): Node[] {
  const maker = makers.get(id);
  if (maker === undefined) return [];
  const form = lab.result.build.plan.nodes.get(maker.id)?.form;
  const before = maker.inputs[0];
  return form === 'folded' && before !== undefined ? [maker, ...makersOf(lab, before, makers)] : [maker];
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
