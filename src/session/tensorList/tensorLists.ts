import { type AbortSignalLike, NEVER, throwIfAborted } from '../../base/abort.ts';
import type { Samples } from '../../base/samples.ts';
import type { ValueId } from '../../graph/model.ts';
import type { SampleChoice } from '../../protocol/metrics.ts';
import type { TensorTable } from '../../protocol/tensorTable.ts';
import type { Progress } from '../../protocol/views.ts';
import { compareTensors, withGridRates } from '../../report/compare.ts';
import type { TensorReport } from '../../report/reportTypes.ts';
import { ActivationCache } from '../../whatif/cache.ts';
import { evaluate } from '../../whatif/evaluate.ts';
import { noSuchSample, nothingYet } from '../errors.ts';
import type { OpenModel } from '../model.ts';
import { loadConstants } from '../prepared.ts';
import type { Result } from '../result.ts';
import { type RunState, stepText } from '../run.ts';
import { weightPair } from '../tensorPair.ts';
import { type TensorEntry, TensorIndex } from '../tensors.ts';
import { type FigureRows, MeanRows, parameterColumns, WorstRows } from './rows.ts';

/** What the session has at the moment. */
export interface ListParts {
  readonly open: OpenModel;
  /** The last run or trial. */
  readonly after: { readonly run: RunState; readonly result: Result } | undefined;
  readonly onProgress: (progress: Progress) => void;
}

interface Kept {
  readonly tables: Map<SampleChoice, TensorTable>;
  weights: ReadonlyMap<number, TensorReport> | undefined;
}

/** Single samples that are kept besides the worst and the mean. */
const MOST_SAMPLES = 4;

/** Figures of all tensors of the last run, measured when they are first asked for and kept until there is another. */
export class TensorLists {
  readonly #parts: () => ListParts;
  readonly #kept = new WeakMap<Result, Kept>();

  constructor(parts: () => ListParts) {
    this.#parts = parts;
  }

  /**
   * One pass over all evaluation samples for the worst and the mean, or over one sample.
   *
   * @throws DiagnosticError SES401 before a run, SES426 where there is no such sample, DAT… where one cannot be read;
   *   Cancelled.
   */
  async list(of: SampleChoice, signal: AbortSignalLike = NEVER): Promise<TensorTable> {
    const { open, after, onProgress } = this.#parts();
    if (after === undefined) throw nothingYet(open.file, 'run');
    const kept = this.#keptFor(after.result);
    const known = kept.tables.get(of);
    if (known !== undefined) return known;
    const { run } = after;
    if (typeof of === 'number' && (!Number.isInteger(of) || of < 0 || of >= run.sampleCount))
      throw noSuchSample(open.file, of, run.sampleCount);
    const entries = entriesOf(after.run, after.result);
    kept.weights ??= await weightReports(run, entries, signal);
    const measured: Measured = { ...after, entries, weights: kept.weights, signal, onProgress };
    const samples = typeof of === 'number' ? oneOf(run.samples, of) : run.samples;
    const choices: readonly SampleChoice[] = typeof of === 'number' ? [of] : ['worst', 'mean'];
    for (const table of await measure(measured, choices, samples)) this.#keep(kept, table);
    return kept.tables.get(of) as TensorTable; // measure answers for every choice
  }

  #keptFor(result: Result): Kept {
    const kept = this.#kept.get(result) ?? { tables: new Map(), weights: undefined };
    this.#kept.set(result, kept);
    return kept;
  }

  #keep({ tables }: Kept, table: TensorTable): void {
    const single = [...tables.keys()].filter((choice) => typeof choice === 'number');
    if (typeof table.of === 'number' && single.length >= MOST_SAMPLES) tables.delete(single[0] as number);
    tables.set(table.of, table);
  }
}

interface Measured {
  readonly run: RunState;
  readonly result: Result;
  readonly entries: readonly TensorEntry[];
  readonly weights: ReadonlyMap<number, TensorReport>;
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
}

function entriesOf(run: RunState, result: Result): TensorEntry[] {
  const index = new TensorIndex(run, result.build);
  return run.open.model.graph.nodes.flatMap((node) => index.entriesOf(node));
}

/** One sample of several. */
function oneOf(samples: Samples, index: number): Samples {
  return { count: 1, read: () => samples.read(index), nameOf: () => samples.nameOf(index) };
}

/** By row; a weight that several nodes read is measured once. */
async function weightReports(
  run: RunState,
  entries: readonly TensorEntry[],
  signal: AbortSignalLike,
): Promise<Map<number, TensorReport>> {
  const reports = new Map<number, TensorReport>();
  const known = new Map<unknown, TensorReport | undefined>();
  for (const [row, { weight }] of entries.entries()) {
    if (weight === undefined) continue;
    throwIfAborted(signal);
    const { float, quantized, rounded } = weight;
    const key = quantized ?? rounded ?? float;
    if (!known.has(key)) {
      const tensor = (await loadConstants(run.prepared.graph, [float])).get(float);
      const pair = tensor && weightPair(tensor, weight);
      known.set(key, pair && compareTensors(run.float.kernels, pair.origin, pair.dequant, quantized));
    }
    const report = known.get(key);
    if (report !== undefined) reports.set(row, report);
  }
  return reports;
}

async function measure(
  { run, result, entries, weights, signal, onProgress }: Measured,
  choices: readonly SampleChoice[],
  samples: Samples,
): Promise<TensorTable[]> {
  const { float } = run;
  const { program: quant, pairs, assignment } = result.build;
  const count = choices.includes('mean') ? run.sampleCount : 1;
  const rowsOf = new Map<ValueId, number[]>();
  entries.forEach(({ pair }, row) => {
    if (pair === undefined) return;
    const rows = rowsOf.get(pair.value);
    if (rows === undefined) rowsOf.set(pair.value, [row]);
    else rows.push(row);
  });
  const filled = choices.map(
    (of): FigureRows => (of === 'mean' ? new MeanRows(entries.length) : new WorstRows(entries.length)),
  );
  for (const [row, report] of weights) for (const rows of filled) rows.add(row, report, Number.NaN);
  const evaluation = await evaluate({
    float,
    quant,
    pairs: pairs.filter((pair) => rowsOf.has(pair.value)),
    samples,
    count,
    cache: new ActivationCache(0),
    keep: 0,
    full: true,
    signal,
    onStep: (done, name, step) => onProgress({ stage: 'measure', done, total: count, text: stepText(name, step) }),
    onPair: (sample, pair, origin, dequant, coded, figures) => {
      const compared = compareTensors(float.kernels, origin, dequant, coded, figures);
      const params = figures.clipRate === null ? assignment.activations.get(pair.value) : undefined;
      const report = params ? withGridRates(compared, { origin, dequant }, params) : compared;
      const index = typeof choices[0] === 'number' ? choices[0] : sample;
      for (const row of rowsOf.get(pair.value) ?? []) for (const rows of filled) rows.add(row, report, index);
    },
  });
  onProgress({ stage: 'measure', done: count, total: count, text: '' });
  const parameters = parameterColumns(entries);
  return choices.map((of, i) => ({
    of,
    samples: evaluation.samples,
    rows: entries.length,
    ...(filled[i] as FigureRows).finish(),
    ...parameters,
  }));
}
