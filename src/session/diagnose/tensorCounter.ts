import type { QuantParams } from '../../base/quantParams.ts';
import { clamp, rint } from '../../base/round.ts';
import type { ChannelNumbers, Extent, Grid, TensorNumbers } from '../../diagnose/numbers.ts';
import { channelsOf, forRuns } from '../../quant/channels.ts';
import type { Range } from '../../quant/qparams.ts';

/** Bins over the range of the codes: with 8-bit codes eight of each. */
const BINS = 2048;
/** Elements that a channel needs before its range says something. */
const LEAST_ELEMENTS = 16;
/** Of the values at each end that do not count as the bulk. */
const TAIL = 0.0005;
/** Shares of a range that tighter ones are tried at. */
const CUTS = [0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01];

/** What lies beyond one end of the range: sums, so that squared distances from any bound can be told. */
class Beyond {
  count = 0;
  #sum = 0;
  #squares = 0;

  add(x: number): void {
    this.count++;
    this.#sum += x;
    this.#squares += x * x;
  }

  /** Sum of (x - bound)^2. */
  from(bound: number): number {
    return Math.max(0, this.#squares - 2 * bound * this.#sum + this.count * bound * bound);
  }
}

/** Counts a float activation, sample after sample, against the codes it will have: nothing of it is kept. */
export class TensorCounter {
  readonly #place: Pick<Extent, 'tensor' | 'valueId'>;
  readonly #grid: Grid;
  readonly #zeroPoint: number;
  readonly #limits: readonly [qmin: number, qmax: number];
  readonly #calibrated: Range | null;
  readonly #bins = new Float64Array(BINS);
  readonly #below = new Beyond();
  readonly #above = new Beyond();
  readonly #channels = new Map<number, { lo: number; hi: number; count: number }>();
  #lo = 0;
  #hi = 0;
  #far = 0;
  #farSample = '';
  #count = 0;
  #zeros = 0;
  readonly #powers = [0, 0, 0, 0];
  #rounding = 0;
  #clipping = 0;
  #unseen = 0;

  /** @param params of one scale. @param calibrated what calibration saw of it. */
  constructor(place: Pick<Extent, 'tensor' | 'valueId'>, params: QuantParams, calibrated: Range | undefined) {
    const { scheme, scale, zeroPoint } = params;
    const [s, z] = [scale[0] as number, zeroPoint[0] as number]; // one each
    this.#place = place;
    this.#zeroPoint = z;
    this.#limits = [scheme.qmin, scheme.qmax];
    this.#calibrated = calibrated ?? null;
    const codes = scheme.qmax - scheme.qmin + 1;
    this.#grid = {
      lo: s * (scheme.qmin - z),
      hi: s * (scheme.qmax - z),
      scale: s,
      codes,
      negative: z - scheme.qmin,
      mapping: scheme.mapping,
      bits: Math.ceil(Math.log2(codes)),
    };
  }

  /** @param x in C order of `dims`; what is not finite is left out. */
  add(x: Float32Array, dims: readonly number[], sample: string): void {
    const axis = channelAxis(dims);
    const channels = channelsOf(dims, axis < 0 ? { kind: 'perTensor' } : { kind: 'perChannel', axis });
    forRuns(x.length, channels, (c, from, to) => {
      const channel = this.#channels.get(c) ?? { lo: 0, hi: 0, count: 0 };
      for (let i = from; i < to; i++) {
        const v = x[i] as number;
        if (v - v !== 0) continue;
        this.#take(v, sample);
        if (v < channel.lo) channel.lo = v;
        if (v > channel.hi) channel.hi = v;
      }
      channel.count += to - from;
      if (axis >= 0) this.#channels.set(c, channel);
    });
  }

