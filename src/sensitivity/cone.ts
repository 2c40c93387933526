import type { Program } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';

/** What of a program depends on some of its values. */
export interface Cone {
  /** The values it starts from. */
  readonly starts: ReadonlySet<ValueId>;
  /** What it reads that does not depend on them: given to a run, these and the starts make it run the cone alone. */
  readonly boundary: readonly ValueId[];
  /** Values that depend on the starts, themselves included, with the last step (by index) that reads each; -1 for none. */
  readonly changed: ReadonlyMap<ValueId, number>;
}

/** The cone downstream from `starts`; values that are made of `starts` alone and are among them are not made again. */
export function coneOf(program: Program, starts: ReadonlySet<ValueId>): Cone {
  const { steps, graph, slots } = program;
  const isConstant = (id: ValueId): boolean => graph.values.get(id)?.constant !== undefined;
  const changed = new Map<ValueId, number>([...starts].map((id) => [id, -1]));
  const boundary = new Set<ValueId>();
  for (const { inputs, outputs, index } of steps) {
    if (!inputs.some((id) => id !== undefined && changed.has(id))) continue;
    if (outputs.every((id) => starts.has(id))) continue;
    for (const id of inputs) {
      if (id === undefined) continue;
      if (changed.has(id)) changed.set(id, index);
      else if (!isConstant(id) && slots.has(id)) boundary.add(id);
    }
    for (const id of outputs) if (!changed.has(id)) changed.set(id, -1);
  }
  for (const id of graph.outputs) if (!changed.has(id) && !isConstant(id)) boundary.add(id);
  return { starts, boundary: [...boundary], changed };
}
