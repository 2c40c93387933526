import type { Diagnostic } from '../base/diagnostics.ts';
import { unknownNodeName } from '../config/language/names.ts';
import type { NodeId } from '../graph/model.ts';
import { idleOverride } from '../quant/errors.ts';
import type { NodeOverride } from '../quant/overrides.ts';
import type { QuantPlan } from '../quant/plan.ts';
import type { BuildChoices } from './build.ts';
import type { OpenModel } from './model.ts';
import { modelFacts } from './modelFacts.ts';
import type { Prepared } from './prepared.ts';
import type { Settings } from './settings.ts';
import { targetOf } from './targetSettings.ts';

/** What all plans of a run have in common. */
export function choicesOf(settings: Settings, open: OpenModel, prepared: Prepared): BuildChoices {
  const { target, general, overrides } = settings;
  return { target: targetOf(target), general, overrides: overriddenNodes(open, prepared, overrides) };
}

/** The choices under the other value of strict_reference. */
export function counterpartOf({ counterpart }: Settings, { overrides }: BuildChoices): BuildChoices | undefined {
  return counterpart && { target: targetOf(counterpart.target), general: counterpart.general, overrides };
}

/** Overrides by the prepared node that carries the named one out; of names that meet in one, later words win. */
export function overriddenNodes(
  open: OpenModel,
  prepared: Prepared,
  overrides: ReadonlyMap<string, NodeOverride>,
): Map<NodeId, NodeOverride> {
  const byNode = new Map<NodeId, NodeOverride>();
  for (const [name, override] of overrides) {
    const id = open.nodeByHandle.get(name);
    const owner = id === undefined ? undefined : prepared.ownerOf.get(id);
    if (owner !== undefined) byNode.set(owner.id, { ...byNode.get(owner.id), ...override });
  }
  return byNode;
}

/** Names in node_overrides that no node has, each with what may be meant; and words that change nothing. */
export function checkOverrides(settings: Settings, open: OpenModel, prepared: Prepared, plan: QuantPlan): Diagnostic[] {
  return [...settings.overrides].flatMap(([name, override]) => {
    const at = settings.at('quantscope', 'node_overrides', name);
    const id = open.nodeByHandle.get(name);
    if (id === undefined) return [unknownNodeName(at, 'node_overrides', name, modelFacts(open))];
    const owner = prepared.ownerOf.get(id);
    if (owner === undefined) return [idleOverride(at, name, 'it is computed once from constants')];
    if (settings.skip.includes(name) && override.precision !== 'float32')
      return [idleOverride(at, name, 'skip_quant_node leaves it float')];
    const why = whyIdle(override, plan, owner.id);
    return why === undefined ? [] : [idleOverride(at, name, why)];
  });
}

/** Why the words for a node change nothing; undefined where they do. */
function whyIdle(override: NodeOverride, plan: QuantPlan, node: NodeId): string | undefined {
  const decision = plan.nodes.get(node);
  if (decision === undefined) return 'it is not part of the plan';
  if (override.precision === 'float32') return undefined;
  if (decision.form === 'float') return decision.why;
  const floatsOnly = plan.activations.size === 0; // then every constant in codes is a weight
  const weight = plan.weights.find((w) => w.node === node && (w.product !== undefined || floatsOnly));
  if (override.precision === 'int4' && weight === undefined) return 'it has no constant weight that could have 4 bits';
  if (override.granularity !== undefined && weight === undefined) return 'it has no constant weight';
  return undefined;
}
