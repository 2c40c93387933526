import type { Node } from '../graph/model.ts';

/** Whether a node makes codes of floats: ONNX's QuantizeLinear, or ONNX Runtime's of the same name. */
export function isQuantize(node: Node): boolean {
  return node.opType === 'QuantizeLinear' && (node.domain === '' || node.domain === 'com.microsoft');
}

/** Whether a node makes floats of codes; as {@link isQuantize}. */
export function isDequantize(node: Node): boolean {
  return node.opType === 'DequantizeLinear' && (node.domain === '' || node.domain === 'com.microsoft');
}
