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

/** Channels are taken for at least this share of the largest one, so that idle ones are not blown up. */
export const LEAST_SHARE = 0.01;

/**
 * How large each channel of each rank-4 value is that a step makes, [C] by value: its largest finite magnitude in a sample
 * over that of the largest channel, at least 0.01; of that the geometric mean over the samples, so that each sample counts
 * alike, however large its values are. A value that is 0 everywhere is left out.
 */
export async function channelShares(
  program: Program,
  samples: Samples,
  options: PeakOptions,
): Promise<Map<ValueId, Float64Array>> {
  const { signal, onStep } = options;
  const logs = new Map<ValueId, LogShares>();
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
        const sum = logs.get(id) ?? new LogShares(peaks.length);
        logs.set(id, sum);
        sum.add(peaks);
      }
  }
  return new Map([...logs].filter(([, sum]) => sum.samples > 0).map(([id, sum]) => [id, sum.mean]));
}

/** Sums of the logarithms of shares. */
class LogShares {
  samples = 0;
  readonly #sums: Float64Array;

  constructor(channels: number) {
    this.#sums = new Float64Array(channels);
  }

  /** Samples whose peaks are all 0 say nothing. */
  add(peaks: Float64Array): void {
    const most = peaks.reduce((a, b) => Math.max(a, b), 0);
    if (most === 0) return;
    this.samples++;
    for (const [c, peak] of peaks.entries())
      this.#sums[c] = (this.#sums[c] as number) + Math.log(Math.max(peak / most, LEAST_SHARE));
  }

  /** Geometric mean by channel. */
  get mean(): Float64Array {
    return this.#sums.map((sum) => Math.exp(sum / this.samples));
  }
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
