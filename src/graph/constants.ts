import type { Graph, Node, TensorSource, ValueId } from './model.ts';

/** The tensor that a Constant node makes; undefined for other nodes, and where the value is no dense tensor. */
function tensorOfConstant({ domain, opType, attributes }: Node): TensorSource | undefined {
  const value = domain === '' && opType === 'Constant' ? attributes.get('value') : undefined;
  return value?.kind === 'tensor' ? value.value : undefined;
}

const known = new WeakMap<Graph, ReadonlyMap<ValueId, TensorSource>>();

/** Constants of a graph by value: initializers, and what Constant nodes make. A graph is looked through once. */
export function constantsOf(graph: Graph): ReadonlyMap<ValueId, TensorSource> {
  const constants = known.get(graph) ?? findConstants(graph);
  known.set(graph, constants);
  return constants;
}

function findConstants(graph: Graph): ReadonlyMap<ValueId, TensorSource> {
  const found = new Map<ValueId, TensorSource>();
  for (const { id, constant } of graph.values.values()) if (constant !== undefined) found.set(id, constant);
  for (const node of graph.nodes) {
    const [id] = node.outputs;
    const made = tensorOfConstant(node);
    if (id !== undefined && made !== undefined) found.set(id, made);
  }
  return found;
}
