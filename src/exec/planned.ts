import { bytesInMemory, isNumericDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { hasStaticDims, type TensorFact } from '../graph/fact.ts';
import type { Graph, ValueId } from '../graph/model.ts';
import type { StorageLayout } from '../ops/opDef.ts';
import { sameBytesInBothLayouts } from '../ops/storage.ts';
import { type ArenaPlan, type Buffer, planArena } from './arena.ts';
import type { Bodies } from './bodies.ts';
import type { PlacedDraft } from './draft.ts';
import type { Judge } from './judge.ts';
import type { Spot } from './memory.ts';
import type { Step } from './program.ts';

/** What an operator packed for its constants. */
export interface Prepared {
  readonly value: unknown;
  readonly release: () => void;
}

/** A step with all that running it takes. */
export interface PlannedStep {
  readonly step: Step;
  readonly draft: PlacedDraft;
  /** What the operator packed for its constants; `release` after the step, which matters where they are streamed. */
  readonly prepare: () => Prepared;
  /** The graphs of a control-flow node. */
  readonly bodies: Bodies | undefined;
  /** Judges real shapes where planning met symbols. */
  readonly judge: Judge | undefined;
  /** Index of the input whose memory the result shares; undefined for none. */
  readonly aliases: number | undefined;
  /** Dims of the result where it is the first input under other, known dims; undefined for all other steps. */
  readonly view: readonly number[] | undefined;
  /** Layouts by output position. */
  readonly outputLayouts: readonly StorageLayout[];
  /** Planned memory by output position; undefined where the shape is not known before the run. */
  readonly spots: readonly (Spot | undefined)[];
  /** Values that nothing needs once this step is done. */
  readonly dying: readonly ValueId[];
}

/** Dims of a result that is its step's first input under other dims known before the run, in C order; else undefined. */
export function viewOf(
  draft: PlacedDraft,
  facts: ReadonlyMap<ValueId, TensorFact>,
  constants: ReadonlyMap<ValueId, Tensor>,
): readonly number[] | undefined {
  const [from] = draft.inputs;
  const [to, more] = draft.outputs;
  if (draft.form !== 'float' || draft.def?.aliases !== 0 || draft.layout !== 'plain') return undefined;
  if (from === undefined || to === undefined || more !== undefined || constants.has(from)) return undefined;
  const [before, after] = [facts.get(from), facts.get(to)];
  if (before === undefined || after === undefined || before.dtype !== after.dtype) return undefined;
  if (!hasStaticDims(before) || !hasStaticDims(after)) return undefined;
  return sizeOf(before.dims) === sizeOf(after.dims) ? after.dims : undefined;
}

export interface MemoryPlan {
  readonly arena: ArenaPlan;
  readonly spots: ReadonlyMap<ValueId, Spot>;
  /** By step. */
  readonly dying: readonly (readonly ValueId[])[];
}

/** The input a placed draft's result shares its memory with. */
export function aliasOf(draft: PlacedDraft, facts: ReadonlyMap<ValueId, TensorFact>): number | undefined {
  if (draft.def !== undefined) return draft.def.aliases;
  const [id] = draft.inputs;
  const fact = id === undefined ? undefined : facts.get(id);
  return fact !== undefined && hasStaticDims(fact) && sameBytesInBothLayouts(fact.dims) ? 0 : undefined;
}

/**
 * Lives of all values and places in the arena for those of known size. Feeds live from the start, graph outputs to the
 * end; values that share memory live as long as the last of them.
 */
export function planMemory(
  graph: Graph,
  steps: readonly PlacedDraft[],
  facts: ReadonlyMap<ValueId, TensorFact>,
  constants: ReadonlyMap<ValueId, Tensor>,
): MemoryPlan {
  const last = new Map<ValueId, number>();
  const root = new Map<ValueId, ValueId>();
  const births = new Map<ValueId, number>();
  for (const id of graph.inputs) if (!constants.has(id)) births.set(id, 0);
  steps.forEach((draft, i) => {
    for (const id of draft.inputs) if (id !== undefined) last.set(id, i);
    const alias = aliasOf(draft, facts);
    const shared = alias === undefined ? undefined : draft.inputs[alias];
    draft.outputs.forEach((id, k) => {
      if (id === undefined) return;
      last.set(id, i);
      if (k === 0 && shared !== undefined) root.set(id, root.get(shared) ?? shared);
      else births.set(id, i);
    });
  });
  for (const id of graph.outputs) last.set(id, steps.length);

  const dying: ValueId[][] = steps.map(() => []);
  for (const [id, at] of last) if (!constants.has(id)) dying[at]?.push(id);

  const deaths = new Map(last);
  for (const [id, r] of root) deaths.set(r, Math.max(deaths.get(r) ?? 0, last.get(id) ?? 0));
  const ids: ValueId[] = [];
  const buffers: Buffer[] = [];
  const spotted: Omit<Spot, 'offset'>[] = [];
  for (const [id, birth] of births) {
    const fact = facts.get(id);
    if (fact === undefined || !hasStaticDims(fact) || !isNumericDType(fact.dtype)) continue;
    const length = sizeOf(fact.dims);
    ids.push(id);
    spotted.push({ dtype: fact.dtype, length });
    buffers.push({ bytes: length * bytesInMemory(fact.dtype), birth, death: deaths.get(id) ?? birth });
  }
  const arena = planArena(buffers);
  const spots = new Map(
    ids.map((id, i) => [id, { ...(spotted[i] as Spot), offset: arena.offsets[i] as number }] as const), // same length
  );
  return { arena, spots, dying };
}
