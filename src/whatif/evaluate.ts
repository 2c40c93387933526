import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import { runPaired } from '../exec/paired.ts';
import type { Program, RunOptions, Step, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { feedsById } from '../quant/calibrate.ts';
import type { ActivationCache } from './cache.ts';
import { type Coded, FigureMeans, type PairFigures } from './figures.ts';
import { PairReader } from './pairReader.ts';
import type { Pair } from './pairs.ts';

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
  const counts = { executed: 0, reusedSamples: 0 };
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

type Counts = { executed: number; reusedSamples: number };

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
  if (!kept || options.full || !completeFloats(i, options, feeds)) return runInFull(i, options, reader, feeds, counts);
  counts.reusedSamples++;
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
      cache.putFigures(i, pair.floatSignature, pair.quantSignature, read.figures);
      cache.put(i, pair.floatSignature, origin);
      cache.put(i, pair.quantSignature, stored);
    }
    options.onPair?.(i, pair, read.origin, read.dequant, read.coded, read.figures);
    if (float.graph.outputs.includes(pair.value)) options.onOutput?.(i, pair.value, read.origin, read.dequant);
  });
  counts.executed += quant.steps.length;
  return figures;
}

/**
 * Brings the float values of all pairs of a sample into the cache, running only what it has not; says whether they are
 * all there. A sample the cache knows nothing of is left to a full run.
 */
function completeFloats(i: number, options: EvaluateOptions, feeds: ReadonlyMap<ValueId, Tensor>): boolean {
  const { cache, float, pairs } = options;
  const missing = new Map<ValueId, Pair>();
  const given = new Map<ValueId, Stored>();
  for (const pair of pairs) {
    const stored = cache.get(i, pair.floatSignature);
    if (stored === undefined) missing.set(pair.value, pair);
    else given.set(pair.value, stored);
  }
  if (missing.size === 0) return true;
  if (given.size === 0) return false;
  const run = float.start(feeds, { given, wanted: new Set(missing.keys()), ...runOptions(i, options) });
  const keep = (id: ValueId): void => {
    const pair = missing.get(id);
    const stored = pair === undefined ? undefined : run.value(id);
    if (pair !== undefined && stored !== undefined && cache.put(i, pair.floatSignature, stored)) missing.delete(id);
  };
  for (const id of [...missing.keys()]) keep(id);
  for (let step = run.advance(); step !== undefined; step = run.advance()) for (const id of step.outputs) keep(id);
  return missing.size === 0;
}

function runWhatChanged(
  i: number,
  options: EvaluateOptions,
  reader: PairReader,
  feeds: ReadonlyMap<ValueId, Tensor>,
  counts: Counts,
): Map<ValueId, PairFigures> {
  const { quant, pairs, cache, float } = options;
  const figures = new Map<ValueId, PairFigures>();
  const given = new Map<ValueId, Stored>();
  const missing = new Map<ValueId, Pair>();
  for (const pair of pairs) {
    const stored = cache.get(i, pair.quantSignature);
    const known = cache.figures(i, pair.floatSignature, pair.quantSignature);
    if (stored !== undefined) given.set(pair.quantized, stored);
    if (known !== undefined) figures.set(pair.value, known);
    else missing.set(pair.quantized, pair);
  }
  const compare = (pair: Pair, stored: Stored): void => {
    const origin = cache.get(i, pair.floatSignature);
    if (origin === undefined) return; // evaluateSample saw it; a concurrent eviction would only lose this figure
    const read = reader.read(quant, pair, origin, stored);
    figures.set(pair.value, read.figures);
    cache.putFigures(i, pair.floatSignature, pair.quantSignature, read.figures);
    cache.put(i, pair.quantSignature, stored);
    if (float.graph.outputs.includes(pair.value)) options.onOutput?.(i, pair.value, read.origin, read.dequant);
  };
  for (const [id, pair] of missing) {
    const stored = given.get(id);
    if (stored !== undefined) compare(pair, stored);
  }
  const run = quant.start(feeds, { given, ...runOptions(i, options) });
  for (let step = run.advance(); step !== undefined; step = run.advance()) {
    counts.executed++;
    for (const id of step.outputs) {
      const pair = missing.get(id);
      const stored = pair === undefined ? undefined : run.value(id);
      if (pair !== undefined && stored !== undefined) compare(pair, stored);
    }
  }
  return figures;
}

function runOptions(sample: number, { signal, onStep, samples }: EvaluateOptions): RunOptions {
  const name = samples.nameOf(sample);
  return { ...(signal !== undefined && { signal }), ...(onStep && { onStep: (step) => onStep(sample, name, step) }) };
}
