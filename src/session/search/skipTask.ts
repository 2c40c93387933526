import type { ValueId } from '../../graph/model.ts';
import { type SkipSet, searchSkips } from '../../search/skipSearch.ts';
import type { Unit } from '../../sensitivity/units.ts';
import type { Lab } from '../lab.ts';
import { skippedNodes } from '../skips.ts';
import { type Task, telling } from './tasks.ts';

/** A unit that a skip list can leave float. */
export interface SkipUnit {
  /** What `skip_quant_node` must name for it. */
  readonly handles: readonly string[];
  /** dB of its output, alone on float inputs; mean over the kept samples. Infinity where it is not measured. */
  readonly localSqnrDb: number;
  /** Of its output to the float model's, with all before it quantized. 1 where it is not measured. */
  readonly cosine: number;
}

/** The units of a lab's config that a skip list can leave float, in graph order. */
export function skipUnitsOf(lab: Lab): SkipUnit[] {
  const { open, prepared } = lab.run;
  const nodes = new Map(prepared.graph.nodes.map((n) => [n.id, n] as const));
  return lab.units().flatMap((unit): SkipUnit[] => {
    const named = [...unit.members].flatMap((id) => lab.userNode(nodes.get(id) ?? { id, origin: [] })?.handle ?? []);
    const handles = [...new Set(named)];
    if (!skippedNodes(open, prepared, handles).has(unit.node)) return [];
    return [{ handles, ...figuresOf(lab, unit) }];
  });
}

/**
 * Leaves units float, as few as reach the goal.
 *
 * @param words of `node_overrides` by name: those of a unit, which would have no effect, go as it becomes float.
 */
export function skipTask(units: readonly SkipUnit[], words: ReadonlyMap<string, string> = new Map()): Task {
  const handlesOf = (set: SkipSet) => units.flatMap((unit, i) => (set.has(i) ? unit.handles : []));
  return async (tools) => {
    const told = telling<SkipSet>(tools, (set) => {
      const handles = handlesOf(set);
      if (set.size === 0) return { handles, change: {} };
      const worded = handles.filter((handle) => words.has(handle));
      const overrides = Object.fromEntries(worded.map((handle) => [handle, '']));
      return { handles, change: { skip: handles, ...(worded.length > 0 && { overrides }) } };
    });
    const orders = [sorted(units, (u) => u.localSqnrDb), sorted(units, (u) => u.cosine)];
    const { ended } = await searchSkips({ ...told, units: units.length, orders });
    return ended;
  };
}

/** Indices, those of the lowest figure first. */
function sorted(units: readonly SkipUnit[], figure: (unit: SkipUnit) => number): number[] {
  const figures = units.map(figure);
  return units.map((_, i) => i).sort((a, b) => compare(figures[a], figures[b]));
}

function compare(a = Number.NaN, b = Number.NaN): number {
  return a === b ? 0 : a - b;
}

function figuresOf({ run, result }: Lab, unit: Unit): Pick<SkipUnit, 'localSqnrDb' | 'cosine'> {
  const outputs = run.prepared.graph.nodes.find((n) => n.id === unit.last)?.outputs ?? [];
  const made = outputs.filter((id): id is ValueId => id !== undefined);
  const db = made.flatMap((id) => [...(result.local.get(id) ?? [])]);
  const cosines = made.flatMap((id) => result.evaluation.values.get(id)?.cosine ?? []);
  return {
    localSqnrDb: db.length === 0 ? Number.POSITIVE_INFINITY : db.reduce((a, b) => a + b, 0) / db.length,
    cosine: Math.min(1, ...cosines),
  };
}
