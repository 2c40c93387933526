import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Program } from '../exec/program.ts';
import type { NodeId } from '../graph/model.ts';
import type { Accuracy, DifferenceView, MacsView, OutputFigures, Progress, SizesView } from '../protocol/views.ts';
import { strictDiffers } from '../quant/errors.ts';
import { type EvaluateOptions, type Evaluation, evaluate } from '../whatif/evaluate.ts';
import { FigureMeans, type PairFigures } from '../whatif/figures.ts';
import { earlierOf } from '../whatif/rerun.ts';
import { AccuracyCounter } from './accuracy.ts';
import type { Build } from './build.ts';
import { compareFlavours, type FlavourComparison } from './compareFlavours.ts';
import { type LocalFigures, localFigures } from './localFigures.ts';
import { SampleFigures } from './metrics/sampleFigures.ts';
import { type RunState, stepText } from './run.ts';
import type { Settings } from './settings.ts';
import { measureSizes } from './sizes.ts';
import { workOf } from './work.ts';

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
  /** Evaluation samples to keep, from the first; the run's when absent. */
  readonly keep?: number;
  readonly hooks?: Pick<EvaluateOptions, 'onPair' | 'onSampleEnd' | 'full'>;
  /** What is on display, and the last run: what did not change is theirs. */
  readonly earlier?: readonly Result[];
}

/** Evaluates a build on the evaluation samples: figures of every value, of every node alone, and accuracy. */
export async function resultOf(parts: ResultParts): Promise<Result> {
  const { run, settings, build, count, signal, onProgress } = parts;
  const top = settings.labels === undefined ? undefined : new AccuracyCounter(settings.labels, run.samples);
  const first = run.float.graph.outputs[0];
  const figures = new SampleFigures(build.pairs.map((p) => p.value));
  const keep = Math.min(parts.keep ?? run.keptSamples, count);
  run.cache.widen(keep);
  const evaluation = await evaluate({
    float: run.float,
    quant: build.program,
    pairs: build.pairs,
    samples: run.samples,
    count,
    cache: run.cache,
    keep,
    earlier: earlierOf((parts.earlier ?? []).map((e) => e.build.pairs)),
    signal,
    ...parts.hooks,
    onStep: (done, name, step) => onProgress({ stage: 'evaluate', done, total: count, text: stepText(name, step) }),
    onFigures: (sample) => figures.add(sample),
    onOutput: (sample, value, origin, dequant) => {
      if (value === first) top?.add(sample, origin, dequant);
    },
  });
  const [earlier] = parts.earlier ?? [];
  const local = await localFigures({ run, build, signal, onProgress, ...(earlier && { earlier }) }, keep);
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
    comparison: await compareFlavours(parts, keep),
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

/** Output figures, mean over the first `count` samples of an evaluation. */
export function outputFigures(
  float: Program,
  evaluation: Evaluation,
  count: number = evaluation.samples,
): OutputFigures[] {
  return float.graph.outputs.flatMap((id) => {
    const means = new FigureMeans();
    let noise = 0;
    for (const sample of evaluation.outputs.slice(0, count)) {
      const f: PairFigures | undefined = sample.get(id);
      if (f === undefined) continue;
      means.add(f);
      noise += 10 ** (-f.sqnrDb / 10);
    }
    if (means.samples === 0) return [];
    const { cosine, sqnrDb } = means.mean;
    return [{ name: float.graph.values.get(id)?.name ?? '', cosine, sqnrDb, noiseToSignal: noise / means.samples }];
  });
}

/** Nodes that the target could quantize, for a sweep over them. */
export function candidatesOf(build: Build): Set<NodeId> {
  return new Set([...build.plan.nodes].filter(([, d]) => d.canSkip).map(([id]) => id));
}
