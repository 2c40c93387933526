import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import { runPaired } from '../exec/paired.ts';
import type { Program } from '../exec/program.ts';
import type { NodeId, ValueId } from '../graph/model.ts';
import type { Accuracy, DifferenceView, MacsView, OutputFigures, Progress, SizesView } from '../protocol/views.ts';
import { strictDiffers } from '../quant/errors.ts';
import { floatSteps, type Isolated, isolatedSteps, runIsolatedSteps } from '../quant/isolate.ts';
import { type EvaluateOptions, type Evaluation, evaluate } from '../whatif/evaluate.ts';
import { FigureMeans, type PairFigures } from '../whatif/figures.ts';
import { PairReader } from '../whatif/pairReader.ts';
import { AccuracyCounter } from './accuracy.ts';
import type { Build } from './build.ts';
import { compareFlavours, type FlavourComparison } from './compareFlavours.ts';
import { SampleFigures } from './metrics/sampleFigures.ts';
import { type RunState, stepText } from './run.ts';
import type { Settings } from './settings.ts';
import { measureSizes } from './sizes.ts';
import { workOf } from './work.ts';

/** Evaluation samples kept in memory for trials, details and sensitivity. */
export const KEPT_SAMPLES = 8;

/** Of nodes alone on their float inputs: dB on each of the kept samples. */
export type LocalFigures = ReadonlyMap<ValueId, Float64Array>;

