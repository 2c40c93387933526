import { type AbortSignalLike, NEVER } from '../base/abort.ts';
import type { FileSystem } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { type Diagnostic, throwErrors } from '../base/diagnostics.ts';
import type { Tensor } from '../base/tensor.ts';
import { changeBetween } from '../config/changes.ts';
import { silence } from '../config/config.ts';
import type { QuantType } from '../config/keyTypes.ts';
import type { ExportFormat } from '../export/exportGraph.ts';
import type { NodeId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { QuantizeParams } from '../protocol/messages.ts';
import type { ModelFacts } from '../protocol/modelFacts.ts';
import type {
  GraphView,
  NodeDetails,
  OutputFigures,
  Progress,
  RequantizersView,
  RunView,
  TrialView,
} from '../protocol/views.ts';
import { nothingToQuantize } from '../quant/errors.ts';
import type { SweepCrew } from '../sensitivity/crew.ts';
import type { Build } from './build.ts';
import { ChartDesk } from './charts/chartDesk.ts';
import { checkConfig } from './checkConfig.ts';
import { checkOverrides } from './choices.ts';
import { choicesView } from './choicesView.ts';
import { declaredTensors, nodeDetails } from './details.ts';
import { DiagnosisDesk } from './diagnose/diagnosisDesk.ts';
import { dynamicRun } from './dynamicRun.ts';
import { integersInBoth, noSuchNode, nothingYet, tunedOnOthers } from './errors.ts';
import { exportModel } from './exportModel.ts';
import { nodeFigures } from './figures.ts';
import { calibrateRun } from './fullRun.ts';
import { integerOperators } from './graphView.ts';
import { importedRun } from './imported.ts';
import type { RunCommand } from './judges.ts';
import { Lab } from './lab.ts';
import { methodText } from './methodText.ts';
import { MetricDesk } from './metrics/metricDesk.ts';
import { type OpenModel, openModel } from './model.ts';
import { modelFacts } from './modelFacts.ts';
import { readableSamples } from './readableSamples.ts';
import { checkMultipliers, requantizersView } from './requantizers.ts';
import { outputFigures, type Result, resultOf } from './result.ts';
import { RoundReports } from './roundReports.ts';
import { buildFor, CACHE_BYTES, KEPT_SAMPLES, type RunParts, type RunState } from './run.ts';
import { runModel } from './runModel.ts';
import { SearchDesk } from './search/searchDesk.ts';
import { SensitivityDesk } from './sensitivity/sensitivityDesk.ts';
import { openSettings, type RunRequest, type Settings, sameRun, templateFor } from './settings.ts';
import { checkSkips } from './skips.ts';
import { TensorDesk } from './tensorData/tensorDesk.ts';
import { TensorLists } from './tensorList/tensorLists.ts';
import { weightRun } from './weightRun.ts';
import { sampleCosines } from './work.ts';
import { withWriteErrors } from './writing.ts';

export interface SessionParts {
  readonly kernels: KernelSet;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly onProgress: (progress: Progress) => void;
  /** Bytes of activations kept for trials; {@link CACHE_BYTES} when absent. */
  readonly whatIfBytes?: number | undefined;
  /** Runs judging commands of the user's; left out where none are run. */
  readonly runCommand?: RunCommand;
  /** Threads for sweeps; the caller's own does them alone where left out. */
  readonly crew?: SweepCrew | undefined;
}

/** One model, and its last run with everything a trial needs. One call at a time. */
export class Session {
  /** What is asked of single tensors. */
  readonly tensors: TensorDesk;
  /** Figures of all tensors at once. */
  readonly tensorLists: TensorLists;
  /** What charts and the inspector ask. */
  readonly charts: ChartDesk;
  /** What is known of all nodes by one metric. */
  readonly metrics: MetricDesk;
  /** What each node costs at the output. */
  readonly sweeps: SensitivityDesk;
  /** What changes of the config reach a goal. */
  readonly searches: SearchDesk;
  /** Which nodes are to blame, why, and what helps. */
  readonly diagnoses: DiagnosisDesk;
  readonly #parts: SessionParts;
  #open: OpenModel | undefined;
  #run: RunState | undefined;
  #settings: Settings | undefined;
  #base: Result | undefined;
  #current: Result | undefined;
  #runId = 0;
  #sensitivity = new Map<NodeId, number>();
  #lab: Lab | undefined;

  constructor(parts: SessionParts) {
    this.#parts = { ...parts, files: withWriteErrors(parts.files) };
    const now = () => {
      const [run, result, sensitivity] = [this.#run, this.#current, this.#sensitivity];
      const after = run === undefined || result === undefined ? undefined : { run, result, sensitivity };
      return { ...this.#parts, open: this.#model(), after, lab: this.#labOf() };
    };
    this.tensors = new TensorDesk(now);
    this.tensorLists = new TensorLists(now);
    this.metrics = new MetricDesk(now);
    this.charts = new ChartDesk(now);
    this.searches = new SearchDesk(now);
    this.diagnoses = new DiagnosisDesk(now);
    const directoryOf = (path: string): string => this.#parts.files.directoryOf(path);
    const onLosses = (losses: ReadonlyMap<number, number>): void => {
      for (const [node, loss] of losses) this.#sensitivity.set(node as NodeId, loss); // views have ids as numbers
    };
    this.sweeps = new SensitivityDesk(() => ({ ...now(), directoryOf, onLosses }));
  }

  /** @throws DiagnosticError ONX… */
  async open(path: string): Promise<GraphView> {
    this.#forget();
    this.#open = await openModel(this.#parts.files, path);
    return this.#open.view;
  }

  /** Lets go of the last run; the model stays open. */
  forgetRun(): void {
    const open = this.#open;
    this.#forget();
    this.#open = open;
  }

  /** Executes the float model once. @returns outputs by name, C order. */
  async run(
    feeds: ReadonlyMap<string, Tensor>,
    dims: ReadonlyMap<string, number> = new Map(),
    signal: AbortSignalLike = NEVER,
  ): Promise<ReadonlyMap<string, Tensor>> {
    return runModel(this.#model(), this.#parts.kernels, feeds, dims, signal);
  }

  /** Calibrates, quantizes, evaluates, and writes the reports the config asks for. @throws DiagnosticError, Cancelled */
  async quantize(params: RunRequest, signal: AbortSignalLike = NEVER): Promise<RunView> {
    const open = this.#model();
    const { kernels, files, clock, onProgress } = this.#parts;
    const started = clock.now();
    throwErrors(open.coverage);
    const opened = await openSettings(params, open, files);
    throwErrors(opened.diagnostics);
    const { diagnostics, ...samples } = await readableSamples(opened, { signal, onProgress });
    const settings = { ...opened, ...samples };
    const whatIf = { bytes: this.#parts.whatIfBytes ?? CACHE_BYTES, samples: params.samples ?? KEPT_SAMPLES };
    const parts = { open, settings, kernels, ...samples, whatIf, signal, onProgress };
    const calibrated = await runOf(parts, files);
    const run = { ...calibrated, diagnostics: [...diagnostics, ...calibrated.diagnostics] };
    const { result, reports } = await this.#evaluated(run, settings, signal);
    this.#replace(run, settings, result);
    const view = this.#view(result, clock.now() - started, settings.reportFolder);
    await reports?.finish(view);
    return view;
  }

  /** Evaluates the last run's model under an edited config, re-using whatever did not change; writes nothing. */
  async trial(params: QuantizeParams, signal: AbortSignalLike = NEVER): Promise<TrialView> {
    const { files, clock, onProgress } = this.#parts;
    const started = clock.now();
    const { run, settings: last, base, current } = this.#state();
    const settings = await openSettings(params, run.open, files);
    throwErrors(settings.diagnostics);
    sameRun(last, settings);
    const before = run.builder.calibrationSteps ?? 0;
    const build = await buildFor(run, settings, signal);
    const count = Math.min(params.samples ?? run.keptSamples, run.sampleCount);
    const parts = { run, settings, build, count, keep: count, signal, onProgress, earlier: [current, base] };
    const result = await resultOf(parts).catch((error: unknown) => {
      build.program.release();
      throw error;
    });
    if (current !== base) current.build.program.release();
    this.#current = result;
    this.#settings = settings;
    this.tensors.clear();
    this.#trim();
    const { executed, stopped, total, floatSteps, reusedSamples, samples } = result.evaluation;
    const { bytes: cacheBytes, maxBytes: cacheLimit, isWhole } = run.cache;
    const calibrationSteps = (run.builder.calibrationSteps ?? 0) - before;
    const kept = { cacheBytes, cacheLimit, isWhole };
    return {
      run: this.#view(result, clock.now() - started, null),
      before: outputFigures(run.float, current.evaluation, count),
      base: outputFigures(run.float, base.evaluation, count),
      added: settings.skip.filter((name) => !current.skip.includes(name)),
      removed: current.skip.filter((name) => !settings.skip.includes(name)),
      change: changeBetween(last.configText, settings.configText),
      effort: { reusedSamples, samples, executed, stopped, total, floatSteps, calibrationSteps, ...kept },
    };
  }

  async details(nodeId: number): Promise<NodeDetails> {
    const open = this.#model();
    const node = open.model.graph.nodes.find((n) => n.id === nodeId);
    const view = open.view.nodes.find((n) => n.id === nodeId);
    if (node === undefined || view === undefined) throw noSuchNode(open.file, nodeId);
    if (this.#run === undefined || this.#current === undefined)
      return { node: view, figures: null, tensors: declaredTensors(open, node), requantizer: null };
    const figures = this.#figures(this.#current).find((f) => f.nodeId === nodeId) ?? null;
    const requantizer = this.#requantizers(this.#current)?.nodes.find((n) => n.nodeId === nodeId) ?? null;
    return nodeDetails({ run: this.#run, result: this.#current, node, view, figures, requantizer });
  }

  /**
   * Writes the current quantized model as ONNX, in the given format or the config's.
   * @returns what is to be said of the file.
   * @throws DiagnosticError EXE15x where ONNX cannot express it.
   */
  async exportModel(path: string, format?: ExportFormat): Promise<readonly Diagnostic[]> {
    const { run, current, settings } = this.#state();
    const { files } = this.#parts;
    const config = { path: settings.configPath, text: settings.configText };
    const request = { run, build: current.build, files, path, config, format: format ?? settings.exportFormat };
    return silence(await exportModel(request), settings.silence);
  }

  async checkConfig(configText: string, configPath: string): Promise<readonly Diagnostic[]> {
    return checkConfig({ configText, configPath }, this.#open, this.#parts.files);
  }

  /** What a config for the open model may name. */
  async configFacts(): Promise<ModelFacts> {
    return modelFacts(this.#model());
  }

  async configTemplate(
    quantType: 'FULL_QUANT' | 'WEIGHT_QUANT' | 'DYNAMIC_QUANT' | 'MIXED_BIT',
  ): Promise<{ readonly configText: string }> {
    return { configText: templateFor(quantType, this.#model()) };
  }

  /** Builds and evaluates a calibrated run, reports on it; gives the memory back when that does not end well. */
  async #evaluated(run: RunState, settings: Settings, signal: AbortSignalLike) {
    const { files, onProgress } = this.#parts;
    let build: Build | undefined;
    try {
      build = await buildFor(run, settings, signal);
      const folder = settings.reportFolder;
      const reports = folder === null ? undefined : new RoundReports(run, build, settings, files, folder);
      const inOnePass = settings.evaluation.samples === settings.calibration;
      if (reports !== undefined && !inOnePass) await reports.measure(settings.calibration, signal, onProgress);
      const hooks = reports !== undefined && inOnePass ? reports.hooks : {};
      const measured = await resultOf({ run, settings, build, count: run.sampleCount, signal, onProgress, hooks });
      const rounds = inOnePass ? run.sampleCount : settings.calibration.count;
      const earlier = (await reports?.leftOver(rounds)) ?? [];
      return { result: { ...measured, diagnostics: [...measured.diagnostics, ...earlier] }, reports };
    } catch (error) {
      build?.program.release();
      run.float.release();
      throw error;
    }
  }

  #view(result: Result, elapsedMs: number, reportFolder: string | null): RunView {
    const { run, settings } = this.#state();
    const nodes = this.#figures(result);
    const notes = nodes.some((n) => n.quantized) ? [] : [nothingToQuantize(run.open.file, whyNothing(result))];
    const integers = integerOperators(run.open.qdq).length;
    if (integers > 0) notes.push(integersInBoth(run.open.file, integers));
    const outputs = outputFigures(run.float, result.evaluation);
    notes.push(...tuningLost(run, settings, result, outputs));
    const skips = [
      ...checkSkips(settings, run.open, run.prepared, run.builder.everything),
      ...checkOverrides(settings, run.open, run.prepared, run.builder.everything),
    ];
    const requantizers = this.#requantizers(result);
    const isKept = run.open.quantization !== undefined && settings.importedModel === 'evaluate';
    return {
      runId: ++this.#runId,
      model: run.open.path,
      config: settings.configPath,
      quantType: settings.quantType,
      method: isKept ? `${settings.quantType}, with the parameters of the file` : methodText(settings),
      choices: isKept ? null : choicesView(settings),
      evaluatedOn: run.evaluatedOn,
      samples: result.evaluation.samples,
      outputs,
      nodes,
      accuracy: result.accuracy,
      sizes: result.sizes,
      macs: result.macs,
      perSample: sampleCosines(run.samples, result.evaluation),
      autoTune: run.autoTune ?? null,
      clusters: result.build.clusters ?? null,
      requantizers,
      differences: result.differences,
      elapsedMs,
      diagnostics: silence(
        [
          ...settings.diagnostics,
          ...run.diagnostics,
          ...skips,
          ...result.diagnostics,
          ...notes,
          ...checkMultipliers({
            settings,
            view: requantizers,
            nodes,
            steps: result.build.program.steps,
            ownerOf: run.prepared.ownerOf,
          }),
        ],
        settings.silence,
      ),
      reportFolder,
    };
  }

  #requantizers(result: Result): RequantizersView | null {
    const { run, settings } = this.#state();
    const { program } = result.build;
    return requantizersView({ run, settings, steps: program.steps, comparison: result.comparison });
  }

  #figures(result: Result) {
    const { run } = this.#state();
    return nodeFigures({
      userGraph: run.open.model.graph,
      prepared: run.prepared,
      plan: result.build.plan,
      quant: result.build.program,
      codes: result.build.qdq.codes,
      values: result.evaluation.values,
      local: result.local,
      sensitivity: this.#sensitivity,
      standIns: run.standIns,
      skipped: new Set(result.skip.flatMap((name) => run.open.nodeByHandle.get(name) ?? [])),
    });
  }

  #model(): OpenModel {
    if (this.#open === undefined) throw nothingYet('', 'model');
    return this.#open;
  }

  /** Where changes of the config as it stands are measured; undefined before a run. */
  #labOf(): Lab | undefined {
    const [run, settings, result] = [this.#run, this.#settings, this.#current];
    if (run === undefined || settings === undefined || result === undefined) return undefined;
    if (this.#lab?.result !== result) this.#lab = new Lab({ run, settings, result });
    return this.#lab;
  }

  #state() {
    const file = this.#open?.file ?? '';
    if (this.#run === undefined || this.#settings === undefined) throw nothingYet(file, 'run');
    if (this.#base === undefined || this.#current === undefined) throw nothingYet(file, 'run');
    return { run: this.#run, settings: this.#settings, base: this.#base, current: this.#current };
  }

  #replace(run: RunState, settings: Settings, result: Result): void {
    this.forgetRun();
    this.#run = run;
    this.#settings = settings;
    this.#base = result;
    this.#current = result;
  }

  /** Keeps the cached activations of the last run and of the current trial. */
  #trim(): void {
    const { run, base, current } = this.#state();
    const pairs = [...base.build.pairs, ...current.build.pairs];
    run.cache.retain(new Set(pairs.flatMap((p) => [p.floatSignature, p.quantSignature])));
  }

  #forget(): void {
    this.tensors.clear();
    this.sweeps.forget();
    this.#run?.float.release();
    for (const program of new Set([this.#base?.build.program, this.#current?.build.program])) program?.release();
    this.#run = undefined;
    this.#settings = undefined;
    this.#base = undefined;
    this.#current = undefined;
    this.#open = undefined;
    this.#sensitivity = new Map();
    this.#lab = undefined;
  }
}

const RUNS: Readonly<Record<QuantType, (parts: RunParts) => Promise<RunState>>> = {
  FULL_QUANT: calibrateRun,
  WEIGHT_QUANT: weightRun,
  DYNAMIC_QUANT: dynamicRun,
};

/** What a config's method leaves for trials and reports; of a model that is quantized already, what its file says. */
function runOf(parts: RunParts, files: FileSystem): Promise<RunState> {
  const start = RUNS[parts.settings.quantType];
  return parts.open.quantization === undefined ? start(parts) : importedRun(parts, files, start);
}

/** Where auto_tune's target does not hold on the evaluation samples. */
function tuningLost(
  run: RunState,
  settings: Settings,
  { evaluation: { samples } }: Result,
  outputs: readonly OutputFigures[],
): Diagnostic[] {
  const { autoTune } = run;
  if (autoTune === undefined || outputs.length === 0) return [];
  const cosine = outputs.reduce((sum, o) => sum + o.cosine, 0) / outputs.length;
  if (cosine >= autoTune.target || settings.evaluation.samples === settings.calibration) return [];
  return [tunedOnOthers(settings.at('mixed_bit_weight_quant_param', 'auto_tune'), autoTune, { cosine, samples })];
}

const MOST_REASONS = 3;

/** The reasons that keep most nodes float, the most frequent first. */
function whyNothing(result: Result): string {
  const counts = new Map<string, number>();
  for (const { why } of result.build.plan.nodes.values()) counts.set(why, (counts.get(why) ?? 0) + 1);
  if (counts.size === 0) return 'the model has no nodes';
  const byCount = [...counts].sort(([, a], [, b]) => b - a);
  return byCount
    .slice(0, MOST_REASONS)
    .map(([why]) => why.replace(/\.$/, ''))
    .join('; ');
}
