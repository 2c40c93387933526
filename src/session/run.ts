import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import { rememberSamples } from '../data/remembered.ts';
import type { Program, Step } from '../exec/program.ts';
import type { Graph, NodeId, ValueId } from '../graph/model.ts';
import type { AutoTuneView, Progress } from '../protocol/views.ts';
import { measureBiasCorrection } from '../quant/biasCorrection.ts';
import { type Calibration, calibrate } from '../quant/calibrate.ts';
import { isolatedSteps } from '../quant/isolate.ts';
import { type CalibrationMethod, passesOf } from '../quant/methods.ts';
import { observedValues, type QuantPlan, schemeOf } from '../quant/plan.ts';
import { newQuantizeCache } from '../quant/quantize.ts';
import { Responses } from '../quant/response/elementwise.ts';
import { activationScheme } from '../quant/scheme.ts';
import { ActivationCache } from '../whatif/cache.ts';
import { withBalancedChannels } from './balance.ts';
import { type Build, buildQuantized, type Calibrated, planWith } from './build.ts';
import { choicesOf, counterpartOf } from './choices.ts';
import { WeightClusters } from './clusters.ts';
import { differencesOf } from './differences.ts';
import type { OpenModel } from './model.ts';
import { type CompileParts, compileGraph, equalized, type Prepared, prepare } from './prepared.ts';
import { roundingsOf } from './rounding.ts';
import type { Settings } from './settings.ts';
import { skippedNodes } from './skips.ts';

/** Bytes of activations kept for what-if. */
export const CACHE_BYTES = 1 << 30;
/** Bytes of calibration samples kept from one pass to the next. */
const REMEMBERED_BYTES = 1 << 26;

/** What "Quantize with config…" leaves for trials, details and sensitivity. */
export interface RunState {
  readonly open: OpenModel;
  readonly prepared: Prepared;
  /** Makes the quantized form under any skip list. */
  readonly builder: Builder;
  readonly float: Program;
  readonly samples: Samples;
  /** How many evaluation samples there are to use, and what they are called. */
  readonly sampleCount: number;
  readonly evaluatedOn: string;
  readonly cache: ActivationCache;
  /** The float model whose constants are compared with the quantized ones in size. */
  readonly floatGraph: Graph;
  /** The prepared graph's value for one of the user's that stands for it, behind a DequantizeLinear of the file. */
  readonly standIns: ReadonlyMap<ValueId, ValueId>;
  readonly diagnostics: readonly Diagnostic[];
  /** How the scale of mixed bits was found. */
  readonly autoTune?: AutoTuneView;
}

/** Quantized forms of one float program. */
export interface Builder {
  /** The plan without any skip. */
  readonly everything: QuantPlan;
  /** With these nodes of the prepared graph left float. Whoever asks releases the program. @throws Cancelled */
  build(skip: ReadonlySet<NodeId>, signal: AbortSignalLike): Promise<Build>;
}

