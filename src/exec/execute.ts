import type { AbortSignalLike } from '../base/abort.ts';
import { type DType, type DTypeArrays, isNumericDType, type NumericDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { AttributeSpecs, RunContext, StorageLayout } from '../ops/opDef.ts';
import { convertInto, logicalDims, physicalDims } from '../ops/storage.ts';
import { runFailed } from './errors.ts';
import { type Block, overlaps, type RunMemory, type Spot } from './memory.ts';
import type { PlannedStep } from './planned.ts';
import { isStreamed } from './streaming.ts';

/** A computed tensor and the memory it lies in; no block for strings and for memory that is not ours to give back. */
export interface Held {
  readonly tensor: Tensor;
  readonly layout: StorageLayout;
  readonly block: Block | undefined;
}

export interface ExecuteOptions {
  readonly file: string;
  readonly kernels: KernelSet;
  readonly memory: RunMemory;
  /** Planned places of the outputs; an empty list puts all of them on the heap. */
  readonly spots: readonly (Spot | undefined)[];
  layoutOf(output: number): StorageLayout;
  /** Checked by the bodies of control flow. */
  readonly signal?: AbortSignalLike | undefined;
}

/** Computes one step from its inputs as they lie in memory; outputs by position. */
export function executeStep(
  planned: PlannedStep,
  inputs: readonly (Held | undefined)[],
  options: ExecuteOptions,
): readonly Held[] {
  if (planned.draft.def === undefined) return [changeLayout(planned, inputs[0], options)];
  const prepared = planned.prepare();
  try {
    const context = contextOf(planned, inputs, prepared.value, options);
    const form = planned.draft.form === 'integer' ? planned.draft.def.integer : planned.draft.def;
    const results = form?.run(context as never) ?? []; // prepared was made by the same definition
    const held = results.map((t, i) => hold(t, i, planned, inputs, context, options));
    dropUnused(context, held, options.memory);
    options.memory.endStep();
    return held;
  } finally {
    prepared.release();
  }
}

/** What a step's `run` gets, and the memory it asked for by output. Free of `this`: operators may wrap it. */
interface StepContext extends RunContext<AttributeSpecs> {
  readonly blocks: ReadonlyMap<number, Block>;
  block(index: number, dtype: NumericDType, length: number): Block;
}

function contextOf(
  planned: PlannedStep,
  inputs: readonly (Held | undefined)[],
  prepared: unknown,
  { file, kernels, memory, spots, signal }: ExecuteOptions,
): StepContext {
  const { draft, bodies } = planned;
  const blocks = new Map<number, Block>();
  const own = inputs.length - draft.captures.length;
  const tensors = inputs.slice(0, own).map((h) => h?.tensor);
  const fail = (message: string): never => {
    throw runFailed(file, draft.node, message);
  };
  const block = (index: number, dtype: NumericDType, length: number): Block => {
    const earlier = blocks.get(index);
    if (earlier !== undefined) memory.drop({ ...earlier, values: 1 }, { poison: false });
    const spot = spots[index];
    const fits = spot !== undefined && spot.length === length && spot.dtype === dtype;
    const made = fits ? memory.planned(spot) : memory.heap(dtype, length);
    blocks.set(index, made);
    return made;
  };
  return {
    attributes: draft.attributes,
    kernels,
    inputs: tensors,
    outputCount: draft.outputs.length,
    opset: draft.opset,
    layout: draft.layout,
    prepared,
    clamp: draft.clamp,
    blocks,
    block,
    input: (index) => tensors[index] ?? fail(`input ${index} is missing`),
    output: <D extends DType>(index: number, dtype: D, dims: readonly number[]): Tensor<D> => {
      const length = sizeOf(dims);
      if (!isNumericDType(dtype)) return tensor(dtype, dims, new Array(length).fill('') as never); // not a typed array
      const { data } = block(index, dtype as NumericDType, length); // others were returned above
      return tensor(dtype, dims, data as DTypeArrays[D]); // a block is of the dtype asked for
    },
    scratch: (dtype, length) => memory.scratch(dtype, length),
    body: (name, given) => {
      const outer = new Map<ValueId, Tensor>();
      draft.captures.forEach((id, i) => {
        const held = inputs[own + i];
        if (held !== undefined) outer.set(id, held.tensor);
      });
      return bodies?.run(name, given, outer, signal) ?? fail(`the node has no graph ${name}`);
    },
    fail,
  };
}

/** Gives back memory that was asked for and did not become an output. */
function dropUnused(context: StepContext, outputs: readonly Held[], memory: RunMemory): void {
  for (const block of context.blocks.values()) {
    if (!outputs.some((h) => h.block === block)) memory.drop({ ...block, values: 1 }, { poison: false });
  }
}

/** Finds out whose memory a result lies in; one that sits on an input's memory unannounced is copied out of it. */
function hold(
  t: Tensor,
  index: number,
  planned: PlannedStep,
  inputs: readonly (Held | undefined)[],
  context: StepContext,
  options: ExecuteOptions,
): Held {
  const layout = t.dims.length === 4 ? options.layoutOf(index) : 'plain';
  for (const block of context.blocks.values()) if (overlaps(block.data, t.data)) return { tensor: t, layout, block };
  const source = inputs.find((h) => h !== undefined && !isStreamed(h.tensor) && overlaps(h.tensor.data, t.data));
  if (source === undefined || !isNumericDType(t.dtype)) return { tensor: t, layout, block: undefined };
  const announced = planned.aliases === undefined ? undefined : inputs[planned.aliases];
  if (announced === source && index === 0) return { tensor: t, layout, block: source.block };
  const block = context.block(index, t.dtype, sizeOf(t.dims));
  (block.data as Float32Array).set(t.data as Float32Array); // both of dtype t.dtype
  return { tensor: { ...t, data: block.data } as Tensor, layout, block };
}

function changeLayout(planned: PlannedStep, input: Held | undefined, options: ExecuteOptions): Held {
  const { node, layout } = planned.draft;
  if (input === undefined || !isNumericDType(input.tensor.dtype)) {
    throw runFailed(options.file, node, 'a layout step has no numbers to convert');
  }
  const { tensor: t, layout: from } = input;
  const dims = physicalDims(logicalDims(t.dims, from), layout);
  if (planned.aliases === 0) return { tensor: { ...t, dims } as Tensor, layout, block: input.block };
  const spot = options.spots[0];
  const length = sizeOf(dims);
  const fits = spot !== undefined && spot.length === length;
  const block = fits ? options.memory.planned(spot) : options.memory.heap(input.tensor.dtype, length);
  convertInto(t, from, layout, block.data, options.kernels);
  return { tensor: { ...t, dims, data: block.data } as Tensor, layout, block };
}
