import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Samples } from '../../base/samples.ts';
import { hasDType } from '../../base/tensor.ts';
import type { Program, Step } from '../../exec/program.ts';
import type { ValueId } from '../../graph/model.ts';
import { channelsIn, feedsById } from '../calibrate.ts';
import type { Channels } from '../channels.ts';

export interface PeakOptions {
  readonly signal?: AbortSignalLike;
  /** Called before each step of each sample. */
  readonly onStep?: (sample: number, name: string, step: Step) => void;
}

/**
 * The largest finite magnitude in each channel of each rank-4 value that a step makes, [C] by value: the mean over the
 * samples of what each sample has, so that one unusual sample does not decide.
 */
export async function channelPeaks(
  program: Program,
  samples: Samples,
  options: PeakOptions,
): Promise<Map<ValueId, Float64Array>> {
  const { signal, onStep } = options;
  const sums = new Map<ValueId, Float64Array>();
  for (let sample = 0; sample < samples.count; sample++) {
    throwIfAborted(signal);
    const name = samples.nameOf(sample);
    const run = program.start(feedsById(program.graph, await samples.read(sample)), {
      ...(signal !== undefined && { signal }),
      onStep: (step) => onStep?.(sample, name, step),
    });
    for (let step = run.advance(); step !== undefined; step = run.advance())
      for (const id of step.outputs) {
        const stored = run.value(id);
        if (stored === undefined || stored.tensor.dims.length !== 4 || !hasDType(stored.tensor, 'float32')) continue;
        const peaks = peaksOf(stored.tensor.data, channelsIn(stored));
        const sum = sums.get(id);
        sums.set(id, sum === undefined ? peaks : sum.map((s, c) => s + (peaks[c] as number)));
      }
  }
  for (const sum of sums.values()) for (let c = 0; c < sum.length; c++) sum[c] = (sum[c] as number) / samples.count;
  return sums;
}

/** One loop for runs of any length, as channels of an image lie one element apart. */
function peaksOf(x: Float32Array, { count, inner }: Channels): Float64Array {
  const peaks = new Float64Array(count);
  for (let i = 0, left = inner, c = 0; i < x.length; i++, left--) {
    if (left === 0) {
      left = inner;
      c = c + 1 === count ? 0 : c + 1;
    }
    const v = Math.abs(x[i] as number);
    if (v > (peaks[c] as number) && v < Number.POSITIVE_INFINITY) peaks[c] = v;
  }
  return peaks;
}
