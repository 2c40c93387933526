import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import type { Program, Step } from '../exec/program.ts';
import type { Graph, NodeId, ValueId } from '../graph/model.ts';
import type { Progress } from '../protocol/views.ts';
import { measureBiasCorrection } from '../quant/biasCorrection.ts';
import { calibrate } from '../quant/calibrate.ts';
import { isolatedSteps } from '../quant/isolate.ts';
import { observedValues, type QuantPlan } from '../quant/plan.ts';
import { newQuantizeCache } from '../quant/quantize.ts';
import { ActivationCache } from '../whatif/cache.ts';
import { type Build, buildQuantized, type Calibrated, planWith } from './build.ts';
import { choicesOf } from './choices.ts';
import type { OpenModel } from './model.ts';
import { type CompileParts, compileGraph, equalized, type Prepared, prepare } from './prepared.ts';
import type { Settings } from './settings.ts';
import { skippedNodes } from './skips.ts';

/** Bytes of activations kept for what-if. */
export const CACHE_BYTES = 1 << 30;

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
  /** Bytes of the float model's weights as stored. */
  readonly floatBytes: number;
  /** The prepared graph's value for one of the user's that stands for it, behind a DequantizeLinear of the file. */
  readonly standIns: ReadonlyMap<ValueId, ValueId>;
  readonly diagnostics: readonly Diagnostic[];
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
  const ready = await prepare(open, kernels, settings.fixedDims);
  const prepared = settings.equalization ? await equalized(ready, open.file) : ready;
  const compileParts = { open, prepared, kernels, requantizer: settings.requantizer };
  const choices = choicesOf(settings, open, prepared);
  const everything = planWith({ ...compileParts, choices }, new Set());
  const clampInputs = new Set([...everything.folded.values()].map((f) => f.from));
  const observed = new Set<ValueId>([...observedValues(everything), ...clampInputs]);
  const float = await compileGraph(compileParts, prepared.graph, { keep: clampInputs, apart: true, signal });
  try {
    const total = calibration.count;
    const onStep = (i: number, name: string, step: Step): void => report('calibrate', i, total, stepText(name, step));
    const { ranges, diagnostics } = await calibrate(float, calibration, {
      kernels,
      file: open.file,
      values: observed,
      signal,
      onStep,
    });
    report('calibrate', total, total, '');
    const base: Calibrated = {
      ...compileParts,
      choices,
      clampInputs,
      ranges,
      calibrationSamples: total,
      corrections: new Map(),
      cache: newQuantizeCache(),
      constants: new Map(),
    };
    const corrections = settings.biasCorrection ? await correct(parts, base, float) : base.corrections;
    const calibrated: Calibrated = { ...base, corrections };
    return {
      open,
      prepared,
      builder: {
        everything,
        build: (skip, stop) => buildQuantized(calibrated, float, planWith(calibrated, skip), stop),
      },
      float,
      samples: evaluation.samples,
      sampleCount: evaluation.count,
      evaluatedOn: evaluation.label,
      cache: new ActivationCache(CACHE_BYTES),
      floatBytes: constantBytes(open.model.graph),
      standIns: new Map(),
      diagnostics: [...prepared.diagnostics, ...diagnostics],
    };
  } catch (error) {
    float.release();
    throw error;
  }
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

/** What is in work, for people: the sample and the node. */
export function stepText(sample: string, step: Step): string {
  return `${sample} · ${step.node.handle}`;
}

/** The quantized form under the given skip list. */
export function buildFor(run: RunState, skipNames: readonly string[], signal: AbortSignalLike): Promise<Build> {
  return run.builder.build(skippedNodes(run.open, run.prepared, skipNames), signal);
}

/** Bytes of a graph's constants as stored. */
export function constantBytes(graph: Graph): number {
  let bytes = 0;
  for (const { constant } of graph.values.values()) bytes += constant?.byteLength ?? 0;
  return bytes;
}