/** One evaluated build. */
export interface Result {
  readonly build: Build;
  readonly skip: readonly string[];
  readonly evaluation: Evaluation;
  /** Figures of every value on each sample. */
  readonly figures: SampleFigures;
  /** Local SQNR in dB on each of the first samples, by the value a node makes. */
  readonly local: LocalFigures;
  readonly accuracy: Accuracy | null;
  readonly sizes: SizesView;
  readonly macs: MacsView;
  /** What strict_reference changes. */
  readonly differences: readonly DifferenceView[] | null;
  /** Where the settings ask for it. */
  readonly comparison: FlavourComparison | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ResultParts {
  readonly run: RunState;
  readonly settings: Settings;
  readonly build: Build;
  readonly count: number;
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
  readonly hooks?: Pick<EvaluateOptions, 'onPair' | 'onSampleEnd' | 'full'>;
  /** Local figures of an earlier result, taken where a node's signature did not change. */
  readonly earlier?: Result;
}

/** Evaluates a build on the evaluation samples: figures of every value, of every node alone, and accuracy. */
export async function resultOf(parts: ResultParts): Promise<Result> {
  const { run, settings, build, count, signal, onProgress } = parts;
  const top = settings.labels === undefined ? undefined : new AccuracyCounter(settings.labels, run.samples);
  const first = run.float.graph.outputs[0];
  const figures = new SampleFigures(build.pairs.map((p) => p.value));
  const evaluation = await evaluate({
    float: run.float,
    quant: build.program,
    pairs: build.pairs,
    samples: run.samples,
    count,
    cache: run.cache,
    keep: KEPT_SAMPLES,
    signal,
    ...parts.hooks,
    onStep: (done, name, step) => onProgress({ stage: 'evaluate', done, total: count, text: stepText(name, step) }),
    onFigures: (sample) => figures.add(sample),
    onOutput: (sample, value, origin, dequant) => {
      if (value === first) top?.add(sample, origin, dequant);
    },
  });
  const local = await localFigures(parts, Math.min(KEPT_SAMPLES, evaluation.samples));
  const { skip } = settings;
  const differences = (await build.differences?.(signal)) ?? null;
  return {
    build,
    skip,
    evaluation,
    figures,
    local,
    accuracy: top?.accuracy ?? null,
    sizes: await measureSizes(run, build, signal),
    macs: await workOf(run, build),
    differences,
    comparison: await compareFlavours(parts, KEPT_SAMPLES),
    diagnostics: [...build.diagnostics, ...(top?.diagnostics ?? []), ...differenceNotes(run, settings, differences)],
  };
}

/** The differences as notes; those of another target stand in the report alone. */
function differenceNotes(
  { open }: RunState,
  { target, strictReference }: Settings,
  differences: readonly DifferenceView[] | null,
): Diagnostic[] {
  if (target.name === 'onnxruntime') return [];
  return (differences ?? []).map(({ what, nodes }) => strictDiffers(open.file, !strictReference, what, nodes));
}

/** Every quantized node alone, on its float inputs, over the kept samples. */
async function localFigures(
  { run, build, signal, onProgress, earlier }: ResultParts,
  count: number,
): Promise<LocalFigures> {
  if (build.apart !== undefined)
    return apartFigures({ run, build, signal, onProgress, ...(earlier && { earlier }) }, count);
  const local = new Map<ValueId, Float64Array>();
  const steps = stepsAlone(build).filter((s) => {
    if (build.plan.nodes.get(s.step.node.id)?.form !== 'quantized') return false;
    const known = sameParameters(build, earlier, s) ? earlier?.local.get(s.output) : undefined;
    if (known !== undefined) local.set(s.output, known);
    return known === undefined;
  });
  if (steps.length === 0) return local;
  const measured = new Map(steps.map((s) => [s.output, [] as number[]]));
  const reader = new PairReader(run.float.kernels);
  try {
    for (let i = 0; i < count; i++) {
      onProgress({ stage: 'evaluate', done: i, total: count, text: 'each node alone' });
      const feeds = run.cache.feeds(i);
      if (feeds === undefined) break;
      runIsolatedSteps(run.float.start(feeds, { signal }), build.program, steps, (isolated, origin, dequant) => {
        measured.get(isolated.output)?.push(reader.floats(origin, dequant).sqnrDb);
      });
      await Promise.resolve();
    }
  } finally {
    reader.release();
  }
  for (const [value, db] of measured) if (db.length > 0) local.set(value, Float64Array.from(db));
  return local;
}

/** As {@link localFigures} for nodes that several steps carry out: from a program that has them beside the float ones. */
async function apartFigures(
  { run, build, signal, onProgress, earlier }: Pick<ResultParts, 'run' | 'build' | 'signal' | 'onProgress' | 'earlier'>,
  count: number,
): Promise<LocalFigures> {
  const known = knownAlone(run, build, earlier);
  if (known !== undefined) return known;
  const apart = await build.apart?.(signal);
  if (apart === undefined) return new Map();
  const pairs = [...apart.alone].map(([float, quant]) => ({ float, quant }));
  const measured = pairs.map((): number[] => []);
  const reader = new PairReader(run.float.kernels);
  try {
    for (let i = 0; i < count; i++) {
      onProgress({ stage: 'evaluate', done: i, total: count, text: 'each node alone' });
      const feeds = run.cache.feeds(i);
      if (feeds === undefined) break;
      const options = { signal };
      runPaired(run.float.start(feeds, options), apart.program.start(feeds, options), pairs, (index, origin, made) => {
        measured[index]?.push(reader.floats(origin, made).sqnrDb);
      });
      await Promise.resolve();
    }
  } finally {
    reader.release();
    apart.program.release();
  }
  return new Map(
    pairs.flatMap(({ float }, i) => {
      const db = measured[i] ?? [];
      return db.length === 0 ? [] : [[float, Float64Array.from(db)] as const];
    }),
  );
}

/** Of an earlier result, where all nodes that are quantized now read the same codes there. */
function knownAlone(run: RunState, build: Build, earlier: Result | undefined): LocalFigures | undefined {
  const local = new Map<ValueId, Float64Array>();
  for (const { id, outputs } of run.prepared.graph.nodes) {
    const [value] = outputs;
    if (value === undefined || build.plan.nodes.get(id)?.form !== 'quantized') continue;
    const db = earlier?.local.get(value);
    const isWeighted = build.assignment.constants.some((c) => c.node === id);
    if (earlier === undefined || db === undefined) return undefined;
    if (isWeighted && !sameWeights(build, earlier.build, id)) return undefined;
    local.set(value, db);
  }
  return local;
}

/** Steps that can be run without those before them: on codes, or on floats where only weights are quantized. */
function stepsAlone({ program, qdq, plan, stored }: Build): Isolated[] {
  if (stored === undefined) return isolatedSteps(program, qdq.floatOf);
  return floatSteps(program, new Set(plan.weights.map((w) => w.node)));
}

/** Whether a step's own parameters are those of an earlier result: then so is its local error. */
function sameParameters(build: Build, earlier: Result | undefined, step: Isolated): boolean {
  if (earlier === undefined) return false;
  if (build.stored !== undefined) return sameWeights(build, earlier.build, step.step.node.id);
  const isSame = [step.output, ...step.inputs.map((i) => i.value)].every((id) => {
    const now = build.assignment.activations.get(id);
    return now !== undefined && now === earlier.build.assignment.activations.get(id);
  });
  const { id } = step.step.node;
  const constants = (b: Build): number => b.assignment.constants.filter((c) => c.node === id).length;
  return isSame && (constants(build) === 0 ? constants(earlier.build) === 0 : sameWeights(build, earlier.build, id));
}

/** Whether a node reads the same codes in both builds: what was coded once is the same object. */
function sameWeights(build: Build, earlier: Build, node: NodeId): boolean {
  const codes = ({ assignment }: Build): unknown[] =>
    assignment.constants.flatMap((c) => (c.node === node ? [c.quantized] : []));
  const [now, was] = [codes(build), codes(earlier)];
  return now.length > 0 && now.length === was.length && now.every((quantized, i) => quantized === was[i]);
}

/** Output figures, mean over the first `count` samples of an evaluation. */
export function outputFigures(
  float: Program,
  evaluation: Evaluation,
  count: number = evaluation.samples,
): OutputFigures[] {
  return float.graph.outputs.flatMap((id) => {
    const means = new FigureMeans();
    for (const sample of evaluation.outputs.slice(0, count)) {
      const f: PairFigures | undefined = sample.get(id);
      if (f !== undefined) means.add(f);
    }
    if (means.samples === 0) return [];
    const { cosine, sqnrDb } = means.mean;
    return [{ name: float.graph.values.get(id)?.name ?? '', cosine, sqnrDb }];
  });
}

/** Nodes that the target could quantize, for a sweep over them. */
export function candidatesOf(build: Build): Set<NodeId> {
  return new Set([...build.plan.nodes].filter(([, d]) => d.canSkip).map(([id]) => id));
}
