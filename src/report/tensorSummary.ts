import { invariant } from '../base/diagnostics.ts';
import type { ReportRow, TensorReport, TensorStats } from './reportTypes.ts';

/** One figure over the rounds. Infinite and missing values are left out; null when none is left. */
export interface OverRounds {
  readonly mean: number | null;
  /** The worst round's: the least cosine and SQNR, the largest error and rate. */
  readonly worst: number | null;
  /** The first round that has it. */
  readonly worstRound: number | null;
  /** Population standard deviation. */
  readonly spread: number | null;
}

/** Figures of one side of a tensor over the rounds: extremes of all, means of the rest. Quartiles are never pooled. */
export interface SideJson {
  readonly min: number | null;
  readonly max: number | null;
  readonly q1: number | null;
  readonly median: number | null;
  readonly q3: number | null;
  readonly mean: number | null;
  readonly variance: number | null;
  readonly sparsity: number | null;
  /** NaN and infinite elements in all rounds together. */
  readonly nan: number;
  readonly inf: number;
}

/** One tensor of one node in `report.json`. */
export interface TensorJson {
  readonly node: string;
  readonly opType: string;
  readonly tensor: string;
  readonly inOut: 'Input' | 'Output';
  readonly kind: 'Weight' | 'Activation';
  /** Rounds it was measured in; 0: it is folded into another node, and all figures are null. */
  readonly rounds: number;
  /** Elements in a round. */
  readonly count: number | null;
  readonly cosine: OverRounds;
  readonly sqnrDb: OverRounds;
  readonly mse: OverRounds;
  readonly clipRate: OverRounds;
  readonly saturation: OverRounds;
  readonly origin: SideJson | null;
  readonly dequant: SideJson | null;
}

/** Gathers the tensors of all rounds in constant memory. Every round must bring the same rows in the same order. */
export class TensorSummary {
  #tensors: TensorFigures[] = [];

  /** @param round its number, as the reports count. */
  add(rows: readonly ReportRow[], round: number): void {
    if (this.#tensors.length === 0) this.#tensors = rows.map((row) => new TensorFigures(row));
    invariant(rows.length === this.#tensors.length, `a round has ${rows.length} tensors, not ${this.#tensors.length}`);
    rows.forEach((row, i) => {
      this.#tensors[i]?.add(row.report, round);
    });
  }

  tensors(): TensorJson[] {
    return this.#tensors.map((t) => t.json());
  }
}

const METRICS = { cosine: 'least', sqnrDb: 'least', mse: 'most', clipRate: 'most', saturation: 'most' } as const;
type MetricName = keyof typeof METRICS;

class TensorFigures {
  readonly #row: ReportRow;
  readonly #metrics: Readonly<Record<MetricName, Figure>>;
  readonly #sides = { origin: new Side(), dequant: new Side() };
  #rounds = 0;
  #count: number | null = null;

  constructor(row: ReportRow) {
    this.#row = { ...row, report: undefined };
    const figure = (name: MetricName): Figure => new Figure(METRICS[name]);
    this.#metrics = {
      cosine: figure('cosine'),
      sqnrDb: figure('sqnrDb'),
      mse: figure('mse'),
      clipRate: figure('clipRate'),
      saturation: figure('saturation'),
    };
  }

  add(report: TensorReport | undefined, round: number): void {
    if (report === undefined) return;
    this.#rounds++;
    this.#count = report.origin.count;
    for (const [name, figure] of Object.entries(this.#metrics)) figure.add(report[name as MetricName], round);
    this.#sides.origin.add(report.origin, round);
    this.#sides.dequant.add(report.dequant, round);
  }

  json(): TensorJson {
    const { nodeName, nodeType, tensorName, inOut, tensorType } = this.#row;
    const { cosine, sqnrDb, mse, clipRate, saturation } = this.#metrics;
    const measured = this.#rounds > 0;
    return {
      node: nodeName,
      opType: nodeType,
      tensor: tensorName,
      inOut,
      kind: tensorType,
      rounds: this.#rounds,
      count: this.#count,
      cosine: cosine.json(),
      sqnrDb: sqnrDb.json(),
      mse: mse.json(),
      clipRate: clipRate.json(),
      saturation: saturation.json(),
      origin: measured ? this.#sides.origin.json() : null,
      dequant: measured ? this.#sides.dequant.json() : null,
    };
  }
}

/** Mean, worst and spread of finite values; Welford's update keeps the spread exact for close values. */
class Figure {
  readonly #worst: 'least' | 'most';
  #n = 0;
  #mean = 0;
  #squares = 0;
  #extreme = 0;
  #extremeRound = 0;

  constructor(worst: 'least' | 'most') {
    this.#worst = worst;
  }

  add(x: number | null, round: number): void {
    if (x === null || !Number.isFinite(x)) return;
    if (this.#n === 0 || (this.#worst === 'least' ? x < this.#extreme : x > this.#extreme)) {
      this.#extreme = x;
      this.#extremeRound = round;
    }
    this.#n++;
    const delta = x - this.#mean;
    this.#mean += delta / this.#n;
    this.#squares += delta * (x - this.#mean);
  }

  get mean(): number | null {
    return this.#n === 0 ? null : this.#mean;
  }

  get extreme(): number | null {
    return this.#n === 0 ? null : this.#extreme;
  }

  json(): OverRounds {
    if (this.#n === 0) return { mean: null, worst: null, worstRound: null, spread: null };
    const spread = Math.sqrt(this.#squares / this.#n);
    return { mean: this.#mean, worst: this.#extreme, worstRound: this.#extremeRound, spread };
  }
}

class Side {
  readonly #min = new Figure('least');
  readonly #max = new Figure('most');
  readonly #means = {
    q1: new Figure('most'),
    median: new Figure('most'),
    q3: new Figure('most'),
    mean: new Figure('most'),
    variance: new Figure('most'),
    sparsity: new Figure('most'),
  };
  #nan = 0;
  #inf = 0;

  add(stats: TensorStats, round: number): void {
    this.#min.add(stats.min, round);
    this.#max.add(stats.max, round);
    const { q1, median, q3, mean, variance, sparsity } = this.#means;
    q1.add(stats.q1, round);
    median.add(stats.median, round);
    q3.add(stats.q3, round);
    mean.add(stats.mean, round);
    variance.add(stats.variance, round);
    sparsity.add(stats.sparsity, round);
    this.#nan += stats.nan;
    this.#inf += stats.inf;
  }

  json(): SideJson {
    const { q1, median, q3, mean, variance, sparsity } = this.#means;
    return {
      min: this.#min.extreme,
      max: this.#max.extreme,
      q1: q1.mean,
      median: median.mean,
      q3: q3.mean,
      mean: mean.mean,
      variance: variance.mean,
      sparsity: sparsity.mean,
      nan: this.#nan,
      inf: this.#inf,
    };
  }
}
