import type { Graph, ValueId } from '../../graph/model.ts';
import type { QdqAssignment } from '../../passes/insertQdq.ts';
import type { Unit } from '../../sensitivity/units.ts';

export interface PartChoice {
  readonly unit: Unit;
  readonly mode: 'layerwise' | 'leaveOneOut';
  readonly part: 'activations' | 'weights';
}

/**
 * Codes of one part of a unit alone (layerwise), or all but those (leaveOneOut): `weights` are its constants, the bias
 * among them; `activations` are, alone, what it reads and makes, and, left out, what it makes: what it reads are codes of
 * others. Undefined where the unit has no such part.
 */
export function partAssignment(
  graph: Graph,
  all: QdqAssignment,
  { unit, mode, part }: PartChoice,
): QdqAssignment | undefined {
  const { members } = unit;
  const nodes = graph.nodes.filter((n) => members.has(n.id));
  const named = (ids: readonly (ValueId | undefined)[]): ValueId[] => ids.filter((id) => id !== undefined);
  const inputs = new Set(nodes.flatMap((n) => named(n.inputs)));
  const outputs = new Set(nodes.filter((n) => n.id === unit.last).flatMap((n) => named(n.outputs)));
  const own = all.constants.filter((c) => members.has(c.node));
  if (part === 'weights' && own.length === 0) return undefined;
  if (mode === 'leaveOneOut') {
    if (part === 'weights') return { ...all, constants: all.constants.filter((c) => !members.has(c.node)) };
    const activations = new Map([...all.activations].filter(([id]) => !outputs.has(id)));
    if (activations.size === all.activations.size) return undefined;
    return { ...all, activations, folded: new Map([...all.folded].filter(([id]) => !members.has(id))) };
  }
  const none = { activations: new Map(), conversions: [], constants: [], halves: new Map(), folded: new Map() };
  if (part === 'weights') return { ...none, constants: own };
  const isOwn = (id: ValueId): boolean => inputs.has(id) || outputs.has(id);
  const activations = new Map([...all.activations].filter(([id]) => isOwn(id)));
  const conversions = all.conversions.flatMap((c) => {
    const uses = c.uses.filter((u) => members.has(u.node));
    return uses.length === 0 ? [] : [{ ...c, uses }];
  });
  if (activations.size + conversions.length === 0) return undefined;
  return { ...none, activations, conversions, folded: new Map([...all.folded].filter(([id]) => members.has(id))) };
}
