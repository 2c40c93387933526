import type { ValueId } from '../../graph/model.ts';
import { isWorse, metricInfo, type SampleChoice } from '../../protocol/metrics.ts';
import type { PairFigures } from '../../whatif/figures.ts';

/** Numbers kept of single samples, 128 MB; of later samples only worst and mean. */
const MOST_NUMBERS = 1 << 24;

/** What is known of every pair on every sample; null where it does not apply, as the clip rate of floats. */
const TRACKS = {
  cosine: { worse: worseBy('cosine'), of: (f: PairFigures) => f.cosine },
  sqnrDb: { worse: worseBy('sqnrDb'), of: (f: PairFigures) => f.sqnrDb },
  mse: { worse: worseBy('mse'), of: (f: PairFigures) => f.mse },
  /** Root of the mean squared error. */
  rmse: { worse: worseBy('mse'), of: (f: PairFigures) => Math.sqrt(f.mse) },
  clipRate: { worse: worseBy('clipRate'), of: (f: PairFigures) => f.clipRate },
  saturation: { worse: worseBy('saturation'), of: (f: PairFigures) => f.saturation },
  cumulativeError: { worse: worseBy('cumulativeError'), of: (f: PairFigures) => relativeError(f.sqnrDb) },
} as const;

export type SampledFigure = keyof typeof TRACKS;

const NAMES = Object.keys(TRACKS) as SampledFigure[];
const WIDTH = NAMES.length;

/** Relative RMS error by signal to noise: 10^(-dB / 20). */
export function relativeError(sqnrDb: number): number {
  return 10 ** (-sqnrDb / 20);
}

/** Mean of the decibels of the samples that have an error, Infinity where none has one; NaN without samples. */
export function meanDecibels(decibels: ArrayLike<number>): number {
  const inexact = Array.from(decibels).filter((db) => db !== Number.POSITIVE_INFINITY);
  if (decibels.length === 0) return Number.NaN;
  return inexact.length === 0 ? Number.POSITIVE_INFINITY : inexact.reduce((a, b) => a + b, 0) / inexact.length;
}

/** The figures of all pairs on each evaluation sample; answers for the worst, the mean or one of them. */
export class SampleFigures {
  readonly #index: ReadonlyMap<ValueId, number>;
  readonly #mostNumbers: number;
  readonly #rows: Float64Array[] = [];
  readonly #worst: Float64Array;
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;
  #samples = 0;

  /**
   * @param values of the float model, those of the pairs.
   * @param mostNumbers that are kept of single samples.
   */
  constructor(values: Iterable<ValueId>, mostNumbers: number = MOST_NUMBERS) {
    this.#mostNumbers = mostNumbers;
    this.#index = new Map([...new Set(values)].map((value, i) => [value, i]));
    const length = this.#index.size * WIDTH;
    this.#worst = new Float64Array(length).fill(Number.NaN);
    this.#sums = new Float64Array(length);
    this.#counts = new Uint32Array(length);
  }

  /** Evaluated so far. */
  get samples(): number {
    return this.#samples;
  }

  /** How many samples, from the first, can be asked for one by one. */
  get kept(): number {
    return this.#rows.length;
  }

  /** Takes in the figures of the next sample. */
  add(figures: ReadonlyMap<ValueId, PairFigures>): void {
    const row = new Float64Array(this.#worst.length).fill(Number.NaN);
    for (const [value, f] of figures) {
      const at = this.#index.get(value);
      if (at === undefined) continue;
      for (const [track, name] of NAMES.entries()) this.#addOne(row, at * WIDTH + track, name, f);
    }
    this.#samples++;
    if ((this.#rows.length + 1) * row.length <= this.#mostNumbers) this.#rows.push(row);
  }

  /** @returns NaN where the value is in one model only, the figure does not apply, or the sample is not kept. */
  of(value: ValueId, name: SampledFigure, choice: SampleChoice): number {
    const at = this.#index.get(value);
    if (at === undefined) return Number.NaN;
    const i = at * WIDTH + NAMES.indexOf(name);
    if (choice === 'worst') return this.#worst[i] as number;
    if (choice === 'mean') return this.#mean(i, name);
    return this.#rows[choice]?.[i] ?? Number.NaN;
  }

  /** The sample on which a figure of a value is worst, the first of several; -1 where it is not known. */
  worstSample(value: ValueId, name: SampledFigure): number {
    const worst = this.of(value, name, 'worst');
    return this.#rows.findIndex((_, sample) => this.of(value, name, sample) === worst);
  }

  #addOne(row: Float64Array, i: number, name: SampledFigure, f: PairFigures): void {
    const { of, worse } = TRACKS[name];
    const number = of(f);
    if (number === null) return;
    row[i] = number;
    const known = this.#worst[i] as number;
    if (Number.isNaN(known) || worse(number, known)) this.#worst[i] = number;
    if (name === 'sqnrDb' && number === Number.POSITIVE_INFINITY) return;
    this.#sums[i] = (this.#sums[i] as number) + number;
    this.#counts[i] = (this.#counts[i] as number) + 1;
  }

  #mean(i: number, name: SampledFigure): number {
    const count = this.#counts[i] as number;
    if (count > 0) return (this.#sums[i] as number) / count;
    return name === 'sqnrDb' ? (this.#worst[i] as number) : Number.NaN; // exact on all samples, or never measured
  }
}

function worseBy(id: 'cosine' | 'sqnrDb' | 'mse' | 'clipRate' | 'saturation' | 'cumulativeError') {
  const info = metricInfo(id);
  return (a: number, b: number): boolean => isWorse(info, a, b);
}
