import { DiagnosticError } from '../base/diagnostics.ts';
import type { Node, ValueId } from '../graph/model.ts';
import { capturesOf, subgraphsOf } from '../graph/topo.ts';
import { readAttributes } from '../ops/attributes.ts';
import { findOp } from '../ops/registry.ts';
import { composeLookups } from './composeLookups.ts';
import { type Draft, NO_CLAMP, type PlanContext } from './draft.ts';
import { badShapes, unsupportedOp } from './errors.ts';
import { fuseChains } from './fuseChains.ts';
import { integerDraft, type LowerOptions } from './lower.ts';
import { clampOf } from './quantNodes.ts';

/**
 * One draft per node that must run, in order: integer groups around nodes between DequantizeLinear and QuantizeLinear,
 * clamps fused into their producers, chains of element-wise steps as one table or one pass, everything else as it is. Nodes
 * that nothing needs any more are left out.
 *
 * @throws DiagnosticError EXE301 for an operator that is not supported.
 */
export function buildDrafts(
  context: PlanContext,
  options: LowerOptions & { readonly apart: boolean },
): readonly Draft[] {
  const drafts: Draft[] = [];
  const absorbed = new Set<Node>();
  for (const node of context.graph.nodes) {
    if (absorbed.has(node) || node.outputs.every((id) => id === undefined || context.constants.has(id))) continue;
    const plain = plainDraft(node, context);
    const lowered = integerDraft(plain, context, options);
    let draft: Draft;
    if ('draft' in lowered) draft = lowered.draft;
    else draft = withClamp(lowered.why === undefined ? plain : { ...plain, why: lowered.why }, context);
    for (const member of draft.group) if (member !== node && isAfter(member, draft, context)) absorbed.add(member);
    drafts.push(draft);
  }
  const composed = composeLookups(drafts, context, options);
  return needed(options.apart ? composed : fuseChains(composed, context), context.kept);
}

function plainDraft(node: Node, context: PlanContext): Draft {
  const opset = context.opsets.get(node.domain);
  const def = opset === undefined ? undefined : findOp(node.domain, node.opType, opset);
  if (def === undefined || opset === undefined) throw new DiagnosticError(unsupportedOp(context.file, node, opset));
  const captures = [...new Set(subgraphsOf(node).flatMap((graph) => [...capturesOf(graph)]))];
  const fail = (message: string): never => {
    throw new DiagnosticError(badShapes(context.file, node, message));
  };
  return {
    form: 'float',
    node,
    group: [node],
    def,
    attributes: readAttributes(def.attributes, node.attributes, fail),
    opset,
    inputs: [...node.inputs, ...captures],
    captures,
    outputs: node.outputs,
    clamp: NO_CLAMP,
  };
}

/** `draft` with the ReLU or Clip that alone takes its result. */
function withClamp(draft: Draft, context: PlanContext): Draft {
  const [id] = draft.outputs;
  if (draft.def.fusesClamp !== true || draft.outputs.length !== 1 || id === undefined) return draft;
  const users = context.wiring.consumers.get(id) ?? [];
  const [user] = users;
  if (user === undefined || users.length !== 1 || context.kept.has(id) || user.inputs[0] !== id) return draft;
  const clamp = clampOf(user, context);
  return clamp === undefined ? draft : { ...draft, group: [...draft.group, user], outputs: [user.outputs[0]], clamp };
}

/** Whether a member of a group works on the results of its node, so that nobody else runs it. */
function isAfter(member: Node, draft: Draft, context: PlanContext): boolean {
  const before = new Set(
    draft.node.inputs.map((id) => (id === undefined ? undefined : context.wiring.producer.get(id))),
  );
  return !before.has(member);
}

function needed(drafts: readonly Draft[], kept: ReadonlySet<ValueId>): readonly Draft[] {
  const wanted = new Set<ValueId>(kept);
  const result: Draft[] = [];
  for (const draft of [...drafts].reverse()) {
    if (!draft.outputs.some((id) => id !== undefined && wanted.has(id))) continue;
    for (const id of draft.inputs) if (id !== undefined) wanted.add(id);
    result.push(draft);
  }
  return result.reverse();
}
