import type { Graph, Node, NodeId, Value, ValueId } from '../graph/model.ts';
import { readsOf, wiringOf } from '../graph/topo.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';

const CLAMPS: ReadonlySet<string> = new Set(['Relu', 'Clip']);

/**
 * Some nodes of a quantized graph with the conversions around them, so that each is carried out as in the whole: what its
 * inputs are dequantized from, back to the float values, and what its outputs are quantized to, behind a clamp or not.
 * Ids stay. Inputs are float values in the order of their first reading.
 *
 * @param factOf type and shape of a float value, which inputs that were made within the whole do not tell themselves.
 */
export function quantizedPart(
  graph: Graph,
  nodes: ReadonlySet<NodeId>,
  factOf: (id: ValueId) => Pick<Value, 'dtype' | 'dims'>,
): Graph {
  const { producer, consumers } = wiringOf(graph);
  const part = new Set<Node>();
  const outputs = new Set<ValueId>();
  const isOutput = new Set(graph.outputs);
  const takeBefore = (id: ValueId): void => {
    const maker = producer.get(id);
    if (maker === undefined || part.has(maker) || !(isDequantize(maker) || isQuantize(maker))) return;
    part.add(maker);
    if (isDequantize(maker)) for (const read of readsOf(maker)) takeBefore(read);
  };
  const takeAfter = (node: Node): void => {
    for (const id of node.outputs) {
      if (id === undefined) continue;
      if (isOutput.has(id)) outputs.add(id);
      for (const reader of consumers.get(id) ?? []) {
        const isClamp = reader.domain === '' && CLAMPS.has(reader.opType) && reader.inputs[0] === id;
        if (!isClamp && !isQuantize(reader)) outputs.add(id);
        else if (!part.has(reader)) {
          part.add(reader);
          for (const read of readsOf(reader)) if (read !== id) takeBefore(read);
          takeAfter(reader);
        }
      }
    }
  };
  for (const node of graph.nodes) {
    if (!nodes.has(node.id)) continue;
    part.add(node);
    for (const id of readsOf(node)) takeBefore(id);
    takeAfter(node);
  }
  const inOrder = graph.nodes.filter((n) => part.has(n));
  const made = new Set(inOrder.flatMap((n) => n.outputs));
  const read = new Set(inOrder.flatMap((n) => [...readsOf(n)]));
  const values = new Map<ValueId, Value>();
  const inputs: ValueId[] = [];
  for (const id of [...read, ...made]) {
    const value = id === undefined ? undefined : graph.values.get(id);
    if (value === undefined) continue;
    const isInput = value.constant === undefined && !made.has(value.id);
    if (isInput) inputs.push(value.id);
    values.set(value.id, isInput ? { ...value, ...factOf(value.id) } : value);
    if (made.has(value.id) && !read.has(value.id)) outputs.add(value.id);
  }
  return { name: graph.name, inputs, outputs: [...outputs], nodes: inOrder, values };
}
