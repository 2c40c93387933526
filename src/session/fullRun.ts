import type { AbortSignalLike } from '../base/abort.ts';
import { rememberSamples } from '../data/remembered.ts';
import type { Program } from '../exec/program.ts';
import type { Graph, NodeId, ValueId } from '../graph/model.ts';
import { isDequantize } from '../ops/quantNodes.ts';
import type { Progress } from '../protocol/views.ts';
import type { CalibrationMethod } from '../quant/methods.ts';
import { observedValues, type QuantPlan, schemeOf } from '../quant/plan.ts';
import type { Range } from '../quant/qparams.ts';
import { newQuantizeCache } from '../quant/quantize.ts';
import { Responses } from '../quant/response/elementwise.ts';
import type { LeastSquaresRounding } from '../quant/rounding/roundWeight.ts';
import { activationScheme } from '../quant/scheme.ts';
import { calibrationFloats } from '../whatif/calibrationFloats.ts';
import { withBalancedChannels } from './balance.ts';
import {
  assign,
  type Build,
  type BuildChoices,
  buildAlone,
  buildQuantized,
  type Calibrated,
  planWith,
} from './build.ts';
import { choicesOf, counterpartOf } from './choices.ts';
import { WeightClusters } from './clusters.ts';
import { CorrectionDesk, type Uncorrected } from './corrections.ts';
import { differencesOf } from './differences.ts';
import { compileGraph, equalized, type Prepared, prepare } from './prepared.ts';
import { RangeDesk, type RangeWish } from './ranges.ts';
import { roundingsOf } from './rounding.ts';
import { type Builder, keptOf, measuredOn, type RunParts, type RunState, stepText } from './run.ts';
import { type Variant, variantOf } from './variant.ts';

/** Bytes of calibration samples kept from one pass to the next. */
const REMEMBERED_BYTES = 1 << 26;

/**
 * Prepares the graph, calibrates on all samples and measures bias corrections; ranges and corrections are taken for
 * every node the target could quantize, skipped ones included, so that a toggle needs no data again.
 * @throws DiagnosticError, Cancelled
 */
export async function calibrateRun(parts: RunParts): Promise<RunState> {
  const { open, settings, kernels, calibration, signal, onProgress } = parts;
  const report = (stage: Progress['stage'], done: number, total: number, text: string): void =>
    onProgress({ stage, done, total, text });
  report('read', 0, 1, open.file);
  const prepared = await floatModel(parts);
  const compileParts = { open, prepared, kernels, requantizer: settings.requantizer };
  const choices = choicesOf(settings, open, prepared);
  const everything = planWith({ ...compileParts, choices }, new Set());
  const other = counterpartOf(settings, choices);
  const counterpart = other === undefined ? [] : [planWith({ ...compileParts, choices: other }, new Set())];
  const plans = [everything, ...counterpart];
  const clampInputs = new Set(plans.flatMap((plan) => [...clampInputsOf(prepared.graph, plan)]));
  const keep = new Set([...clampInputs, ...dequantizedIn(prepared.graph, plans)]);
  const float = await compileGraph(compileParts, prepared.graph, { keep, apart: true, signal });
  try {
    const samples = rememberSamples(calibration, REMEMBERED_BYTES);
    const { count } = parts.evaluation;
    const inside = new Set([...clampInputs].filter((id) => !everything.activations.has(id)));
    const needs = { float, count, calibrationSamples: calibration.count, codeBytes: 1, inside } as const;
    const whatIf = keptOf(parts.whatIf, needs);
    const kept = calibrationFloats(whatIf.cache, float);
    const effort = { steps: 0 };
    const ranges = new RangeDesk({
      float,
      kernels,
      file: open.file,
      samples,
      responses: await Responses.load(float.graph, {
        kernels,
        opsets: open.model.opsets,
        dimsOf: (id) => float.slots.get(id)?.dims,
      }),
      klFlavour: settings.strictReference ? 'reference' : 'observedSides',
      kept,
      onStep: ({ pass, sample, name }, step, passes) => {
        effort.steps++;
        const done = pass === 'ranges' ? sample : calibration.count + sample;
        report('calibrate', done, calibration.count * passes, `${pass} · ${stepText(name, step)}`);
      },
    });
    const roundings = new Map<NodeId, LeastSquaresRounding>();
    const base: FullParts['base'] = {
      ...compileParts,
      clampInputs,
      calibrationSamples: calibration.count,
      roundings,
      cache: newQuantizeCache(),
      clusters: new WeightClusters({ choice: settings.clusters, prepared, file: open.file, onProgress }),
      constants: new Map(),
    };
    const corrections = new CorrectionDesk({
      float,
      samples,
      kept,
      onSample: (done, name) => report('correct', done, calibration.count, name),
      onStep: (done, name, step) => {
        effort.steps++;
        report('correct', done, calibration.count, stepText(name, step));
      },
    });
    const asMeant = { isStrict: !settings.strictReference, ...(other && { choices: other }), plans };
    const variant = variantOf(settings, open, prepared);
    const builder = new FullBuilder({
      base,
      choices,
      float,
      ranges,
      corrections,
      counterpart: asMeant,
      variant,
      effort,
    });
    const found = await ranges.of(builder.wishesOf(variant), signal);
    report('calibrate', 1, 1, '');
    const learnt = await roundingsOf(float, {
      ...{ settings, calibration, signal },
      onStep: (done, name, step) => report('calibrate', done, calibration.count, `weights · ${stepText(name, step)}`),
    });
    for (const [node, rounding] of learnt) roundings.set(node, rounding);
    await builder.corrections(variant, signal);
    return {
      ...measuredOn(parts, prepared, float),
      ...whatIf,
      builder,
      diagnostics: [...prepared.diagnostics, ...found.diagnostics],
    };
  } catch (error) {
    float.release();
    throw error;
  }
}

