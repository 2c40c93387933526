import type { Facts } from '../graph/fact.ts';
import type { Graph, Node, NodeId } from '../graph/model.ts';
import { subgraphsOf } from '../graph/topo.ts';
import { choiceOf, type GeneralChoice, type NodeChoice } from './choices.ts';
import type { NodeOverride, NodePrecision } from './overrides.ts';
import type { Fold, HalfType, NodeDecision, QuantPlan } from './plan.ts';
import { PlanDraft } from './planDraft.ts';
import type { Target } from './targets.ts';
import { type TreatParts, treat } from './treatments.ts';

export interface PlanOptions {
  readonly target: Target;
  readonly general: GeneralChoice;
  /** Nodes of the prepared graph with a choice of their own. */
  readonly overrides: ReadonlyMap<NodeId, NodeOverride>;
  /** Nodes of the prepared graph that stay float on the user's wish; this goes before a choice of their own. */
  readonly skip: ReadonlySet<NodeId>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly facts: Facts;
}

/**
 * Decides what is quantized, in the order of the graph: a node asks for its tensors, data movement follows its input, a
 * clamp after a quantized producer folds into it. Nodes of unlike codes convert on the edges between them.
 */
export function planQuantization(graph: Graph, options: PlanOptions): QuantPlan {
  const { target, facts } = options;
  const draft = new PlanDraft(graph, { facts, castsAt: target.castsAt });
  for (const node of graph.nodes) draft.nodes.set(node.id, decide(draft, node, options));
  const { activations, conversions, weights, halves, folded, methods, nodes } = draft;
  const { arithmetic, biases } = target;
  return { arithmetic, biases, activations, conversions, weights, halves, folded, methods, nodes };
}

const SKIPPED = 'listed in skip_quant_node';

function decide(draft: PlanDraft, node: Node, options: PlanOptions): NodeDecision {
  const override = options.overrides.get(node.id) ?? {};
  const choice = choiceOf(options.general, override);
  const { precision } = choice;
  if (precision === 'float32')
    return { form: 'float', canSkip: false, precision, why: 'left in float32 by node_overrides' };
  if (precision === 'float16' || precision === 'bfloat16') return halve(draft, node, precision, options);
  const fold = draft.folded.get(node.id);
  if (fold !== undefined) return foldedDecision(draft, fold, choice);
  const selection = options.target.treatmentOf(node, draft);
  if ('float' in selection) return { form: 'float', canSkip: false, precision: 'float32', why: selection.float };
  if (options.skip.has(node.id)) return { form: 'skipped', canSkip: true, precision: 'float32', why: SKIPPED };
  const perChannel = choice.perChannel && selection.perLayer !== true;
  const fusedClamp = clampToFuse(draft, node, choice, options);
  const clampWords = fusedClamp && options.overrides.get(fusedClamp.id);
  const method = clampWords?.method ?? choice.method;
  const range = clampWords?.range ?? choice.range;
  const parts: TreatParts = {
    draft,
    node,
    choice: { ...choice, perChannel, method, range },
    override,
    fusedClamp,
    opsets: options.opsets,
  };
  const treated = treat(selection.treatment, parts);
  return { canSkip: true, precision: precisionOf(treated.form, choice), ...treated };
}

/** A clamp that its producer took along. */
function foldedDecision(draft: PlanDraft, { from }: Fold, { precision }: NodeChoice): NodeDecision {
  const producer = draft.wiring.producer.get(from)?.handle ?? '';
  return { form: 'folded', canSkip: true, precision, why: `runs as the activation of ${producer}` };
}

/** The clamp that a target runs as a node's activation, unless the user wants it apart or in other codes. */
function clampToFuse(draft: PlanDraft, node: Node, choice: NodeChoice, options: PlanOptions): Node | undefined {
  const clamp = options.target.fusedClamp?.(node, draft);
  if (clamp === undefined || options.skip.has(clamp.id)) return undefined;
  const { precision = choice.precision, symmetry = choice.output.mapping } = options.overrides.get(clamp.id) ?? {};
  return precision === choice.precision && symmetry === choice.output.mapping ? clamp : undefined;
}

function precisionOf(form: NodeDecision['form'], { precision }: NodeChoice): NodePrecision {
  return form === 'float' ? 'float32' : precision;
}

/** Any operator on floats can be rounded: it computes in float32 on values of the narrow type. */
function halve(draft: PlanDraft, node: Node, type: HalfType, { skip }: PlanOptions): NodeDecision {
  const inputs = draft.dataInputs(node);
  const outputs = [...node.outputs.keys()].filter((i) => draft.isFloat(node.outputs[i]));
  const float = (why: string): NodeDecision => ({ form: 'float', canSkip: false, precision: 'float32', why });
  if (subgraphsOf(node).length > 0) return float(`${node.opType} runs graphs of its own, which are not rounded`);
  if (outputs.length === 0) return float(`it makes no float32 output that could be rounded to ${type}`);
  if (skip.has(node.id)) return { form: 'skipped', canSkip: true, precision: 'float32', why: SKIPPED };
  draft.halves.set(node.id, { type, inputs, outputs });
  return { form: 'half', canSkip: true, precision: type, why: `computes on values rounded to ${type}` };
}
