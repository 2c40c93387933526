import { throwIfAborted } from '../base/abort.ts';
import { invariant } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim, Graph, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { converted, copied } from '../ops/storage.ts';
import { missingFeed, wrongFeed } from './errors.ts';
import { type ExecuteOptions, executeStep } from './execute.ts';
import type { Held } from './frame.ts';
import type { RunMemory, Spot } from './memory.ts';
import type { PlannedStep } from './planned.ts';
import type { Run, RunOptions, Slot, Step, Stored } from './program.ts';

/** What runs of one program share. */
export interface RunParts {
  readonly file: string;
  readonly graph: Graph;
  readonly kernels: KernelSet;
  readonly memory: RunMemory;
  readonly planned: readonly PlannedStep[];
  readonly slots: ReadonlyMap<ValueId, Slot>;
  readonly spots: ReadonlyMap<ValueId, Spot>;
  /** Constants as the steps take them, those in another layout included. */
  readonly constants: ReadonlyMap<ValueId, Held>;
  /** Which steps a run takes that asks for the graph outputs alone. */
  readonly needed: readonly boolean[];
}

/** Which steps make something that is wanted and not given. */
export function neededSteps(
  planned: readonly PlannedStep[],
  wanted: Set<ValueId>,
  given: ReadonlyMap<ValueId, unknown>,
): readonly boolean[] {
  const runs = new Array<boolean>(planned.length).fill(false);
  for (let i = planned.length - 1; i >= 0; i--) {
    const draft = planned[i]?.draft;
    if (!draft?.outputs.some((id) => id !== undefined && wanted.has(id) && !given.has(id))) continue;
    runs[i] = true;
    for (const id of draft.inputs) if (id !== undefined) wanted.add(id);
  }
  return runs;
}

/** One pass over a program. A value dies with the `advance` after the one that ran its last consumer. */
export class ProgramRun implements Run {
  readonly #parts: RunParts;
  readonly #options: RunOptions;
  readonly #values = new Map<ValueId, Held>();
  #runs: readonly boolean[];
  readonly #execute: ExecuteOptions;
  #at = 0;
  #dying: ValueId[] = [];

  constructor(parts: RunParts, feeds: ReadonlyMap<ValueId, Tensor>, options: RunOptions) {
    this.#parts = parts;
    this.#options = options;
    const { file, kernels, memory } = parts;
    this.#execute = { file, kernels, memory, onHeap: false, signal: options.signal };
    memory.startRun();
    if (options.given !== undefined) this.#give(options.given);
    const isPlain = options.given === undefined && options.wanted === undefined;
    const outputs = options.onlyWanted ? [] : parts.graph.outputs;
    const wanted = (): Set<ValueId> => new Set([...outputs, ...(options.wanted ?? [])]);
    this.#runs = isPlain ? parts.needed : neededSteps(parts.planned, wanted(), this.#values);
    for (const id of parts.graph.inputs) if (!parts.constants.has(id)) this.#feed(id, feeds);
    this.#skip();
  }

  get next(): Step | undefined {
    return this.#parts.planned[this.#at]?.step;
  }

