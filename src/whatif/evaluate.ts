import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import { runPaired } from '../exec/paired.ts';
import type { Program, RunOptions, Step, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { feedsById } from '../quant/calibrate.ts';
import type { ActivationCache } from './cache.ts';
import { type Coded, FigureMeans, type PairFigures } from './figures.ts';
import { Origins } from './origins.ts';
import { PairReader } from './pairReader.ts';
import type { Pair } from './pairs.ts';
import { type Earlier, rerun } from './rerun.ts';

export interface EvaluateOptions {
  readonly float: Program;
  readonly quant: Program;
  readonly pairs: readonly Pair[];
  readonly samples: Samples;
  /** How many samples, from the first. */
  readonly count: number;
  /** Keeps the first `keep` samples, so that the next evaluation runs only what changed. */
  readonly cache: ActivationCache;
  readonly keep: number;
  /** What earlier results had in the place of each value: a tensor that equals theirs ends a branch of the re-run. */
  readonly earlier?: Earlier;
  readonly signal?: AbortSignalLike;
  /** Called before each step of either model. */
  readonly onStep?: (sample: number, name: string, step: Step) => void;
  /** Sees every pair of a sample while both tensors are in memory; called only when the sample is run in full. */
  readonly onPair?: (
    sample: number,
    pair: Pair,
    origin: Float32Array,
    dequant: Float32Array,
    coded: Coded | undefined,
    figures: PairFigures,
  ) => void;
  readonly onSampleEnd?: (sample: number) => Promise<void>;
  /** Sees the figures of all pairs of each sample, in order, those from the cache included. */
  readonly onFigures?: (figures: ReadonlyMap<ValueId, PairFigures>) => void;
  /** Sees the graph outputs, [float, dequantized], C order not guaranteed: figures and top-1 do not need it for rank <= 2. */
  readonly onOutput?: (sample: number, value: ValueId, origin: Float32Array, dequant: Float32Array) => void;
  /** Runs every sample in full even where the cache could answer: the caller wants `onPair` of each. */
  readonly full?: boolean;
}

export interface Evaluation {
  readonly samples: number;
  readonly values: ReadonlyMap<ValueId, PairFigures>;
  /** Figures of the graph outputs by sample, for comparing a trial with its base on the same samples. */
  readonly outputs: readonly ReadonlyMap<ValueId, PairFigures>[];
  /** Steps of the quantized program that ran, and that would have without the cache, over all samples. */
  readonly executed: number;
  readonly total: number;
  /** Of those that did not run: what they read had changed its maker, but turned out equal. */
  readonly stopped: number;
  /** Steps of the float program that ran. */
  readonly floatSteps: number;
  /** Samples whose float results came from the cache. */
  readonly reusedSamples: number;
}

/**
 * Runs both models over the samples and compares every pair of values. A sample whose float results are cached runs
 * only those steps of the quantized model whose signature is new; any other runs both in lockstep.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { samples, pairs, signal } = options;
  const means = new Map(pairs.map((p) => [p.value, new FigureMeans()]));
  const outputs: Map<ValueId, PairFigures>[] = [];
  const outputIds = new Set(options.float.graph.outputs);
  const counts = { executed: 0, stopped: 0, floatSteps: 0, reusedSamples: 0 };
  const reader = new PairReader(options.quant.kernels);
  const count = Math.min(options.count, samples.count);
  try {
    for (let i = 0; i < count; i++) {
      throwIfAborted(signal);
      const figures = await evaluateSample(i, options, reader, counts);
      for (const [value, f] of figures) means.get(value)?.add(f);
      outputs.push(new Map([...figures].filter(([value]) => outputIds.has(value))));
      options.onFigures?.(figures);
      await options.onSampleEnd?.(i);
    }
  } finally {
    reader.release();
  }
  const values = new Map<ValueId, PairFigures>();
  for (const [value, m] of means) if (m.samples > 0) values.set(value, m.mean);
  return { samples: count, values, outputs, total: count * options.quant.steps.length, ...counts };
}

type Counts = { executed: number; stopped: number; floatSteps: number; reusedSamples: number };

async function evaluateSample(
  i: number,
  options: EvaluateOptions,
  reader: PairReader,
  counts: Counts,
): Promise<Map<ValueId, PairFigures>> {
  const { cache, float, samples } = options;
  const kept = i < options.keep;
  let feeds = cache.feeds(i);
  if (feeds === undefined) {
    feeds = feedsById(float.graph, await samples.read(i));
    if (kept) cache.putFeeds(i, feeds);
  }
  if (!kept || options.full || !cache.knows(i)) return runInFull(i, options, reader, feeds, counts);
  return runWhatChanged(i, options, reader, feeds, counts);
}

function runInFull(
  i: number,
  options: EvaluateOptions,
  reader: PairReader,
  feeds: ReadonlyMap<ValueId, Tensor>,
  counts: Counts,
): Map<ValueId, PairFigures> {
  const { float, quant, pairs, cache } = options;
  const figures = new Map<ValueId, PairFigures>();
  const run = runOptions(i, options);
  const ids = pairs.map((p) => ({ float: p.value, quant: p.quantized }));
  runPaired(float.start(feeds, run), quant.start(feeds, run), ids, (index, origin, stored) => {
    const pair = pairs[index] as Pair; // runPaired answers with indices of `ids`
    const read = reader.read(quant, pair, origin, stored);
    figures.set(pair.value, read.figures);
    if (i < options.keep) {
      const { value, floatSignature, quantSignature } = pair;
      cache.putFigures(i, floatSignature, quantSignature, read.figures);
      cache.put('floats', { sample: i, value, signature: floatSignature }, origin);
      cache.put('codes', { sample: i, value, signature: quantSignature }, stored);
    }
    options.onPair?.(i, pair, read.origin, read.dequant, read.coded, read.figures);
    if (float.graph.outputs.includes(pair.value)) options.onOutput?.(i, pair.value, read.origin, read.dequant);
  });
  counts.executed += quant.steps.length;
  counts.floatSteps += float.steps.length;
  return figures;
}

function runWhatChanged(
  i: number,
  options: EvaluateOptions,
  reader: PairReader,
  feeds: ReadonlyMap<ValueId, Tensor>,
  counts: Counts,
): Map<ValueId, PairFigures> {
  const { quant, pairs, cache, float } = options;
  const knownOf = (p: Pair): PairFigures | undefined => cache.figures(i, p.floatSignature, p.quantSignature);
  const outputs = new Set(options.onOutput === undefined ? [] : float.graph.outputs);
  const shown = new Set<ValueId>();
  const wanted = (): Pair[] =>
    pairs.filter((p) => knownOf(p) === undefined || (outputs.has(p.value) && !shown.has(p.value)));
  const origins = new Origins(
    wanted().map((p) => p.value),
    { float, sample: i, feeds, cache, ...(options.signal && { signal: options.signal }) },
  );
  const onPair = (pair: Pair, stored: Stored): void => {
    const { value, floatSignature, quantSignature } = pair;
    cache.put('codes', { sample: i, value, signature: quantSignature }, stored);
    const isOutput = outputs.has(value);
    if (!isOutput && knownOf(pair) !== undefined) return; // equal to an earlier one
    const origin = origins.get(value);
    if (origin === undefined) return;
    const read = reader.read(quant, pair, origin, stored);
    cache.putFigures(i, floatSignature, quantSignature, read.figures);
    if (isOutput) options.onOutput?.(i, value, read.origin, read.dequant);
    shown.add(value);
  };
  const { earlier = new Map(), signal, samples, onStep } = options;
  const name = samples.nameOf(i);
  const { executed, stopped } = rerun({
    ...{ quant, pairs, sample: i, feeds, cache, earlier, wanted, onPair },
    ...(signal && { signal }),
    ...(onStep && { onStep: (step) => onStep(i, name, step) }),
  });
  counts.executed += executed;
  counts.stopped += stopped;
  counts.floatSteps += origins.executed;
  if (origins.executed === 0) counts.reusedSamples++;
  const figures = new Map<ValueId, PairFigures>();
  for (const pair of pairs) {
    const known = knownOf(pair);
    if (known !== undefined) figures.set(pair.value, known);
  }
  return figures;
}

function runOptions(sample: number, { signal, onStep, samples }: EvaluateOptions): RunOptions {
  const name = samples.nameOf(sample);
  return { ...(signal !== undefined && { signal }), ...(onStep && { onStep: (step) => onStep(sample, name, step) }) };
}
