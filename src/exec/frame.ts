import type { AbortSignalLike } from '../base/abort.ts';
import { type DType, type DTypeArrays, isNumericDType, type NumericDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import type { ClampRange, KernelSet } from '../kernels/kernelSet.ts';
import type { AttributeSpecs, AttributeValues, RunContext, StorageLayout } from '../ops/opDef.ts';
import { runFailed } from './errors.ts';
import { type Block, overlaps, type RunMemory } from './memory.ts';
import type { PlannedStep } from './planned.ts';
import { isStreamed } from './streaming.ts';

/** A computed tensor and the memory it lies in; no block for strings and for memory that is not ours to give back. */
export interface Held {
  readonly tensor: Tensor;
  readonly layout: StorageLayout;
  readonly block: Block | undefined;
}

/** What one execution of a step is given. */
export interface Given {
  readonly inputs: readonly (Held | undefined)[];
  readonly prepared: unknown;
  /** Puts all results on the heap, not in their planned places. */
  readonly onHeap: boolean;
  /** Checked by the bodies of control flow. */
  readonly signal: AbortSignalLike | undefined;
}

/**
 * What a step's `run` gets, and the memory it asks for by output. One per step, used by every run: making one takes as long
 * as a small operator. Its functions need no `this`: operators may wrap it.
 */
export class StepFrame implements RunContext<AttributeSpecs> {
  readonly attributes: AttributeValues<AttributeSpecs>;
  readonly kernels: KernelSet;
  readonly outputCount: number;
  readonly opset: number;
  readonly layout: StorageLayout;
  readonly clamp: ClampRange;
  inputs: readonly (Tensor | undefined)[] = [];
  prepared: unknown;
  readonly #planned: PlannedStep;
  readonly #memory: RunMemory;
  readonly #file: string;
  readonly #blocks: (Block | undefined)[] = [];
  #given: Given = { inputs: [], prepared: undefined, onHeap: false, signal: undefined };

  constructor(
    planned: PlannedStep,
    { file, kernels, memory }: { file: string; kernels: KernelSet; memory: RunMemory },
  ) {
    const { draft } = planned;
    this.attributes = draft.attributes;
    this.kernels = kernels;
    this.outputCount = draft.outputs.length;
    this.opset = draft.opset;
    this.layout = draft.layout;
    this.clamp = draft.clamp;
    this.#planned = planned;
    this.#memory = memory;
    this.#file = file;
  }

  /** Computes the step; outputs by position. */
  execute(given: Given): readonly Held[] {
    const { draft, judge } = this.#planned;
    judge?.(given.inputs, this.fail);
    const own = given.inputs.length - draft.captures.length;
    const tensors: (Tensor | undefined)[] = [];
    for (let i = 0; i < own; i++) tensors.push(given.inputs[i]?.tensor);
    this.inputs = tensors;
    this.prepared = given.prepared;
    this.#given = given;
    this.#blocks.length = 0;
    const form = draft.form === 'integer' ? draft.def?.integer : draft.def;
    const results = form?.run(this as never) ?? []; // prepared was made by the same definition
    const held: Held[] = [];
    for (const [i, t] of results.entries()) held.push(this.#hold(t, i));
    this.#dropUnused(held);
    this.#memory.endStep();
    return held;
  }

  readonly input = (index: number): Tensor => this.inputs[index] ?? this.fail(`input ${index} is missing`);

  readonly output = <D extends DType>(index: number, dtype: D, dims: readonly number[]): Tensor<D> => {
    const length = sizeOf(dims);
    if (!isNumericDType(dtype)) return tensor(dtype, dims, new Array(length).fill('') as never); // not a typed array
    const { data } = this.#block(index, dtype as NumericDType, length); // others were returned above
    return tensor(dtype, dims, data as DTypeArrays[D]); // a block is of the dtype asked for
  };

  readonly scratch = <D extends NumericDType>(dtype: D, length: number): DTypeArrays[D] =>
    this.#memory.scratch(dtype, length);

  readonly body = (name: string, given: readonly Tensor[]): readonly Tensor[] => {
    const { draft, bodies } = this.#planned;
    const { inputs, signal } = this.#given;
    const own = inputs.length - draft.captures.length;
    const outer = new Map<ValueId, Tensor>();
    draft.captures.forEach((id, i) => {
      const held = inputs[own + i];
      if (held !== undefined) outer.set(id, held.tensor);
    });
    return bodies?.run(name, given, outer, signal) ?? this.fail(`the node has no graph ${name}`);
  };

  readonly fail = (message: string): never => {
    throw runFailed(this.#file, this.#planned.draft.node, message);
  };

  #block(index: number, dtype: NumericDType, length: number): Block {
    const earlier = this.#blocks[index];
    if (earlier !== undefined) this.#memory.drop({ ...earlier, values: 1 }, { poison: false });
    const spot = this.#given.onHeap ? undefined : this.#planned.spots[index];
    const fits = spot !== undefined && spot.length === length && spot.dtype === dtype;
    const made = fits ? this.#memory.planned(spot) : this.#memory.heap(dtype, length);
    this.#blocks[index] = made;
    return made;
  }

  /** Finds out whose memory a result lies in; one that sits on an input's memory unannounced is copied out of it. */
  #hold(t: Tensor, index: number): Held {
    const layout = t.dims.length === 4 ? (this.#planned.outputLayouts[index] ?? 'plain') : 'plain';
    const own = this.#blocks[index];
    if (own !== undefined && own.data === t.data) return { tensor: t, layout, block: own };
    for (const block of this.#blocks)
      if (block !== undefined && overlaps(block.data, t.data)) return { tensor: t, layout, block };
    const { inputs } = this.#given;
    const source = inputs.find((h) => h !== undefined && !isStreamed(h.tensor) && overlaps(h.tensor.data, t.data));
    if (source === undefined || !isNumericDType(t.dtype)) return { tensor: t, layout, block: undefined };
    const announced = this.#planned.aliases === undefined ? undefined : inputs[this.#planned.aliases];
    if (announced === source && index === 0) return { tensor: t, layout, block: source.block };
    const block = this.#block(index, t.dtype, sizeOf(t.dims));
    (block.data as Float32Array).set(t.data as Float32Array); // both of dtype t.dtype
    return { tensor: { ...t, data: block.data } as Tensor, layout, block };
  }

  /** Gives back memory that was asked for and did not become an output. */
  #dropUnused(outputs: readonly Held[]): void {
    for (const block of this.#blocks) {
      if (block === undefined || outputs.some((h) => h.block === block)) continue;
      this.#memory.drop({ ...block, values: 1 }, { poison: false });
    }
  }
}
