import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { feedsById } from '../quant/calibrate.ts';
import type { ActivationCache } from './cache.ts';
import type { JudgedOutput, Judging } from './judge.ts';
import { Origins } from './origins.ts';
import { PairReader } from './pairReader.ts';
import type { Pair } from './pairs.ts';
import { type Earlier, rerun } from './rerun.ts';

export interface OutputsOptions {
  readonly float: Program;
  readonly quant: Program;
  readonly pairs: readonly Pair[];
  readonly samples: Samples;
  /** How many samples, from the first. */
  readonly count: number;
  /** Gives what it has; gets feeds and float tensors alone. */
  readonly cache: ActivationCache;
  /** What earlier results had in the place of each value; see {@link Earlier}. */
  readonly earlier?: Earlier;
  readonly judging: Judging;
  readonly signal?: AbortSignalLike;
}

/**
 * Shows the graph outputs of both models to a judge, sample after sample. Of the quantized model only those steps run
 * that the cache has no result of, and no further than their tensors differ. @throws Cancelled
 */
export async function judgeOutputs(options: OutputsOptions): Promise<void> {
  const { float, quant, pairs, samples, cache, judging, signal } = options;
  const outputs = float.graph.outputs.flatMap((id) => pairs.find((p) => p.value === id) ?? []);
  const readers = outputs.map(() => new PairReader(quant.kernels)); // what one has read stays while the others read
  try {
    for (let i = 0; i < Math.min(options.count, samples.count); i++) {
      throwIfAborted(signal);
      const known = cache.feeds(i);
      const feeds = known ?? feedsById(float.graph, await samples.read(i));
      if (known === undefined) cache.putFeeds(i, feeds);
      judging.add(i, judgedOn(i, feeds, outputs, readers, options));
      await Promise.resolve();
    }
  } finally {
    for (const reader of readers) reader.release();
  }
}

function judgedOn(
  sample: number,
  feeds: ReadonlyMap<ValueId, Tensor>,
  outputs: readonly Pair[],
  readers: readonly PairReader[],
  { float, quant, pairs, cache, signal, earlier = new Map() }: OutputsOptions,
): JudgedOutput[] {
  const origins = new Origins(
    outputs.map((p) => p.value),
    { float, sample, feeds, cache, ...(signal && { signal }) },
  );
  const judged: (JudgedOutput | undefined)[] = outputs.map(() => undefined);
  const onPair = (pair: Pair, stored: Stored): void => {
    const index = outputs.indexOf(pair);
    const origin = origins.get(pair.value);
    const reader = readers[index];
    if (origin === undefined || reader === undefined) return;
    const { figures, ...read } = reader.read(quant, pair, origin, stored);
    const name = float.graph.values.get(pair.value)?.name ?? '';
    const { layout, tensor } = origin;
    judged[index] = { name, dims: tensor.dims, layout, origin: read.origin, dequant: read.dequant, figures };
  };
  const options = { quant, pairs, sample, feeds, cache, earlier, wanted: () => outputs, onPair };
  rerun({ ...options, ...(signal && { signal }) });
  return judged.filter((o) => o !== undefined);
}
