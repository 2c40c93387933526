import {
  PAIR_FIGURES,
  type PairFigure,
  SIDE_FIGURES,
  type SideFigure,
  type TensorTable,
} from '../../protocol/tensorTable.ts';
import type { TensorReport } from '../../report/reportTypes.ts';
import type { TensorEntry } from '../tensors.ts';

type Figures = Pick<TensorTable, 'origin' | 'dequant' | 'pair' | 'sample'>;

/** Figures by row that are filled sample by sample. */
export interface FigureRows {
  add(row: number, report: TensorReport, sample: number): void;
  /** What they come to; to be asked for once, at the end. */
  finish(): Figures;
}

/** Of each row all figures of one sample: the one on which its cosine is least, the first of several. */
export class WorstRows implements FigureRows {
  readonly #figures: Figures;

  constructor(rows: number) {
    this.#figures = blank(rows);
  }

  add(row: number, report: TensorReport, sample: number): void {
    const known = this.#figures.pair.cosine[row] as number;
    if (!Number.isNaN(known) && !(report.cosine < known)) return;
    put(this.#figures, row, report);
    this.#figures.sample[row] = sample;
  }

  finish(): Figures {
    return this.#figures;
  }
}

/** Extremes of all samples, means of the rest; of SQNR the mean of the samples that have an error. */
export class MeanRows implements FigureRows {
  readonly #sums: Figures;
  readonly #counts: Uint32Array;
  readonly #inexact: Uint32Array;

  constructor(rows: number) {
    this.#sums = blank(rows);
    this.#counts = new Uint32Array(rows);
    this.#inexact = new Uint32Array(rows);
  }

  add(row: number, report: TensorReport): void {
    const first = this.#counts[row] === 0;
    this.#counts[row]!++;
    if (first) put(this.#sums, row, report);
    else this.#addTo(row, report);
    if (report.sqnrDb !== Number.POSITIVE_INFINITY) this.#inexact[row]!++;
  }

  #addTo(row: number, report: TensorReport): void {
    const { origin, dequant, pair } = this.#sums;
    for (const [sums, stats] of [
      [origin, report.origin],
      [dequant, report.dequant],
    ] as const) {
      for (const name of SIDE_FIGURES) {
        const sum = sums[name];
        if (name === 'min') sum[row] = Math.min(sum[row]!, stats.min);
        else if (name === 'max') sum[row] = Math.max(sum[row]!, stats.max);
        else sum[row]! += stats[name];
      }
    }
    for (const name of PAIR_FIGURES) {
      const value = report[name] ?? Number.NaN;
      const known = pair[name][row] as number;
      if (name !== 'sqnrDb') pair[name][row] = known + value;
      else if (known === Number.POSITIVE_INFINITY) pair.sqnrDb[row] = value;
      else if (value !== Number.POSITIVE_INFINITY) pair.sqnrDb[row] = known + value;
    }
  }

  finish(): Figures {
    const { origin, dequant, pair } = this.#sums;
    this.#counts.forEach((count, row) => {
      if (count === 0) return;
      for (const side of [origin, dequant]) {
        for (const name of SIDE_FIGURES) if (name !== 'min' && name !== 'max') side[name][row]! /= count;
      }
      for (const name of PAIR_FIGURES) {
        const samples = name === 'sqnrDb' ? Math.max(1, this.#inexact[row] as number) : count;
        pair[name][row]! /= samples;
      }
    });
    return this.#sums;
  }
}

function blank(rows: number): Figures {
  const column = (): Float64Array => new Float64Array(rows).fill(Number.NaN);
  const columns = <N extends string>(names: readonly N[]) =>
    Object.fromEntries(names.map((name) => [name, column()])) as Record<N, Float64Array>;
  return {
    origin: columns(SIDE_FIGURES),
    dequant: columns(SIDE_FIGURES),
    pair: columns(PAIR_FIGURES),
    sample: column(),
  };
}

function put({ origin, dequant, pair }: Figures, row: number, report: TensorReport): void {
  const set = (columns: Readonly<Record<SideFigure, Float64Array>>, stats: TensorReport['origin']): void => {
    for (const name of SIDE_FIGURES) columns[name][row] = stats[name];
  };
  set(origin, report.origin);
  set(dequant, report.dequant);
  for (const name of PAIR_FIGURES satisfies readonly PairFigure[]) pair[name][row] = report[name] ?? Number.NaN;
}

type ParameterColumns = Pick<
  TensorTable,
  'scaleLeast' | 'scaleGreatest' | 'zeroPoint' | 'channels' | 'codeType' | 'codeTypes'
>;

/** Scales and zero points of all tensors; a table of centroids has none. */
export function parameterColumns(entries: readonly TensorEntry[]): ParameterColumns {
  const column = (): Float64Array => new Float64Array(entries.length).fill(Number.NaN);
  const columns = { scaleLeast: column(), scaleGreatest: column(), zeroPoint: column(), channels: column() };
  const codeType = new Uint8Array(entries.length);
  const codeTypes = [''];
  entries.forEach(({ params }, row) => {
    if (params === undefined || params.table !== undefined) return;
    const { scale, zeroPoint, scheme } = params;
    columns.scaleLeast[row] = least(scale);
    columns.scaleGreatest[row] = -least(scale.map((s) => -s));
    const zero = zeroPoint[0] ?? Number.NaN;
    columns.zeroPoint[row] = zeroPoint.every((z) => z === zero) ? zero : Number.NaN;
    columns.channels[row] = scale.length;
    if (!codeTypes.includes(scheme.dtype)) codeTypes.push(scheme.dtype);
    codeType[row] = codeTypes.indexOf(scheme.dtype);
  });
  return { ...columns, codeType, codeTypes };
}

function least(values: Float32Array): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}
