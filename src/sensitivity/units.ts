import type { Graph, NodeId } from '../graph/model.ts';
import type { QuantPlan } from '../quant/plan.ts';

/** A node that adds an error of its own when quantized, with the clamps that fold into it. */
export interface Unit {
  readonly node: NodeId;
  /** The node whose output is compared: the last of the group. */
  readonly last: NodeId;
  readonly members: ReadonlySet<NodeId>;
}

/** The units of a plan, in graph order. Data movement is none: it shares its input's parameters and adds no error. */
export function unitsOf(graph: Graph, plan: QuantPlan): Unit[] {
  const foldedInto = new Map([...plan.folded].map(([clamp, { from }]) => [from, clamp]));
  return graph.nodes.flatMap((node) => {
    const decision = plan.nodes.get(node.id);
    if (decision?.form !== 'quantized') return [];
    const clamp = node.outputs
      .map((id) => (id === undefined ? undefined : foldedInto.get(id)))
      .find((c) => c !== undefined);
    const outputs = clamp === undefined ? node.outputs : [plan.folded.get(clamp)?.to];
    if (outputs.every((id) => id === undefined || plan.activations.get(id)?.kind === 'shares')) return [];
    const members = new Set(clamp === undefined ? [node.id] : [node.id, clamp]);
    return [{ node: node.id, last: clamp ?? node.id, members }];
  });
}
