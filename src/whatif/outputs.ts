import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { copied } from '../ops/storage.ts';
import { feedsById } from '../quant/calibrate.ts';
import type { ActivationCache } from './cache.ts';
import type { Judging } from './judge.ts';
import { PairReader } from './pairReader.ts';
import type { Pair } from './pairs.ts';

export interface OutputsOptions {
  readonly float: Program;
  readonly quant: Program;
  readonly pairs: readonly Pair[];
  readonly samples: Samples;
  /** How many samples, from the first. */
  readonly count: number;
  /** Gives what it has; gets feeds and float outputs alone. */
  readonly cache: ActivationCache;
  readonly judging: Judging;
  readonly signal?: AbortSignalLike;
}

/**
 * Shows the graph outputs of both models to a judge, sample after sample. Of the quantized model only those steps run
 * that the cache has no result of. @throws Cancelled
 */
export async function judgeOutputs(options: OutputsOptions): Promise<void> {
  const { float, quant, pairs, samples, cache, judging, signal } = options;
  const outputs = float.graph.outputs.flatMap((id) => pairs.find((p) => p.value === id) ?? []);
  const reader = new PairReader(quant.kernels);
  try {
    for (let i = 0; i < Math.min(options.count, samples.count); i++) {
      throwIfAborted(signal);
      const known = cache.feeds(i);
      const feeds = known ?? feedsById(float.graph, await samples.read(i));
      if (known === undefined) cache.putFeeds(i, feeds);
      const origins = floatOutputs(i, options, outputs, feeds);
      const made = valuesOf(
        quant,
        feeds,
        outputs.map((p) => p.quantized),
        givenOf(i, options),
        signal,
      );
      const judged = outputs.flatMap((pair) => {
        const [origin, stored] = [origins.get(pair.value), made.get(pair.quantized)];
        if (origin === undefined || stored === undefined) return [];
        const name = float.graph.values.get(pair.value)?.name ?? '';
        const read = reader.read(quant, pair, origin, stored);
        const { layout, tensor } = origin;
        const { figures } = read;
        return [{ name, dims: tensor.dims, layout, origin: read.origin, dequant: read.dequant.slice(), figures }];
      });
      judging.add(i, judged);
      await Promise.resolve();
    }
  } finally {
    reader.release();
  }
}

function givenOf(sample: number, { pairs, cache }: OutputsOptions): Map<ValueId, Stored> {
  const given = new Map<ValueId, Stored>();
  for (const { quantized, quantSignature } of pairs) {
    const stored = cache.get(sample, quantSignature);
    if (stored !== undefined) given.set(quantized, stored);
  }
  return given;
}

function floatOutputs(
  sample: number,
  { float, cache, signal }: OutputsOptions,
  outputs: readonly Pair[],
  feeds: ReadonlyMap<ValueId, Tensor>,
): Map<ValueId, Stored> {
  const found = new Map<ValueId, Stored>();
  for (const { value, floatSignature } of outputs) {
    const stored = cache.get(sample, floatSignature);
    if (stored !== undefined) found.set(value, stored);
  }
  const missing = outputs.filter((p) => !found.has(p.value));
  if (missing.length === 0) return found;
  const made = valuesOf(
    float,
    feeds,
    missing.map((p) => p.value),
    new Map(),
    signal,
  );
  for (const { value, floatSignature } of missing) {
    const stored = made.get(value);
    if (stored === undefined) continue;
    found.set(value, stored);
    cache.put(sample, floatSignature, stored);
  }
  return found;
}

/** Values of one run, copied: those behind which only a DequantizeLinear stands die before it ends. */
function valuesOf(
  program: Program,
  feeds: ReadonlyMap<ValueId, Tensor>,
  ids: readonly ValueId[],
  given: ReadonlyMap<ValueId, Stored>,
  signal: AbortSignalLike | undefined,
): Map<ValueId, Stored> {
  const run = program.start(feeds, { given, wanted: new Set(ids), ...(signal && { signal }) });
  const found = new Map<ValueId, Stored>();
  do {
    for (const id of ids) {
      const stored = found.has(id) ? undefined : run.value(id);
      if (stored !== undefined) found.set(id, { layout: stored.layout, tensor: copied(stored.tensor) });
    }
  } while (run.advance() !== undefined);
  return found;
}
