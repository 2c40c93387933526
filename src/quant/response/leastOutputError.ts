import type { QuantScheme } from '../../base/quantParams.ts';
import type { Range } from '../qparams.ts';

/** How often a value was in each of equal bins between its extremes, which contain 0, by channel. */
export interface ChannelHistogram {
  readonly extremes: Range;
  readonly channels: number;
  /** [channels, bins]; elements that are 0, which every range represents exactly, are not counted. */
  readonly counts: Float64Array;
}

/** Ends that are tried, each the same share nearer to 0, down to 1 % of the extreme. */
const ENDS = 64;
const LEAST_SHARE = 0.01;
/**
 * How much more clipping counts than rounding. Rounding errors are independent and average out in the sums of the layers
 * that follow; clipping errors have one sign and fall on the values that stand out.
 */
const CLIPPING = 3;

/**
 * The range whose rounding and clipping do least harm to what is made of the value: the least sum, over its exits, of the
 * expected squared error relative to the exit's energy. Inside the range of scale s an exit f errs by f'(x)^2 s^2 / 12,
 * outside by the square of f(x) - f(end), which counts threefold. Every pair of ends is tried; on ties the wider range is taken.
 *
 * @param exits what the exits are at the edges of the bins, [channels, bins + 1] each.
 */
export function leastOutputError(
  histogram: ChannelHistogram,
  exits: readonly Float32Array[],
  scheme: QuantScheme,
): Range {
  const { extremes, channels, counts } = histogram;
  const bins = counts.length / channels;
  const step = (extremes.hi - extremes.lo) / bins;
  const sums = exits.map((f) => new ExitSums(f, histogram));
  const binOf = (x: number): number => Math.max(0, Math.min(bins, Math.round((x - extremes.lo) / step)));
  const slopes = new Float64Array(bins + 1);
  for (const exit of sums) exit.addSlopes(slopes);
  const errorBelow = (lo: number): Side => {
    const bin = lo <= extremes.lo ? 0 : binOf(lo);
    return { end: lo, bin, error: sums.reduce((sum, exit) => sum + exit.below(bin), 0) };
  };
  const errorAbove = (hi: number): Side => {
    const bin = hi >= extremes.hi ? bins : binOf(hi);
    return { end: hi, bin, error: sums.reduce((sum, exit) => sum + exit.above(bin), 0) };
  };
  const steps = scheme.qmax - scheme.qmin;
  let [best, least] = [extremes, Number.POSITIVE_INFINITY];
  const consider = (lower: Side, upper: Side): void => {
    if (upper.bin < lower.bin) return;
    const scale = (upper.end - lower.end) / steps;
    const inside = (slopes[upper.bin] as number) - (slopes[lower.bin] as number);
    const error = (inside * scale * scale) / 12 + CLIPPING * (lower.error + upper.error);
    if (error < least) [best, least] = [{ lo: lower.end, hi: upper.end }, error];
  };
  if (scheme.mapping === 'symmetric') {
    const most = Math.max(-extremes.lo, extremes.hi);
    for (const hi of endsOf(most)) consider(errorBelow(-hi), errorAbove(hi));
    return best;
  }
  const lowers = endsOf(Math.min(extremes.lo, 0)).map(errorBelow);
  const uppers = endsOf(Math.max(extremes.hi, 0)).map(errorAbove);
  for (const lower of lowers) for (const upper of uppers) consider(lower, upper);
  return best;
}

interface Side {
  readonly end: number;
  readonly bin: number;
  readonly error: number;
}

/** From the extreme towards 0; a lower end may be 0 itself. */
function endsOf(extreme: number): number[] {
  if (extreme === 0) return [0];
  const ends = Array.from({ length: ENDS }, (_, k) => Math.fround(extreme * LEAST_SHARE ** (k / ENDS)));
  return extreme < 0 ? [...ends, 0] : ends;
}

/** Sums over the bins before each edge, by channel, so that the error of any range takes one look per channel. */
class ExitSums {
  readonly #f: Float32Array;
  readonly #channels: number;
  readonly #edges: number;
  readonly #count: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  /** Sum over channels of count f'^2 in each bin. */
  readonly #slope: Float64Array;
  /** 1 / energy of the exit. */
  readonly #share: number;

  constructor(f: Float32Array, { counts, channels, extremes }: ChannelHistogram) {
    const bins = counts.length / channels;
    const edges = bins + 1;
    const step = (extremes.hi - extremes.lo) / bins;
    this.#f = f;
    this.#channels = channels;
    this.#edges = edges;
    this.#count = new Float64Array(f.length);
    this.#first = new Float64Array(f.length);
    this.#second = new Float64Array(f.length);
    this.#slope = new Float64Array(bins);
    let energy = 0;
    for (let c = 0; c < channels; c++) {
      for (let bin = 0; bin < bins; bin++) {
        const i = c * edges + bin;
        const n = counts[c * bins + bin] as number;
        const middle = ((f[i] as number) + (f[i + 1] as number)) / 2;
        const slope = ((f[i + 1] as number) - (f[i] as number)) / step;
        this.#count[i + 1] = (this.#count[i] as number) + n;
        this.#first[i + 1] = (this.#first[i] as number) + n * middle;
        this.#second[i + 1] = (this.#second[i] as number) + n * middle * middle;
        this.#slope[bin] = (this.#slope[bin] as number) + n * slope * slope;
      }
      energy += this.#second[c * edges + bins] as number;
    }
    this.#share = energy > 0 ? 1 / energy : 0;
  }

  /** Adds this exit's relative squared slopes before each edge to `sums`, [bins + 1]. */
  addSlopes(sums: Float64Array): void {
    let before = 0;
    for (let edge = 1; edge < this.#edges; edge++) {
      before += (this.#slope[edge - 1] as number) * this.#share;
      sums[edge] = (sums[edge] as number) + before;
    }
  }

  /** Relative squared error of what lies before edge `bin`, all taken for f at that edge. */
  below(bin: number): number {
    return this.#clipped((c) => [c * this.#edges, c * this.#edges + bin], bin);
  }

  above(bin: number): number {
    return this.#clipped((c) => [c * this.#edges + bin, (c + 1) * this.#edges - 1], bin);
  }

  #clipped(between: (channel: number) => readonly [number, number], bin: number): number {
    let error = 0;
    for (let c = 0; c < this.#channels; c++) {
      const [from, to] = between(c);
      const f = this.#f[c * this.#edges + bin] as number;
      const n = (this.#count[to] as number) - (this.#count[from] as number);
      const first = (this.#first[to] as number) - (this.#first[from] as number);
      error += (this.#second[to] as number) - (this.#second[from] as number) - 2 * f * first + f * f * n;
    }
    return Math.max(0, error) * this.#share;
  }
}
