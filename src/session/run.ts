import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import type { Program, Step } from '../exec/program.ts';
import type { Graph, ValueId } from '../graph/model.ts';
import type { AutoTuneView, Progress } from '../protocol/views.ts';
import type { QuantPlan } from '../quant/plan.ts';
import type { Range } from '../quant/qparams.ts';
import { ActivationCache } from '../whatif/cache.ts';
import type { Build } from './build.ts';
import type { OpenModel } from './model.ts';
import type { CompileParts, Prepared } from './prepared.ts';
import type { Settings } from './settings.ts';
import { type Variant, type VariantSettings, variantOf } from './variant.ts';

/** Bytes of activations kept for what-if, where nothing else is said. */
export const CACHE_BYTES = 1 << 30;
/** Evaluation samples kept for trials, details and sensitivity, where nothing else is said. */
export const KEPT_SAMPLES = 8;

/** What "Quantize with config…" leaves for trials, details and sensitivity. */
export interface RunState {
  readonly open: OpenModel;
  readonly prepared: Prepared;
  /** Makes quantized forms. */
  readonly builder: Builder;
  readonly float: Program;
  readonly samples: Samples;
  /** How many evaluation samples there are to use, and what they are called. */
  readonly sampleCount: number;
  readonly evaluatedOn: string;
  readonly cache: ActivationCache;
  /** Of the evaluation samples, how many the cache is for. */
  readonly keptSamples: number;
  /** dB of nodes alone, by what decides them; see localFigures.ts. */
  readonly localFigures: Map<string, Float64Array>;
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
  /** The plan of the run's config without any skip. */
  readonly everything: QuantPlan;
  /** What becomes of each node; nothing is computed. */
  plan(variant: Variant): QuantPlan;
  /** Whoever asks releases the program. @throws Cancelled, DiagnosticError */
  build(variant: Variant, signal: AbortSignalLike): Promise<Build>;
  /** Smallest and largest value of each activation over the calibration samples; absent where none are calibrated. */
  extremes?(signal: AbortSignalLike): Promise<ReadonlyMap<ValueId, Range>>;
  /** Steps of the float model that were run over calibration samples so far. */
  readonly calibrationSteps?: number;
}

export interface RunParts {
  readonly open: OpenModel;
  readonly settings: Settings;
  readonly kernels: CompileParts['kernels'];
  readonly calibration: Samples;
  readonly evaluation: { readonly samples: Samples; readonly count: number; readonly label: string };
  /** {@link CACHE_BYTES} and {@link KEPT_SAMPLES} when absent. */
  readonly whatIf?: WhatIf;
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
}

/** What is kept of a run for trials. */
export interface WhatIf {
  /** Bytes of activations. */
  readonly bytes: number;
  /** Evaluation samples, from the first. */
  readonly samples: number;
}

/** What runs of all types on a float file have in common: the float program, and the samples it is measured on. */
export function measuredOn(
  { open, evaluation, whatIf }: RunParts,
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
    ...keptOf(whatIf, { float, count: evaluation.count, codeBytes: 4 }),
    floatGraph: open.model.graph,
    standIns: new Map(),
  };
}

export interface KeptParts {
  readonly float: Program;
  /** Evaluation samples that there are. */
  readonly count: number;
  readonly calibrationSamples?: number;
  /** See cachePlan.ts. */
  readonly inside?: ReadonlySet<ValueId>;
  /** Of an element in quantized forms. */
  readonly codeBytes: 1 | 4;
}

/** An empty cache, for as many samples as there are. */
export function keptOf(
  whatIf: WhatIf | undefined,
  { float, count, calibrationSamples = 0, codeBytes, inside = new Set() }: KeptParts,
): Pick<RunState, 'cache' | 'keptSamples' | 'localFigures'> {
  const { bytes, samples } = whatIf ?? { bytes: CACHE_BYTES, samples: KEPT_SAMPLES };
  const keptSamples = Math.min(samples, count);
  const cache = new ActivationCache(bytes);
  cache.arrange({ float, samples: keptSamples, calibrationSamples, codeBytes, inside });
  return { cache, keptSamples, localFigures: new Map() };
}

/** What is in work, for people: the sample and the node. */
export function stepText(sample: string, step: Step): string {
  return `${sample} · ${step.node.handle}`;
}

/** The quantized form that a config asks for. */
export function buildFor(run: RunState, settings: VariantSettings, signal: AbortSignalLike): Promise<Build> {
  return run.builder.build(variantOf(settings, run.open, run.prepared), signal);
}
