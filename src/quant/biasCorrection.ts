import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import { sizeOf } from '../base/shape.ts';
import { tensor } from '../base/tensor.ts';
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
  const sums = new Map<NodeId, Float64Array>();
  const wanted = valuesAround(steps);
  for (let i = 0; i < samples.count; i++) {
    throwIfAborted(options.signal);
    const name = samples.nameOf(i);
    options.onSample?.(i, name);
    const given = options.kept?.of(i) ?? new Map();
    const isThere = [...wanted].every((id) => given.has(id));
    const feeds = isThere ? new Map() : feedsById(float.graph, await samples.read(i));
    const run = float.start(feeds, {
      ...(options.signal !== undefined && { signal: options.signal }),
      ...{ given, wanted, onlyWanted: true },
      onStep: (step) => options.onStep?.(i, name, step),
    });
    const onMade = (id: ValueId, stored: Stored) => options.kept?.offer(i, id, stored);
    runIsolatedSteps({ run, given, onMade }, quant, steps, ({ step, outputQuant }, origin, dequant) => {
      throwIfAborted(options.signal);
      const a = channelMeans(options.kernels, withinCodes(options.kernels, origin, outputQuant));
      const b = channelMeans(options.kernels, dequant);
      const sum = sums.get(step.node.id) ?? new Float64Array(a.length);
      for (let c = 0; c < sum.length; c++) sum[c] = (sum[c] as number) + (a[c] as number) - (b[c] as number);
      sums.set(step.node.id, sum);
    });
  }
  for (const sum of sums.values()) for (let c = 0; c < sum.length; c++) sum[c] = (sum[c] as number) / samples.count;
  return sums;
}

/** The tensor with what lies more than half a step beyond the codes moved to them. */
function withinCodes(kernels: KernelSet, origin: Stored, quant: QuantInfo | undefined): Stored {
  const lowest = quant?.dtype === 'uint8' ? 0 : quant?.dtype === 'int8' ? -128 : undefined;
  if (quant === undefined || lowest === undefined) return origin;
  const [scale, zeroPoint] = [quant.scale[0] as number, quant.zeroPoint[0] as number];
  const [lo, hi] = [(lowest - zeroPoint) * scale, (lowest + 255 - zeroPoint) * scale];
  const data = origin.tensor.data as Float32Array; // outputs of convolutions are float32
  const [least, most] = [lo - scale / 2, hi + scale / 2];
  const { min, max } = kernels.momentsF32(data);
  if (min >= least && max <= most) return origin;
  const within = data.slice();
  for (let i = 0; i < within.length; i++) {
    const x = within[i] as number;
    if (x < least) within[i] = lo;
    else if (x > most) within[i] = hi;
  }
  return { layout: origin.layout, tensor: tensor('float32', origin.tensor.dims, within) };
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
