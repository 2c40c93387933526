import type { AbortSignalLike } from '../base/abort.ts';
import type { FileSystem } from '../base/bytes.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import { bitsInFile } from '../base/dtype.ts';
import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import type { Samples } from '../base/samples.ts';
import type { Step } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import type { Progress, RunView } from '../protocol/views.ts';
import { type Codes, compareTensors, type KnownFigures, withGridRates } from '../report/compare.ts';
import { asConverterLite } from '../report/converterLite.ts';
import type { OutputSummaryRow, QuantParamRow, ReportRow, TensorReport } from '../report/reportTypes.ts';
import { ReportWriter } from '../report/writer.ts';
import { ActivationCache } from '../whatif/cache.ts';
import { type EvaluateOptions, evaluate } from '../whatif/evaluate.ts';
import type { Build } from './build.ts';
import { earlierRounds } from './errors.ts';
import { loadConstants } from './prepared.ts';
import { type RunState, stepText } from './run.ts';
import type { Settings } from './settings.ts';
import { weightPair } from './tensorPair.ts';
import { type TensorEntry, TensorIndex } from './tensors.ts';

/** Writes the debug reports of a run: one round per sample, and the summaries. Only the round in work is in memory. */
export class RoundReports {
  /** Passed to an evaluation whose samples are the rounds. */
  readonly hooks: Pick<EvaluateOptions, 'onPair' | 'onSampleEnd' | 'full'>;
  readonly #run: RunState;
  readonly #build: Build;
  readonly #writer: ReportWriter;
  readonly #entries: readonly {
    readonly handle: string;
    readonly opType: string;
    readonly tensors: readonly TensorEntry[];
  }[];
  readonly #weights = new Map<string, TensorReport | undefined>();
  readonly #round = new Map<ValueId, TensorReport>();
  readonly #summary: OutputSummaryRow[] = [];
  readonly #lite: boolean;
  readonly #files: FileSystem;
  readonly #folder: string;

  constructor(run: RunState, build: Build, settings: Settings, files: FileSystem, folder: string) {
    this.#run = run;
    this.#build = build;
    this.#files = files;
    this.#folder = folder;
    this.#lite = settings.reportDialect === 'converter_lite';
    this.#writer = new ReportWriter(files, folder, settings.reportDialect);
    const index = new TensorIndex(run, build);
    this.#entries = run.open.model.graph.nodes.map((node) => ({
      handle: node.handle,
      opType: node.opType,
      tensors: index.entriesOf(node),
    }));
    this.hooks = {
      full: true,
      onPair: (_sample, pair, origin, dequant, coded, figures) => {
        const report = this.#compare(origin, dequant, coded, figures);
        const params = figures.clipRate === null ? build.assignment.activations.get(pair.value) : undefined;
        this.#round.set(pair.value, params ? withGridRates(report, { origin, dequant }, params) : report);
      },
      onSampleEnd: (sample) => this.#endRound(sample),
    };
  }

  /** Says so where the folder keeps more rounds of an earlier run than this one has. */
  async leftOver(rounds: number): Promise<readonly Diagnostic[]> {
    if ((await this.#files.exists(this.#folder)) !== 'directory') return [];
    const names = await this.#files.list(this.#folder);
    const byRound = names.flatMap((name) => {
      const round = /^round_(\d+)\.csv$/.exec(name)?.[1];
      return round === undefined || Number(round) < rounds ? [] : [{ name, round: Number(round) }];
    });
    if (byRound.length === 0) return [];
    const inOrder = byRound.sort((a, b) => a.round - b.round).map(({ name }) => name);
    return [earlierRounds(this.#folder, rounds, inOrder)];
  }

  /** Runs both models over the samples, each a round. @throws Cancelled */
  async measure(samples: Samples, signal: AbortSignalLike, onProgress: (progress: Progress) => void): Promise<void> {
    const { float } = this.#run;
    const { program: quant, pairs } = this.#build;
    const count = samples.count;
    const onStep = (done: number, name: string, step: Step): void =>
      onProgress({ stage: 'report', done, total: count, text: stepText(name, step) });
    const cache = new ActivationCache(0);
    await evaluate({ float, quant, pairs, samples, count, cache, keep: 0, signal, onStep, ...this.hooks });
  }

  /** Writes the parameters, the summary over rounds and report.json. */
  async finish(view: RunView): Promise<void> {
    await this.#writer.quantParams(this.#paramRows());
    await this.#writer.outputSummary(this.#summary);
    await this.#writer.roundsSummary();
    await this.#writer.json(view);
  }

  async #endRound(round: number): Promise<void> {
    const rows: ReportRow[] = [];
    for (const { handle, opType, tensors } of this.#entries)
      for (const t of tensors) {
        rows.push({
          nodeName: handle,
          nodeType: opType,
          tensorName: t.name,
          inOut: t.role,
          tensorType: t.kind,
          report: t.pair === undefined ? await this.#weight(handle, t) : this.#round.get(t.pair.value),
        });
      }
    for (const id of this.#run.float.graph.outputs) {
      const report = this.#round.get(id);
      const tensorName = this.#run.float.graph.values.get(id)?.name ?? '';
      const { cosine } = report?.converterLite ?? report ?? {};
      if (cosine !== undefined) this.#summary.push({ round, tensorName, cosine });
    }
    this.#round.clear();
    await this.#writer.round(round, rows);
  }

  async #weight(handle: string, entry: TensorEntry): Promise<TensorReport | undefined> {
    if (entry.weight === undefined) return undefined;
    const key = `${handle}:${entry.value}`;
    if (!this.#weights.has(key)) {
      const { float, quantized } = entry.weight;
      const tensor = (await loadConstants(this.#run.prepared.graph, [float])).get(float);
      const pair = tensor && weightPair(tensor, entry.weight);
      this.#weights.set(key, pair && this.#compare(pair.origin, pair.dequant, quantized));
    }
    return this.#weights.get(key);
  }

  /** With converter_lite's own figures beside ours where its dialect is asked for. */
  #compare(origin: Float32Array, dequant: Float32Array, codes: Codes | undefined, known?: KnownFigures): TensorReport {
    const report = compareTensors(this.#run.float.kernels, origin, dequant, codes, known);
    return this.#lite ? { ...report, converterLite: asConverterLite(report, origin, dequant) } : report;
  }

  #paramRows(): QuantParamRow[] {
    const { facts } = this.#run.prepared;
    return this.#entries.flatMap(({ handle, opType, tensors }) =>
      tensors.flatMap((t) => {
        const quantized: QuantizedTensor | undefined = t.weight?.quantized;
        const standIn = this.#run.standIns.get(t.value) ?? t.value;
        const { params } = t;
        if (params === undefined) return [];
        const known = (facts.get(t.value) ?? facts.get(standIn))?.dims?.filter((d) => typeof d === 'number') ?? [];
        return paramRows(
          params,
          { nodeName: handle, nodeType: opType, tensorName: t.name },
          quantized?.codes.dims ?? known,
        );
      }),
    );
  }
}

/** One row per parameter set: per channel, one per channel; none for centroids. */
function paramRows(
  params: QuantParams,
  labels: Pick<QuantParamRow, 'nodeName' | 'nodeType' | 'tensorName'>,
  dims: readonly number[],
): QuantParamRow[] {
  const elementsNum = dims.reduce((a, b) => a * b, 1);
  const { scheme, correction, table } = params;
  if (table !== undefined) return []; // indices of centroids have no scale
  return Array.from(params.scale, (scale, c) => ({
    ...labels,
    elementsNum,
    dims,
    scale,
    zeroPoint: params.zeroPoint[c] as number,
    bits: scheme.bits ?? bitsInFile(scheme.dtype),
    correctionVar: correction?.variance[c] ?? 1,
    correctionMean: correction?.mean[c] ?? 0,
  }));
}
