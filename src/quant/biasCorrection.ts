import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import { sizeOf } from '../base/shape.ts';
import { tensor } from '../base/tensor.ts';
import { IsolatedRunner } from '../exec/isolated.ts';
import type { Program, Step, Stored } from '../exec/program.ts';
import type { NodeId, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { converted } from '../ops/storage.ts';
import { feedsById } from './calibrate.ts';
import { type Isolated, runIsolatedSteps, valuesAround } from './isolate.ts';
import type { KeptFloats } from './keptFloats.ts';

export interface BiasCorrectionOptions {
  readonly kernels: KernelSet;
  readonly signal?: AbortSignalLike;
  /** From earlier passes over the same samples. */
  readonly kept?: KeptFloats;
  /** Called before each sample; what of it is kept does not run. */
  readonly onSample?: (sample: number, name: string) => void;
  /** Called before each step of the float model, for each sample. */
  readonly onStep?: (sample: number, name: string, step: Step) => void;
}

/**
 * What to add to the bias of each convolution so that its mean output per channel is that of the float model: each is
 * run alone on quantized float inputs, over all samples, and the difference of the channel means is averaged. What a
 * calibration method leaves out of the range on purpose is no error: float outputs beyond the codes count as the last code.
 *
 * @param steps the steps to correct: convolutions with 4-D outputs.
 * @returns real values [C] by node of the quantized graph.
 * @source MindSpore Lite's activation-side bias correction (reference behaviour, without its int32 overflow guard).
 */
export async function measureBiasCorrection(
  float: Program,
  quant: Program,
  steps: readonly Isolated[],
  samples: Samples,
  options: BiasCorrectionOptions,
): Promise<Map<NodeId, Float64Array>> {
  const { kernels, signal, kept } = options;
  const sums = new Map<NodeId, Float64Array>();
  const wanted = valuesAround(steps);
  const runner = new IsolatedRunner(quant);
  const clipper = new Clipper(kernels);
  try {
    for (let i = 0; i < samples.count; i++) {
      throwIfAborted(signal);
      const name = samples.nameOf(i);
      options.onSample?.(i, name);
      const given = kept?.of(i) ?? new Map();
      const isThere = [...wanted].every((id) => given.has(id));
      const feeds = isThere ? new Map() : feedsById(float.graph, await samples.read(i));
      const run = float.start(feeds, {
        ...(signal !== undefined && { signal }),
        ...{ given, wanted, onlyWanted: true },
        onStep: (step) => options.onStep?.(i, name, step),
      });
      const onMade = (id: ValueId, stored: Stored) => kept?.offer(i, id, stored);
      runIsolatedSteps({ run, given, onMade }, runner, steps, ({ step, outputQuant }, origin, dequant) => {
        throwIfAborted(signal);
        const a = channelMeans(kernels, clipper.withinCodes(origin, outputQuant));
        const b = channelMeans(kernels, dequant);
        const sum = sums.get(step.node.id) ?? new Float64Array(a.length);
        for (let c = 0; c < sum.length; c++) sum[c] = (sum[c] as number) + (a[c] as number) - (b[c] as number);
        sums.set(step.node.id, sum);
      });
    }
  } finally {
    runner.release();
  }
  for (const sum of sums.values()) for (let c = 0; c < sum.length; c++) sum[c] = (sum[c] as number) / samples.count;
  return sums;
}

/** Moves floats into the range of codes, in a buffer of its own. */
class Clipper {
  readonly #kernels: KernelSet;
  #buffer = new Float32Array(0);

  constructor(kernels: KernelSet) {
    this.#kernels = kernels;
  }

  /** The tensor with what lies more than half a step beyond the codes moved to them; valid until the next one. */
  withinCodes(origin: Stored, quant: QuantInfo | undefined): Stored {
    const lowest = quant?.dtype === 'uint8' ? 0 : quant?.dtype === 'int8' ? -128 : undefined;
    if (quant === undefined || lowest === undefined) return origin;
    const [scale, zeroPoint] = [quant.scale[0] as number, quant.zeroPoint[0] as number];
    const [lo, hi] = [(lowest - zeroPoint) * scale, (lowest + 255 - zeroPoint) * scale];
    const data = origin.tensor.data as Float32Array; // outputs of convolutions are float32
    const [least, most] = [lo - scale / 2, hi + scale / 2];
    const { min, max } = this.#kernels.momentsF32(data);
    if (min >= least && max <= most) return origin;
    if (this.#buffer.length < data.length) this.#buffer = new Float32Array(data.length);
    const within = this.#buffer.subarray(0, data.length);
    for (let i = 0; i < within.length; i++) {
      const x = data[i] as number;
      within[i] = x < least ? lo : x > most ? hi : x;
    }
    return { layout: origin.layout, tensor: tensor('float32', origin.tensor.dims, within) };
  }
}

function channelMeans(kernels: KernelSet, { tensor: x, layout }: Stored): Float64Array {
  const nhwc = converted(x, layout, 'nhwc', kernels);
  const channels = nhwc.dims.at(-1) ?? 1;
  const rows = sizeOf(nhwc.dims) / channels;
  const sums = new Float64Array(channels);
  kernels.channelSumsF32(nhwc.data as Float32Array, rows, channels, sums); // outputs of convolutions are float32
  for (let c = 0; c < channels; c++) sums[c] = (sums[c] as number) / rows;
  return sums;
}
