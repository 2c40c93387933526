import type { Diagnostic } from '../base/diagnostics.ts';
import { unknownNodeName } from '../config/language/names.ts';
import type { NodeId } from '../graph/model.ts';
import { idleSkip } from '../quant/errors.ts';
import type { QuantPlan } from '../quant/plan.ts';
import type { OpenModel } from './model.ts';
import { modelFacts } from './modelFacts.ts';
import type { Prepared } from './prepared.ts';
import type { Settings } from './settings.ts';

/**
 * The prepared nodes that a skip list keeps float. A name stands for the node that carries it out, so skipping a
 * BatchNormalization that went into its convolution keeps both float.
 */
export function skippedNodes(open: OpenModel, prepared: Prepared, names: readonly string[]): Set<NodeId> {
  const skip = new Set<NodeId>();
  for (const name of names) {
    const id = open.nodeByHandle.get(name);
    const owner = id === undefined ? undefined : prepared.ownerOf.get(id);
    if (owner !== undefined) skip.add(owner.id);
  }
  return skip;
}

/** Names that no node has, each with what may be meant; and names of nodes that stay float anyway. */
export function checkSkips(settings: Settings, open: OpenModel, prepared: Prepared, plan: QuantPlan): Diagnostic[] {
  return settings.skip.flatMap((name) => {
    const at = settings.at('common_quant_param', 'skip_quant_node', name);
    const id = open.nodeByHandle.get(name);
    if (id === undefined) return [unknownNodeName(at, 'skip_quant_node', name, modelFacts(open))];
    const owner = prepared.ownerOf.get(id);
    if (owner === undefined) return [idleSkip(at, name, 'it is computed once from constants')];
    const decision = plan.nodes.get(owner.id);
    return decision?.canSkip ? [] : [idleSkip(at, name, decision?.why ?? 'it is not part of the plan')];
  });
}