  get left(): number {
    let left = 0;
    for (let i = this.#at; i < this.#runs.length; i++) if (this.#runs[i]) left++;
    return left;
  }

  narrow(given: ReadonlyMap<ValueId, Stored>, wanted: ReadonlySet<ValueId>): void {
    this.#bury();
    this.#give(given);
    this.#runs = neededSteps(this.#parts.planned, new Set(wanted), this.#values);
    this.#skip();
  }

  advance(): Step | undefined {
    this.#bury();
    const planned = this.#parts.planned[this.#at];
    if (planned === undefined) return undefined;
    throwIfAborted(this.#options.signal);
    this.#options.onStep?.(planned.step);
    const { inputs: ids, outputs: made } = planned.draft;
    const inputs: (Held | undefined)[] = [];
    for (const id of ids) inputs.push(id === undefined ? undefined : this.#held(id));
    const outputs = executeStep(planned, inputs, this.#execute);
    for (let i = 0; i < made.length; i++) {
      const [id, held] = [made[i], outputs[i]];
      if (held === undefined) continue;
      if (held.block !== undefined) held.block.values++;
      if (id === undefined || this.#values.has(id)) this.#drop(held);
      else this.#values.set(id, held);
    }
    this.#dying.push(...planned.dying);
    this.#at++;
    this.#skip();
    return planned.step;
  }

  value(id: ValueId): Stored | undefined {
    return this.#values.get(id) ?? this.#parts.constants.get(id);
  }

  finish(): ReadonlyMap<ValueId, Tensor> {
    while (this.advance() !== undefined);
    const outputs = new Map<ValueId, Tensor>();
    for (const id of this.#parts.graph.outputs) {
      const stored = this.value(id);
      invariant(stored !== undefined, `graph output ${id} was computed`);
      const plain = converted(stored.tensor, stored.layout, 'plain');
      outputs.set(id, plain.data === stored.tensor.data ? copied(plain) : plain);
    }
    return outputs;
  }

  /** What is there already stays. */
  #give(given: ReadonlyMap<ValueId, Stored>): void {
    for (const [id, { tensor, layout }] of given) {
      const slot = this.#parts.slots.get(id);
      invariant(slot !== undefined && slot.layout === layout, `value ${id} is given in the layout of its slot`);
      if (!this.#values.has(id)) this.#values.set(id, { tensor, layout, block: undefined });
    }
  }

  /** Moves to the next step that runs; the values the skipped ones would have been the last to use die too. */
  #skip(): void {
    const { planned } = this.#parts;
    while (this.#at < planned.length && this.#runs[this.#at] === false) {
      this.#dying.push(...(planned[this.#at]?.dying ?? []));
      this.#at++;
    }
  }

  #bury(): void {
    for (const id of this.#dying) {
      const held = this.#values.get(id);
      if (held === undefined) continue;
      this.#values.delete(id);
      this.#drop(held);
    }
    this.#dying = [];
  }

  #drop(held: Held): void {
    if (held.block !== undefined) this.#parts.memory.drop(held.block, { poison: this.#options.poison === true });
  }

  #held(id: ValueId): Held {
    const held = this.#values.get(id);
    if (held !== undefined) return held;
    const constant = this.#parts.constants.get(id);
    invariant(constant !== undefined, `value ${id} is alive`);
    return constant;
  }

  /** Checks a feed and copies it into its planned place. */
  #feed(id: ValueId, feeds: ReadonlyMap<ValueId, Tensor>): void {
    if (this.#values.has(id)) return;
    const { graph, slots, spots, memory, file } = this.#parts;
    const name = graph.values.get(id)?.name ?? '';
    const feed = feeds.get(id);
    const slot = slots.get(id);
    if (feed === undefined) {
      if (!this.#isUsed(id)) return;
      throw missingFeed(
        file,
        name,
        [...feeds.keys()].map((f) => graph.values.get(f)?.name ?? String(f)),
      );
    }
    invariant(slot !== undefined, `input ${name} has a slot`);
    if (feed.dtype !== slot.dtype || !fits(feed.dims, slot.dims)) {
      const expected = `${slot.dtype} ${formatDims(slot.dims ?? ['?'])}`;
      throw wrongFeed(file, name, `${feed.dtype} ${formatDims(feed.dims)}`, expected);
    }
    const spot = spots.get(id);
    if (spot === undefined) {
      this.#values.set(id, { tensor: feed, layout: 'plain', block: undefined });
      return;
    }
    const block = memory.planned(spot);
    block.values = 1;
    (block.data as Float32Array).set(feed.data as Float32Array); // both of dtype feed.dtype
    this.#values.set(id, { tensor: { ...feed, data: block.data } as Tensor, layout: 'plain', block });
  }

  #isUsed(id: ValueId): boolean {
    const { planned, graph } = this.#parts;
    const isAsked = this.#options.onlyWanted ? this.#options.wanted?.has(id) === true : graph.outputs.includes(id);
    return isAsked || planned.some((p, i) => this.#runs[i] === true && p.draft.inputs.includes(id));
  }
}

/** Whether `dims` are a case of planned ones, whose symbols stand for any length. */
function fits(dims: readonly number[], planned: readonly Dim[] | undefined): boolean {
  if (planned === undefined) return true;
  return planned.length === dims.length && planned.every((d, i) => typeof d === 'string' || d === dims[i]);
}

/** Executes one step outside any run; its results lie on the heap and are copied out. See {@link Program.runStep}. */
export function useStep<T>(
  parts: RunParts,
  step: Step,
  given: ReadonlyMap<ValueId, Stored>,
  use: (made: Stored) => T,
): T {
  const { planned: all, memory, kernels, file, constants } = parts;
  const planned = all[step.index];
  invariant(planned?.step === step, 'the step is one of this program');
  const inputs = planned.draft.inputs.map((id): Held | undefined => {
    if (id === undefined) return undefined;
    const stored = given.get(id) ?? constants.get(id);
    invariant(stored !== undefined, `value ${id} is given`);
    return { ...stored, block: undefined };
  });
  const outputs = executeStep(planned, inputs, { file, kernels, memory, onHeap: true, signal: undefined });
  const [first] = outputs;
  invariant(first !== undefined, 'a step has an output');
  try {
    return use({ layout: first.layout, tensor: first.tensor });
  } finally {
    for (const held of outputs)
      if (held.block !== undefined) memory.drop({ ...held.block, values: 1 }, { poison: false });
  }
}
