import type { Node, NodeId, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';

/** Operators whose float weights ONNX Runtime quantizes by itself where they stand between codes. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/**
 * Keeps the weights of nodes that are to stay float as they are: between DequantizeLinear and QuantizeLinear, ONNX
 * Runtime makes 8-bit codes of a float weight when it optimizes. A Max of one input before the node passes the values on,
 * and it looks no further.
 * @returns handles of the nodes concerned.
 * @source ONNX Runtime 1.30, WeightBiasQuantization, from optimization level basic on.
 */
export function keepFloat(editor: GraphEditor, floatNodes: ReadonlySet<NodeId>): string[] {
  const producers = new Map<ValueId, Node>();
  const consumers = new Map<ValueId, Node[]>();
  for (const node of editor.nodes) {
    for (const id of node.outputs) if (id !== undefined) producers.set(id, node);
    for (const id of node.inputs) if (id !== undefined) consumers.set(id, [...(consumers.get(id) ?? []), node]);
  }
  const kept: string[] = [];
  for (const node of [...editor.nodes]) {
    const [data, weight] = node.inputs;
    const [out] = node.outputs;
    if (!floatNodes.has(node.id) || node.domain !== '' || !WEIGHTED.has(node.opType)) continue;
    if (data === undefined || weight === undefined || out === undefined) continue;
    const source = producers.get(data);
    const users = consumers.get(out) ?? [];
    const isBetween = source !== undefined && isDequantize(source) && users.length > 0 && users.every(isQuantize);
    if (!isBetween || editor.value(weight)?.constant === undefined) continue;
    passThrough(editor, node, data);
    kept.push(node.handle);
  }
  return kept;
}

function passThrough(editor: GraphEditor, node: Node, data: ValueId): void {
  const { id: _, ...like } = editor.value(data) ?? { id: data, name: node.handle };
  const passed = editor.addValue({ ...like, name: `${node.handle}_float_input` });
  const name = `${node.handle}_keep_float`;
  editor.addNode({ name, opType: 'Max', inputs: [data], outputs: [passed], origin: node.origin });
  editor.setInput(node.id, 0, passed);
}
