import type { Graph, Node, NodeId, ValueId } from '../../graph/model.ts';
import { readsOf } from '../../graph/topo.ts';

/**
 * The node of the user's graph, by index, that each node of a graph made from it belongs to: the one it is or stands for;
 * of inserted conversions that of their first reader, behind the last nodes that of what they read.
 */
export function userNodes(graph: Graph, user: Graph): ReadonlyMap<NodeId, number> {
  const indexOf = new Map(user.nodes.map((n, i) => [n.id, i]));
  const found = new Map<NodeId, number>();
  for (const node of graph.nodes) {
    const own = [node.id, ...[...node.origin].reverse()].map((id) => indexOf.get(id)).find((i) => i !== undefined);
    if (own !== undefined) found.set(node.id, own);
  }
  const readers = new Map<ValueId, Node[]>();
  for (const node of graph.nodes) for (const id of readsOf(node)) readers.set(id, [...(readers.get(id) ?? []), node]);
  for (const node of [...graph.nodes].reverse()) {
    const after = node.outputs.flatMap((id) => (id === undefined ? [] : (readers.get(id) ?? [])));
    adopt(found, node, after);
  }
  const makers = new Map(graph.nodes.flatMap((n) => n.outputs.map((id) => [id, n] as const)));
  for (const node of graph.nodes)
    adopt(
      found,
      node,
      [...readsOf(node)].flatMap((id) => makers.get(id) ?? []),
    );
  return found;
}

/** Counts a node without a place of its own to the earliest node of its neighbours. */
function adopt(found: Map<NodeId, number>, node: Node, neighbours: readonly Node[]): void {
  if (found.has(node.id)) return;
  const indices = neighbours.flatMap((n) => found.get(n.id) ?? []);
  if (indices.length > 0) found.set(node.id, Math.min(...indices));
}