export interface RunParts {
  readonly open: OpenModel;
  readonly settings: Settings;
  readonly kernels: CompileParts['kernels'];
  readonly calibration: Samples;
  readonly evaluation: { readonly samples: Samples; readonly count: number; readonly label: string };
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Prepares the graph, calibrates on all samples and measures bias corrections; ranges and corrections are taken for
 * every node the target could quantize, skipped ones included, so that a toggle needs no data again.
 * @throws DiagnosticError, Cancelled
 */
export async function calibrateRun(parts: RunParts): Promise<RunState> {
  const { open, settings, kernels, calibration, evaluation, signal, onProgress } = parts;
  const report = (stage: Progress['stage'], done: number, total: number, text: string): void =>
    onProgress({ stage, done, total, text });
  report('read', 0, 1, open.file);
  const prepared = await floatModel(parts);
  const compileParts = { open, prepared, kernels, requantizer: settings.requantizer };
  const choices = choicesOf(settings, open, prepared);
  const everything = planWith({ ...compileParts, choices }, new Set());
  const other = counterpartOf(settings, choices);
  const plans = [
    everything,
    ...(other === undefined ? [] : [planWith({ ...compileParts, choices: other }, new Set())]),
  ];
  const clampInputs = new Set(plans.flatMap((plan) => [...clampInputsOf(prepared.graph, plan)]));
  const observed = new Set<ValueId>([...plans.flatMap((plan) => [...observedValues(plan)]), ...clampInputs]);
  const float = await compileGraph(compileParts, prepared.graph, { keep: clampInputs, apart: true, signal });
  try {
    const { ranges, counterparts, diagnostics } = await calibrateValues(parts, float, everything, observed);
    const roundings = await roundingsOf(float, {
      ...{ settings, calibration, signal },
      onStep: (done, name, step) => report('calibrate', done, calibration.count, `weights · ${stepText(name, step)}`),
    });
    const base: Calibrated = {
      ...compileParts,
      choices,
      counterpart: other && { choices: other, isStrict: !settings.strictReference, ranges: counterparts },
      clampInputs,
      ranges,
      calibrationSamples: calibration.count,
      corrections: new Map(),
      roundings,
      cache: newQuantizeCache(),
      clusters: new WeightClusters({ choice: settings.clusters, prepared, file: open.file, onProgress }),
      constants: new Map(),
    };
    const corrections = settings.biasCorrection ? await correct(parts, base, float) : base.corrections;
    const calibrated: Calibrated = { ...base, corrections };
    return {
      ...measuredOn(parts, prepared, float),
      builder: {
        everything,
        build: async (skip, stop) => {
          const build = await buildQuantized(calibrated, float, planWith(calibrated, skip), stop);
          return { ...build, differences: (halt) => differencesOf(calibrated, build, skip, halt) };
        },
      },
      diagnostics: [...prepared.diagnostics, ...diagnostics],
    };
  } catch (error) {
    float.release();
    throw error;
  }
}

/** The float model that is quantized and compared with. */
async function floatModel({ open, settings, kernels, calibration, signal, onProgress }: RunParts): Promise<Prepared> {
  const { fixedDims, requantizer, channelBalance, channelBalanceExponent: exponent } = settings;
  const ready = await prepare(open, kernels, fixedDims);
  const prepared = settings.equalization ? await equalized(ready, open.file) : ready;
  if (channelBalance === 'off') return prepared;
  return withBalancedChannels({
    ...{ open, prepared, kernels, requantizer, calibration, signal },
    ...{ inserts: channelBalance === 'insert', exponent },
    onStep: (done, name, step) =>
      onProgress({ stage: 'calibrate', done, total: calibration.count, text: `channels · ${stepText(name, step)}` }),
  });
}

/** Ranges of the observed values, each by its node's own method or the config's. */
async function calibrateValues(
  parts: RunParts,
  float: Program,
  plan: QuantPlan,
  values: ReadonlySet<ValueId>,
): Promise<Calibration> {
  const { open, settings, kernels, calibration, signal, onProgress } = parts;
  const { activationType, activationSymmetry } = settings.general;
  const methodOf = (id: ValueId): CalibrationMethod => plan.methods.get(id) ?? settings.calibrationMethod;
  const responses = await Responses.load(float.graph, {
    kernels,
    opsets: open.model.opsets,
    dimsOf: (id) => float.slots.get(id)?.dims,
  });
  const passes = passesOf([...values].map(methodOf));
  const total = calibration.count * passes;
  const samples = passes > 1 ? rememberSamples(calibration, REMEMBERED_BYTES) : calibration;
  const found = await calibrate(float, samples, {
    kernels,
    file: open.file,
    values,
    methodOf,
    schemeOf: (id) => schemeOf(plan, id) ?? activationScheme(activationType, activationSymmetry),
    percentile: settings.percentile,
    responseOf: (id) => responses.of(id),
    klFlavour: settings.strictReference ? 'reference' : 'observedSides',
    signal,
    onStep: ({ pass, sample, name }, step) => {
      const done = pass === 'ranges' ? sample : calibration.count + sample;
      onProgress({ stage: 'calibrate', done, total, text: `${pass} · ${stepText(name, step)}` });
    },
  });
  onProgress({ stage: 'calibrate', done: total, total, text: '' });
  return found;
}

/** What a clamp reads, where the plan under some skip list wants it by itself: fused programs would not make it. */
function clampInputsOf(graph: Graph, plan: QuantPlan): Set<ValueId> {
  const observed = observedValues(plan);
  const reads = graph.nodes.filter((n) => n.opType === 'Relu' || n.opType === 'Clip').map((n) => n.inputs[0]);
  const apart = reads.filter((id): id is ValueId => id !== undefined && observed.has(id));
  return new Set([...apart, ...[...plan.folded.values()].map((f) => f.from)]);
}

async function correct(parts: RunParts, base: Calibrated, float: Program): Promise<Map<NodeId, Float64Array>> {
  const { calibration, signal, onProgress, kernels } = parts;
  const build = await buildQuantized(base, float, planWith(base, new Set()), signal);
  const convolutions = isolatedSteps(build.program, build.qdq.floatOf).filter((s) => s.step.node.opType === 'Conv');
  const total = calibration.count;
  const onStep = (done: number, name: string, step: Step): void =>
    onProgress({ stage: 'correct', done, total, text: stepText(name, step) });
  try {
    return await measureBiasCorrection(float, build.program, convolutions, calibration, { kernels, signal, onStep });
  } finally {
    build.program.release();
  }
}

/** What runs of all types on a float file have in common: the float program, and the samples it is measured on. */
export function measuredOn(
  { open, evaluation }: RunParts,
  prepared: Prepared,
  float: Program,
): Omit<RunState, 'builder' | 'diagnostics'> {
  return {
    open,
    prepared,
    float,
    samples: evaluation.samples,
    sampleCount: evaluation.count,
    evaluatedOn: evaluation.label,
    cache: new ActivationCache(CACHE_BYTES),
    floatGraph: open.model.graph,
    standIns: new Map(),
  };
}

/** What is in work, for people: the sample and the node. */
export function stepText(sample: string, step: Step): string {
  return `${sample} · ${step.node.handle}`;
}

/** The quantized form under the given skip list. */
export function buildFor(run: RunState, skipNames: readonly string[], signal: AbortSignalLike): Promise<Build> {
  return run.builder.build(skippedNodes(run.open, run.prepared, skipNames), signal);
}
