import type { AbortSignalLike } from '../base/abort.ts';
import { isNumericDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { convertInto, logicalDims, physicalDims } from '../ops/storage.ts';
import { runFailed } from './errors.ts';
import { type Held, StepFrame } from './frame.ts';
import type { RunMemory } from './memory.ts';
import type { PlannedStep } from './planned.ts';

/** What all steps of a program run with. */
export interface ExecuteOptions {
  readonly file: string;
  readonly kernels: KernelSet;
  readonly memory: RunMemory;
  /** Puts the results on the heap, not in their planned places. */
  readonly onHeap: boolean;
  readonly signal: AbortSignalLike | undefined;
}

const FRAMES = new WeakMap<PlannedStep, StepFrame>();

/** Computes one step from its inputs as they lie in memory; outputs by position. */
export function executeStep(
  planned: PlannedStep,
  inputs: readonly (Held | undefined)[],
  options: ExecuteOptions,
): readonly Held[] {
  if (planned.view !== undefined && inputs[0] !== undefined) {
    const { tensor, block } = inputs[0];
    const { dtype, data } = tensor;
    return [{ tensor: { dtype, dims: planned.view, data } as Tensor, layout: 'plain', block }];
  }
  if (planned.draft.def === undefined) return [changeLayout(planned, inputs[0], options)];
  let frame = FRAMES.get(planned);
  if (frame === undefined) {
    frame = new StepFrame(planned, options);
    FRAMES.set(planned, frame);
  }
  const { value: prepared, release } = planned.prepare();
  try {
    return frame.execute({ inputs, prepared, onHeap: options.onHeap, signal: options.signal });
  } finally {
    release();
  }
}

function changeLayout(planned: PlannedStep, input: Held | undefined, options: ExecuteOptions): Held {
  const { node, layout } = planned.draft;
  if (input === undefined || !isNumericDType(input.tensor.dtype)) {
    throw runFailed(options.file, node, 'a layout step has no numbers to convert');
  }
  const { tensor: t, layout: from } = input;
  const dims = physicalDims(logicalDims(t.dims, from), layout);
  if (planned.aliases === 0) return { tensor: { ...t, dims } as Tensor, layout, block: input.block };
  const spot = options.onHeap ? undefined : planned.spots[0];
  const length = sizeOf(dims);
  const fits = spot !== undefined && spot.length === length;
  const block = fits ? options.memory.planned(spot) : options.memory.heap(input.tensor.dtype, length);
  convertInto(t, from, layout, block.data, options.kernels);
  return { tensor: { ...t, dims, data: block.data } as Tensor, layout, block };
}