  #take(v: number, sample: string): void {
    const { lo, hi, scale } = this.#grid;
    const [qmin, qmax] = this.#limits;
    const powers = this.#powers as [number, number, number, number];
    const square = v * v;
    this.#count++;
    powers[0] += v;
    powers[1] += square;
    powers[2] += square * v;
    powers[3] += square * square;
    if (v < this.#lo) this.#lo = v;
    if (v > this.#hi) this.#hi = v;
    if (v === 0) this.#zeros++;
    const code = rint(Math.fround(v / scale)) + this.#zeroPoint;
    const error = v - scale * (clamp(code, qmin, qmax) - this.#zeroPoint);
    if (code >= qmin && code <= qmax) this.#rounding += error * error;
    else {
      this.#clipping += error * error;
      const seen = this.#calibrated;
      if (seen !== null && (v < seen.lo || v > seen.hi)) this.#unseen += error * error;
      const far = (v < lo ? lo - v : v - hi) / (hi - lo);
      if (far > this.#far) [this.#far, this.#farSample] = [far, sample];
      (v < lo ? this.#below : this.#above).add(v);
      return;
    }
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(((v - lo) / (hi - lo)) * BINS)));
    this.#bins[bin] = (this.#bins[bin] as number) + 1;
  }

  /** Undefined before anything was counted. */
  numbers(): TensorNumbers | undefined {
    const n = this.#count;
    if (n === 0) return undefined;
    const { bins, grid } = { bins: this.#bins, grid: this.#grid };
    return {
      ...this.#place,
      lo: this.#lo,
      hi: this.#hi,
      kurtosis: kurtosisOf(n, this.#powers as [number, number, number, number]),
      power: (this.#powers[1] as number) / n,
      rounding: this.#rounding / n,
      clipping: this.#clipping / n,
      clippedShare: (this.#below.count + this.#above.count) / n,
      clippedFar: this.#far,
      farSample: this.#farSample,
      grid,
      bulkCodes: Math.max(1, Math.ceil((bulkBins(bins, n, this.#below.count, this.#above.count) / BINS) * grid.codes)),
      best: this.#best(),
      channels: this.#channelNumbers(),
      calibrated: this.#calibrated && { lo: Math.min(0, this.#calibrated.lo), hi: Math.max(0, this.#calibrated.hi) },
      unseen: this.#unseen / n,
    };
  }

  /** Tighter ranges: at the upper end, the lower one, or both, with the modelled noise (hi - lo)^2 / 12 codes^2 and what they clip. */
  #best(): TensorNumbers['best'] {
    const { lo, hi } = this.#grid;
    const now = this.#noiseOf(lo, hi);
    let best = { lo, hi, noise: now };
    for (const cut of CUTS)
      for (const [a, b] of [
        [lo, hi * cut],
        [lo * cut, hi],
        [lo * cut, hi * cut],
      ] as const) {
        const noise = this.#noiseOf(a, b);
        if (noise < best.noise) best = { lo: a, hi: b, noise };
      }
    return { ...best, noise: now === 0 ? 1 : best.noise / now };
  }

  #noiseOf(lo: number, hi: number): number {
    const { lo: first, hi: last, codes, mapping } = this.#grid;
    const length = mapping === 'symmetric' ? 2 * Math.max(-lo, hi) : hi - lo;
    const step = length / (codes - 1);
    const width = (last - first) / BINS;
    let inside = 0;
    let clipped = this.#below.from(lo) + this.#above.from(hi);
    for (let bin = 0; bin < BINS; bin++) {
      const count = this.#bins[bin] as number;
      if (count === 0) continue;
      const middle = first + (bin + 0.5) * width;
      if (middle < lo - width) clipped += count * (lo - middle) ** 2;
      else if (middle > hi + width) clipped += count * (middle - hi) ** 2;
      else inside += count;
    }
    return ((Math.max(0, inside - this.#zeros) * step ** 2) / 12 + clipped) / this.#count;
  }

  #channelNumbers(): ChannelNumbers | null {
    const all = [...this.#channels.values()];
    if (all.length < 3 || all.some((c) => c.count < LEAST_ELEMENTS)) return null;
    return channelNumbers(all, () => this.#grid.scale);
  }
}

/** @param scaleOf the scale of a channel. */
export function channelNumbers(
  ranges: readonly { readonly lo: number; readonly hi: number }[],
  scaleOf: (channel: number) => number,
): ChannelNumbers | null {
  const lengths = ranges.map(({ lo, hi }) => Math.max(0, hi) - Math.min(0, lo));
  const alive = lengths.flatMap((length, c) => (length > 0 ? [c] : []));
  if (alive.length === 0) return null;
  const byLength = [...alive].sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  const middle = byLength[Math.floor((byLength.length - 1) / 2)] as number; // of those that are alive
  const widest = byLength.at(-1) as number;
  const isLost = (c: number): boolean => {
    const { lo, hi } = ranges[c] as { lo: number; hi: number };
    return Math.max(-lo, hi) < scaleOf(c) / 2;
  };
  return {
    count: lengths.length,
    spread: (lengths[widest] as number) / (lengths[middle] as number),
    widest,
    middleCodes: (lengths[middle] as number) / scaleOf(middle),
    alive: alive.length,
    lost: alive.filter(isLost).length,
  };
}

/** Of images axis 1, of anything else the features; -1 for none. */
function channelAxis(dims: readonly number[]): number {
  return dims.length >= 4 ? 1 : dims.length - 1;
}

function kurtosisOf(n: number, [s1, s2, s3, s4]: readonly [number, number, number, number]): number {
  const mean = s1 / n;
  const variance = s2 / n - mean ** 2;
  const fourth = s4 / n - (4 * mean * s3) / n + (6 * mean ** 2 * s2) / n - 3 * mean ** 4;
  return variance > 0 ? fourth / variance ** 2 : Number.NaN;
}

/** Bins between the ranks that the tails end at. */
function bulkBins(bins: Float64Array, count: number, below: number, above: number): number {
  let first = 0;
  for (let seen = below; first < BINS && seen + (bins[first] as number) <= TAIL * count; first++)
    seen += bins[first] as number;
  let last = BINS - 1;
  for (let seen = above; last >= first && seen + (bins[last] as number) <= TAIL * count; last--)
    seen += bins[last] as number;
  return last - first + 1;
}
