import type { AbortSignalLike } from '../base/abort.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { copied } from '../ops/storage.ts';
import { feedsById } from '../quant/calibrate.ts';
import type { Pair } from '../whatif/pairs.ts';
import { noSuchSample } from './errors.ts';
import type { Result } from './result.ts';
import type { RunState } from './run.ts';

/** Both tensors of a pair as the programs made them, each in its own layout. */
export interface StoredPair {
  readonly origin: Stored;
  readonly stored: Stored;
}

export interface PairRequest {
  readonly run: RunState;
  readonly result: Result;
  /** Of the evaluation samples. */
  readonly sample: number;
  readonly signal?: AbortSignalLike;
}

/**
 * The tensors of pairs on one evaluation sample: from the cache, and what it does not hold by running those steps of
 * either program that make it. They stay valid.
 *
 * @throws DiagnosticError SES426 where there is no such sample, DAT… where it cannot be read; Cancelled.
 */
export async function storedPairs(request: PairRequest, pairs: readonly Pair[]): Promise<Map<Pair, StoredPair>> {
  const { run, result, sample } = request;
  const { cache, float } = run;
  const found = new Map<Pair, StoredPair>();
  if (pairs.length === 0) return found;
  if (!Number.isInteger(sample) || sample < 0 || sample >= run.sampleCount)
    throw noSuchSample(run.open.file, sample, run.sampleCount);
  const sides = [
    { program: float, id: (p: Pair) => p.value, signature: (p: Pair) => p.floatSignature },
    { program: result.build.program, id: (p: Pair) => p.quantized, signature: (p: Pair) => p.quantSignature },
  ] as const;
  const made = sides.map(({ program, id, signature }) => {
    const given = new Map<ValueId, Stored>();
    for (const pair of result.build.pairs) {
      const kept = cache.get(sample, signature(pair));
      if (kept !== undefined) given.set(id(pair), kept);
    }
    return { program, given, wanted: new Set(pairs.map(id)) };
  });
  const isCached = made.every(({ given, wanted }) => [...wanted].every((id) => given.has(id)));
  if (!isCached) {
    const feeds = cache.feeds(sample) ?? feedsById(float.graph, await run.samples.read(sample));
    for (const side of made) make(side, feeds, request.signal);
  }
  for (const pair of pairs) {
    const [origin, stored] = [made[0]?.given.get(pair.value), made[1]?.given.get(pair.quantized)];
    if (origin !== undefined && stored !== undefined) found.set(pair, { origin, stored });
  }
  return found;
}

interface Side {
  readonly program: Program;
  /** What is known already; gets what is wanted. */
  readonly given: Map<ValueId, Stored>;
  readonly wanted: ReadonlySet<ValueId>;
}

/** Runs a program until everything that is wanted was made, and copies it. */
function make(
  { program, given, wanted }: Side,
  feeds: ReadonlyMap<ValueId, Tensor>,
  signal: AbortSignalLike | undefined,
): void {
  const missing = new Set([...wanted].filter((id) => !given.has(id)));
  if (missing.size === 0) return;
  const run = program.start(feeds, { given: new Map(given), wanted, ...(signal && { signal }) });
  const take = (id: ValueId): void => {
    const value = missing.has(id) ? run.value(id) : undefined;
    if (value === undefined) return;
    missing.delete(id);
    given.set(id, { layout: value.layout, tensor: copied(value.tensor) });
  };
  for (const id of [...missing]) take(id);
  while (missing.size > 0) {
    const step = run.advance();
    if (step === undefined) return;
    for (const id of step.outputs) take(id);
  }
}
