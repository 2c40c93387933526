import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { TensorRef } from '../../src/protocol/tensorViews.ts';
import { formatShape } from '../format.ts';
import { t } from '../l10n.ts';

/**
 * The tensor to show: the chosen one as the selected node has it; of a node that has it not, what the node makes; without
 * a node, the chosen one as its maker has it, or its first reader.
 */
export function targetOf(graph: GraphTable, selected: number | null, tensor: number | null): TensorRef | null {
  const value = tensor === null ? -1 : graph.valueIndex(tensor);
  const node = selected === null ? -1 : graph.nodeIndex(selected);
  if (node >= 0) return refOf(graph, node, value) ?? refOf(graph, node, graph.outputsOf(node)[0] ?? -1);
  if (value < 0) return null;
  const producer = graph.producerOf(value);
  const [reader = -1] = graph.consumersOf(value);
  return refOf(graph, producer, value) ?? refOf(graph, reader, value);
}

/** The tensors of a node, its inputs in order, then its outputs: value ids and what to call them. */
export function tensorsOf(graph: GraphTable, nodeId: number): (readonly [string, string])[] {
  const node = graph.nodeIndex(nodeId);
  if (node < 0) return [];
  const entry = (value: number, title: (name: string, shape: string) => string) =>
    [String(graph.valueId(value)), title(graph.valueName(value), formatShape(graph.dims(value)))] as const;
  return [
    ...[...graph.inputsOf(node)].flatMap((v) => (v < 0 ? [] : [entry(v, (n, s) => t('Input {0}, {1}', n, s))])),
    ...[...graph.outputsOf(node)].flatMap((v) => (v < 0 ? [] : [entry(v, (n, s) => t('Output {0}, {1}', n, s))])),
  ];
}

function refOf(graph: GraphTable, node: number, value: number): TensorRef | null {
  if (node < 0 || value < 0) return null;
  const ids = { nodeId: graph.nodeId(node), valueId: graph.valueId(value) };
  if (graph.outputsOf(node).includes(value)) return { ...ids, role: 'Output' };
  return graph.inputsOf(node).includes(value) ? { ...ids, role: 'Input' } : null;
}