type Found = 'choices' | 'counterpart' | 'ranges' | 'corrections';

interface FullParts {
  /** What no variant changes. */
  readonly base: Omit<Calibrated, Found>;
  readonly choices: BuildChoices;
  readonly float: Program;
  readonly ranges: RangeDesk;
  readonly corrections: CorrectionDesk;
  readonly counterpart: {
    readonly choices?: BuildChoices;
    readonly isStrict: boolean;
    /** Plans of the run and of its counterpart: values of both are calibrated. */
    readonly plans: readonly QuantPlan[];
  };
  /** The run's own. */
  readonly variant: Variant;
  /** Of the float model, over calibration samples. */
  readonly effort: { readonly steps: number };
}

/** Builds any variant of one calibrated float program; what a variant needs beside is found when it is first asked for. */
class FullBuilder implements Builder {
  readonly everything: QuantPlan;
  readonly #parts: FullParts;

  constructor(parts: FullParts) {
    this.#parts = parts;
    this.everything = this.#planOf(parts.variant, new Set());
  }

  get calibrationSteps(): number {
    return this.#parts.effort.steps;
  }

  plan(variant: Variant): QuantPlan {
    return this.#planOf(variant, variant.skip);
  }

  async build(variant: Variant, signal: AbortSignalLike): Promise<Build> {
    const { float } = this.#parts;
    const calibrated = {
      ...(await this.#calibrated(variant, signal)),
      corrections: await this.corrections(variant, signal),
    };
    const build = await buildQuantized(calibrated, float, this.plan(variant), signal);
    return { ...build, differences: (halt) => differencesOf(calibrated, build, variant.skip, halt) };
  }

  async extremes(signal: AbortSignalLike): Promise<ReadonlyMap<ValueId, Range>> {
    const wishes = [...this.wishesOf(this.#parts.variant)];
    const extremes = wishes.map(([id, wish]) => [id, { ...wish, method: 'MAX_MIN' }] as const);
    return (await this.#parts.ranges.of(new Map(extremes), signal)).ranges;
  }

  /** What biases make up for: of every convolution that could be quantized. @throws Cancelled */
  async corrections(variant: Variant, signal: AbortSignalLike): Promise<ReadonlyMap<NodeId, Float64Array>> {
    if (!variant.biasCorrection) return new Map();
    const { float, corrections, base } = this.#parts;
    const calibrated = await this.#calibrated(variant, signal);
    const plan = this.#planOf(variant, new Set());
    const { assignment } = await assign(calibrated, plan, signal);
    const alone: Uncorrected['alone'] = (nodes) => buildAlone(calibrated, float, { plan, assignment }, nodes, signal);
    return corrections.of(base, { plan, assignment, alone }, signal);
  }

  /** How the range of every value is chosen that could be quantized under a variant, or in the run. */
  wishesOf(variant: Variant): ReadonlyMap<ValueId, RangeWish> {
    const { counterpart, base } = this.#parts;
    const plan = this.#planOf(variant, new Set());
    const { activationType, activationSymmetry } = variant.general;
    const observed = [plan, ...counterpart.plans].flatMap((p) => [...observedValues(p)]);
    const values = new Set([...observed, ...base.clampInputs]);
    const ready = [...values].filter((id) => this.#isMade(id));
    return new Map(
      ready.map((id) => {
        const method: CalibrationMethod = plan.methods.get(id) ?? variant.calibrationMethod;
        const scheme = schemeOf(plan, id) ?? activationScheme(activationType, activationSymmetry);
        return [id, { method, scheme, percentile: variant.percentile }];
      }),
    );
  }

  #isMade(id: ValueId): boolean {
    return this.#parts.float.slots.has(id);
  }

  #planOf(variant: Variant, skip: ReadonlySet<NodeId>): QuantPlan {
    return planWith({ ...this.#parts.base, choices: this.#choicesOf(variant) }, skip);
  }

  #choicesOf({ general, overrides }: Variant): BuildChoices {
    return { ...this.#parts.choices, general, overrides };
  }

  /** Without corrections. */
  async #calibrated(variant: Variant, signal: AbortSignalLike): Promise<Calibrated> {
    const { base, ranges, counterpart } = this.#parts;
    const found = await ranges.of(this.wishesOf(variant), signal);
    const { choices: other, isStrict } = counterpart;
    const beside = other && { ...other, overrides: variant.overrides };
    return {
      ...base,
      choices: this.#choicesOf(variant),
      counterpart: beside && { choices: beside, isStrict, ranges: found.counterparts },
      ranges: found.ranges,
      corrections: new Map(),
    };
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

/** What a clamp reads, where the plan under some skip list wants it by itself: fused programs would not make it. */
function clampInputsOf(graph: Graph, plan: QuantPlan): Set<ValueId> {
  const observed = observedValues(plan);
  const reads = graph.nodes.filter((n) => n.opType === 'Relu' || n.opType === 'Clip').map((n) => n.inputs[0]);
  const apart = reads.filter((id): id is ValueId => id !== undefined && observed.has(id));
  return new Set([...apart, ...[...plan.folded.values()].map((f) => f.from)]);
}

/** What the file's own DequantizeLinear make and a plan quantizes again: a program may make constants of them. */
function dequantizedIn(graph: Graph, plans: readonly QuantPlan[]): ValueId[] {
  const observed = new Set(plans.flatMap((plan) => [...observedValues(plan)]));
  const made = graph.nodes.flatMap((n) => (isDequantize(n) ? n.outputs : []));
  return made.filter((id): id is ValueId => id !== undefined && observed.has(id));
}
