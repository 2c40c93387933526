import type { Diagnostic } from '../base/diagnostics.ts';
import type { Model, Node } from '../graph/model.ts';
import { allNodes } from '../graph/topo.ts';
import { findOp, firstVersion } from '../ops/registry.ts';
import { localFunction, oldOperator, unsupportedOp } from './errors.ts';

/** Everything that keeps the model from running, subgraphs included: empty when it runs. */
export function checkCoverage(model: Model, { file }: { readonly file: string }): Diagnostic[] {
  return [...allNodes(model.graph)].flatMap((node: Node) => {
    const { domain, opType } = node;
    const whyCalled = model.functions.get(`${domain}::${opType}`);
    if (whyCalled !== undefined) return [localFunction(file, node, whyCalled)];
    const version = model.opsets.get(domain);
    if (version !== undefined && findOp(domain, opType, version) !== undefined) return [];
    const least = firstVersion(domain, opType);
    const old = version !== undefined && least !== undefined && version < least;
    return [old ? oldOperator(file, node, version, least) : unsupportedOp(file, node, version)];
  });
}
