import type { Facts } from '../graph/fact.ts';
import type { Graph, Node, NodeId } from '../graph/model.ts';
import { subgraphsOf } from '../graph/topo.ts';
import { choiceOf, type GeneralChoice, type NodeChoice } from './choices.ts';
import type { NodeOverride, NodePrecision } from './overrides.ts';
import type { HalfType, NodeDecision, QuantPlan } from './plan.ts';
import { PlanDraft } from './planDraft.ts';
import type { Target, Treatment } from './targets.ts';
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
  return { arithmetic: target.arithmetic, activations, conversions, weights, halves, folded, methods, nodes };
}

const SKIPPED = 'listed in skip_quant_node';

function decide(draft: PlanDraft, node: Node, options: PlanOptions): NodeDecision {
  const override = options.overrides.get(node.id) ?? {};
  const choice = choiceOf(options.general, override);
  const { precision } = choice;
  if (precision === 'float32')
    return { form: 'float', canSkip: false, precision, why: 'left in float32 by node_overrides' };
  if (precision === 'float16' || precision === 'bfloat16') return halve(draft, node, precision, options);
  const treatment = node.domain === '' ? options.target.treatments[node.opType] : undefined;
  const float = (why: string): NodeDecision => ({ form: 'float', canSkip: false, precision: 'float32', why });
  if (treatment === undefined) return float(`target ${options.target.name} does not quantize ${node.opType}`);
  const reason = floatReason(draft, node, treatment);
  if (reason !== undefined) return float(reason);
  if (options.skip.has(node.id)) return { form: 'skipped', canSkip: true, precision: 'float32', why: SKIPPED };
  const parts: TreatParts = { draft, node, choice, override, opsets: options.opsets };
  const treated = treat(treatment, parts);
  return { canSkip: true, precision: precisionOf(treated.form, choice), ...treated };
}

function precisionOf(form: NodeDecision['form'], { precision }: NodeChoice): NodePrecision {
  return form === 'float' ? 'float32' : precision;
}

/** Why a node of a treated type stays float whatever the user says; undefined when it can be quantized. */
function floatReason(draft: PlanDraft, node: Node, treatment: Treatment): string | undefined {
  const data = node.inputs[0];
  if (data === undefined) return 'it has no input';
  const dtype = draft.facts.get(data)?.dtype;
  if (dtype !== 'float32') return `its input is ${dtype ?? 'of unknown type'}, not float32`;
  if (treatment === 'shares' && !draft.hasCodes(data))
    return `it only moves data, and its input ${draft.nameOf(data)} is not quantized`;
  if (treatment === 'clamp' && !draft.hasCodes(data))
    return `its input ${draft.nameOf(data)} is not quantized, so there is no code range to clamp to`;
  return undefined;
}

/** Inputs that are measures rather than data and keep their type, by operator. */
const MEASURES: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2], Upsample: [1] };

/** Any operator on floats can be rounded: it computes in float32 on values of the narrow type. */
function halve(draft: PlanDraft, node: Node, type: HalfType, { skip }: PlanOptions): NodeDecision {
  const kept = MEASURES[node.opType] ?? [];
  const inputs = [...node.inputs.keys()].filter((i) => draft.isFloat(node.inputs[i]) && !kept.includes(i));
  const outputs = [...node.outputs.keys()].filter((i) => draft.isFloat(node.outputs[i]));
  const float = (why: string): NodeDecision => ({ form: 'float', canSkip: false, precision: 'float32', why });
  if (subgraphsOf(node).length > 0) return float(`${node.opType} runs graphs of its own, which are not rounded`);
  if (outputs.length === 0) return float(`it makes no float32 output that could be rounded to ${type}`);
  if (skip.has(node.id)) return { form: 'skipped', canSkip: true, precision: 'float32', why: SKIPPED };
  draft.halves.set(node.id, { type, inputs, outputs });
  return { form: 'half', canSkip: true, precision: type, why: `computes on values rounded to ${type}` };
}
