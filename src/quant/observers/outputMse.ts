import type { QuantScheme } from '../../base/quantParams.ts';
import { type KernelSet, type Moments, NEGLIGIBLE } from '../../kernels/kernelSet.ts';
import type { Channels } from '../channels.ts';
import type { Range } from '../qparams.ts';
import type { Response } from '../response/elementwise.ts';
import { type ChannelHistogram, leastOutputError } from '../response/leastOutputError.ts';
import { MinMaxObserver } from './minMax.ts';
import type { FirstPass, Outcome, SecondPass } from './observer.ts';

const BINS = 2048;
/** Where each channel has a histogram of its own. */
const CHANNEL_BINS = 1024;
/** Fewer elements in all say too little of how often values stand out: their extremes are kept. */
const FEW = 10_000;

/** What the method judges ranges by. */
export interface OutputMseOptions {
  readonly kernels: Pick<KernelSet, 'histogramF32'>;
  readonly scheme: QuantScheme;
  /** Undefined: the value itself is what is read. */
  readonly response: Response | undefined;
}

/**
 * OUTPUT_MSE: the range that harms least what element-wise operators make of the value. A ReLU, or the negative side of
 * SiLU and hard swish, lets the range leave out what it flattens. The first pass finds the extremes, the second counts in
 * equal bins between them, by channel where the operators differ by channel; see {@link leastOutputError}.
 */
export class OutputMseObserver implements FirstPass {
  readonly #extremes = new MinMaxObserver();
  readonly #options: OutputMseOptions;
  #count = 0;

  constructor(options: OutputMseOptions) {
    this.#options = options;
  }

  observe(x: Float32Array, moments: Moments): void {
    this.#count += x.length;
    this.#extremes.observe(x, moments);
  }

  finish(): Outcome {
    const { range } = this.#extremes;
    const { response } = this.#options;
    const isTooFew = response === undefined && this.#count < FEW;
    if (range === undefined || range.lo === range.hi || isTooFew) return { kind: 'range', range };
    const reached = { lo: Math.min(range.lo, 0), hi: Math.max(range.hi, 0) }; // ends are tried down to 0
    const channels = response?.channels ?? 1;
    const bins = channels === 1 ? BINS : CHANNEL_BINS;
    if (Math.fround((reached.hi - reached.lo) / bins) <= NEGLIGIBLE)
      return { kind: 'extremes', range, why: `values from ${range.lo} to ${range.hi} are too close for ${bins} bins` };
    return { kind: 'again', pass: new OutputMseHistogram(this.#options, reached, channels, bins) };
  }
}

class OutputMseHistogram implements SecondPass {
  readonly #options: OutputMseOptions;
  readonly #extremes: Range;
  readonly #channels: number;
  readonly #bins: number;
  readonly #counts: Float64Array;

  constructor(options: OutputMseOptions, extremes: Range, channels: number, bins: number) {
    this.#options = options;
    this.#extremes = extremes;
    this.#channels = channels;
    this.#bins = bins;
    this.#counts = new Float64Array(channels * bins);
  }

  observe(x: Float32Array, channels: Channels): void {
    const { lo, hi } = this.#extremes;
    const step = Math.fround((hi - lo) / this.#bins);
    if (this.#channels === 1) {
      this.#options.kernels.histogramF32(x, { of: 'values', origin: lo, step }, this.#counts);
      return;
    }
    this.#countByChannel(x, channels, step);
  }

  /** One loop for runs of any length, as channels of an image lie one element apart. */
  #countByChannel(x: Float32Array, { count, inner }: Channels, step: number): void {
    const { lo } = this.#extremes;
    const counts = this.#counts;
    const last = this.#bins - 1;
    for (let i = 0, left = inner, c = 0; i < x.length; i++, left--) {
      if (left === 0) {
        left = inner;
        c = c + 1 === count ? 0 : c + 1;
      }
      const v = x[i] as number;
      if (!(Math.abs(v) > NEGLIGIBLE) || v - v !== 0) continue;
      const bin = Math.floor((v - lo) / step);
      const at = c * this.#bins + Math.max(0, Math.min(last, bin));
      counts[at] = (counts[at] as number) + 1;
    }
  }

  finish(): { readonly kind: 'range'; readonly range: Range } {
    const { response, scheme } = this.#options;
    const edges = this.#edges();
    const histogram: ChannelHistogram = {
      extremes: this.#extremes,
      channels: this.#channels,
      counts: this.#counts,
    };
    return { kind: 'range', range: leastOutputError(histogram, response?.at(edges) ?? [edges], scheme) };
  }

  /** [channels, bins + 1]. */
  #edges(): Float32Array {
    const { lo, hi } = this.#extremes;
    const edges = this.#bins + 1;
    return Float32Array.from({ length: this.#channels * edges }, (_, i) => lo + ((hi - lo) * (i % edges)) / this.#bins);
  }
}
