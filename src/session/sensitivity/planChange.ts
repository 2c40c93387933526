import type { NodeId, ValueId } from '../../graph/model.ts';
import type { QuantPlan } from '../../quant/plan.ts';
import type { Unit } from '../../sensitivity/units.ts';

/** Whether a plan quantizes a unit as `all` does, its inputs and outputs among them, and nothing else. */
export function isUnitAlone(plan: QuantPlan, all: QuantPlan, { members }: Unit): boolean {
  for (const [id, { form }] of plan.nodes) {
    if (members.has(id)) {
      if (form !== all.nodes.get(id)?.form) return false;
    } else if (form !== 'float' && form !== 'skipped') return false;
  }
  if (plan.conversions.length + plan.halves.size > 0 || !sameFolds(plan, all, (id) => members.has(id))) return false;
  if (
    !isEqual(
      plan.weights,
      weightsOf(all, (id) => members.has(id)),
    )
  )
    return false;
  return [...plan.activations.keys()].every((id) => sameRange(plan, all, id));
}

/**
 * What a plan that leaves a unit float does not quantize while `all` does, where that is all there is between them.
 * Undefined: they differ in more.
 */
export function removedWith(plan: QuantPlan, all: QuantPlan, { members }: Unit): ReadonlySet<ValueId> | undefined {
  const isOther = (id: NodeId): boolean => !members.has(id);
  for (const [id, { form, precision, computes }] of plan.nodes) {
    const was = all.nodes.get(id);
    if (!isOther(id)) continue;
    if (form !== was?.form || precision !== was.precision || computes !== was.computes) return undefined;
  }
  if (!isEqual(plan.conversions, all.conversions) || !sameFolds(plan, all, isOther)) return undefined;
  if (!isEqual(plan.weights, weightsOf(all, isOther))) return undefined;
  if (
    !isEqual(
      [...plan.halves],
      [...all.halves].filter(([id]) => isOther(id)),
    )
  )
    return undefined;
  if (![...plan.activations.keys()].every((id) => sameRange(plan, all, id))) return undefined;
  return new Set([...all.activations.keys()].filter((id) => !plan.activations.has(id)));
}

function weightsOf(plan: QuantPlan, has: (id: NodeId) => boolean): QuantPlan['weights'] {
  return plan.weights.filter((w) => has(w.node));
}

/** Whether both fold the same clamps of the nodes that are asked for, and `plan` no others. */
function sameFolds(plan: QuantPlan, all: QuantPlan, has: (id: NodeId) => boolean): boolean {
  return isEqual(
    [...plan.folded],
    [...all.folded].filter(([id]) => has(id)),
  );
}

/** Whether an activation has the same parameters: by the same decision and method. */
function sameRange(plan: QuantPlan, all: QuantPlan, id: ValueId): boolean {
  return isEqual(plan.activations.get(id), all.activations.get(id)) && plan.methods.get(id) === all.methods.get(id);
}

/** Of plain data. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
