import type { Diagnostic } from '../base/diagnostics.ts';
import type { Model, Node } from '../graph/model.ts';
import { allNodes } from '../graph/topo.ts';
import { findOp } from '../ops/registry.ts';
import { localFunction, oldOpset, unsupportedOp } from './errors.ts';

/** The oldest opset of ai.onnx whose operators we run. */
export const LEAST_OPSET = 7;

/** Everything that keeps the model from running, subgraphs included: empty when it runs. */
export function checkCoverage(model: Model, { file }: { readonly file: string }): Diagnostic[] {
  const opset = model.opsets.get('');
  const nodes: Node[] = [...allNodes(model.graph)];
  const standard = nodes.some((n) => n.domain === '');
  const old = standard && opset !== undefined && opset < LEAST_OPSET ? [oldOpset(file, opset, LEAST_OPSET)] : [];
  const unsupported = nodes.flatMap((node) => {
    if (model.functions.has(`${node.domain}::${node.opType}`)) return [localFunction(file, node)];
    const version = model.opsets.get(node.domain);
    const known = version !== undefined && findOp(node.domain, node.opType, version) !== undefined;
    return known ? [] : [unsupportedOp(file, node, version)];
  });
  return [...old, ...unsupported];
}
