import type { Planned } from './planned.ts';
import type { Units } from './units.ts';

/** What is too much to lie side by side. */
export const MANY = 80;
/** Equal groups in a row that become one group. */
const MIN_ROW = 3;
/** Nodes before anything with weights that become one. */
const MIN_PREPARATION = 8;

/**
 * Puts groups around what lies side by side where that is too much: rows of equal groups (`12 × Transformer layer`), then
 * parts, cut where fewest tensors cross.
 */
export function foldedPlan(units: Units, open: Int32Array, plan: readonly Planned[]): readonly Planned[] {
  const rows = withRows(open, withPreparation(units, plan));
  return rows.length <= MANY ? rows : withParts(open, rows);
}

/** Masks, positions and shapes come first, before anything with weights. */
function withPreparation({ isLight }: Units, plan: readonly Planned[]): readonly Planned[] {
  const end = plan.findIndex(({ inner, first }) => inner !== null || isLight[first] === 0);
  return end < MIN_PREPARATION ? plan : [around('Preparation', plan.slice(0, end)), ...plan.slice(end)];
}

function withRows(open: Int32Array, plan: readonly Planned[]): Planned[] {
  const result: Planned[] = [];
  for (let i = 0; i < plan.length; ) {
    const head = plan[i] as Planned;
    let end = i + 1;
    while (head.inner !== null && plan[end]?.inner != null && plan[end]?.label === head.label) end++;
    if (end - i >= MIN_ROW) result.push(around(`${end - i} × ${head.label}`, withParts(open, plan.slice(i, end))));
    else result.push(...plan.slice(i, end));
    i = end;
  }
  return result;
}

function withParts(open: Int32Array, plan: readonly Planned[]): readonly Planned[] {
  if (plan.length <= MANY) return plan;
  const parts = Math.min(MANY / 2, Math.ceil(plan.length / (MANY / 2)));
  const result: Planned[] = [];
  for (let part = 0, from = 0; part < parts; part++) {
    const to = part === parts - 1 ? plan.length : cutNear(open, plan, part + 1, parts);
    const inner = withParts(open, plan.slice(from, to));
    result.push(around('Part', inner));
    from = to;
  }
  return result;
}

/** The place of the best cut around that of equal parts. */
function cutNear(open: Int32Array, plan: readonly Planned[], part: number, parts: number): number {
  const wanted = Math.round((part * plan.length) / parts);
  const reach = Math.floor(plan.length / parts / 3);
  let best = wanted;
  for (let at = wanted - reach; at <= wanted + reach; at++) {
    const crossing = open[plan[at]?.first ?? 0] as number;
    const least = open[plan[best]?.first ?? 0] as number;
    if (crossing < least || (crossing === least && Math.abs(at - wanted) < Math.abs(best - wanted))) best = at;
  }
  return best;
}

function around(label: string, inner: readonly Planned[]): Planned {
  return {
    label,
    name: null,
    block: '',
    first: (inner[0] as Planned).first,
    last: (inner[inner.length - 1] as Planned).last,
    size: inner.reduce((size, planned) => size + planned.size, 0),
    inner,
  };
}
