import type { AbortSignalLike } from '../base/abort.ts';
import type { NumericArray } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Step, Stored } from '../exec/program.ts';
import { outputSignature, stepSignature } from '../exec/stepSignatures.ts';
import type { ValueId } from '../graph/model.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import type { ActivationCache } from './cache.ts';
import type { Pair } from './pairs.ts';

/** What earlier results made of each value of the float model: a new tensor may be equal to one of theirs. */
export type Earlier = ReadonlyMap<ValueId, readonly Pair[]>;

/** By value of the float model. */
export function earlierOf(results: readonly (readonly Pair[])[]): Earlier {
  const earlier = new Map<ValueId, Pair[]>();
  for (const pairs of results)
    for (const pair of pairs) {
      const known = earlier.get(pair.value);
      if (known === undefined) earlier.set(pair.value, [pair]);
      else if (!known.some((k) => k.quantSignature === pair.quantSignature)) known.push(pair);
    }
  return earlier;
}

export interface RerunOptions {
  readonly quant: Program;
  readonly pairs: readonly Pair[];
  readonly sample: number;
  readonly feeds: ReadonlyMap<ValueId, Tensor>;
  readonly cache: ActivationCache;
  readonly earlier: Earlier;
  /** Pairs whose quantized tensors are asked for; asked again when more is found to be known. */
  readonly wanted: () => readonly Pair[];
  /** Sees each pair that is asked for once, also what is kept; the tensor is valid during the call only. */
  readonly onPair: (pair: Pair, stored: Stored) => void;
  readonly signal?: AbortSignalLike;
  readonly onStep?: (step: Step) => void;
}

/** Steps of the quantized model. */
export interface RerunCounts {
  readonly executed: number;
  /** Would have run, but what they read turned out equal to what it was before. */
  readonly stopped: number;
}

/**
 * Runs those steps of a quantized model on a kept sample that make what is asked for and not known. Every tensor is compared
 * with what earlier results had in its place: where it is equal, all that reads only such tensors is taken from them.
 */
export function rerun(options: RerunOptions): RerunCounts {
  const { quant, pairs, sample, feeds, cache, signal, onStep } = options;
  if (cache.knowsEquals(sample)) learnSignatures(quant, sample, cache);
  const byId = new Map(pairs.map((p) => [p.quantized, p]));
  const seen = new Set<ValueId>();
  const show = (pair: Pair, stored: Stored): void => {
    seen.add(pair.quantized);
    options.onPair(pair, stored);
  };
  const wantedIds = (): Set<ValueId> => {
    const left = new Set<ValueId>();
    for (const pair of options.wanted()) {
      if (seen.has(pair.quantized)) continue;
      const kept = cache.get(sample, pair.quantSignature);
      if (kept === undefined) left.add(pair.quantized);
      else show(pair, kept);
    }
    return left;
  };
  const kept = (): Map<ValueId, Stored> => {
    const given = new Map<ValueId, Stored>();
    for (const { quantized, quantSignature } of pairs) {
      const stored = cache.get(sample, quantSignature);
      if (stored !== undefined) given.set(quantized, stored);
    }
    return given;
  };
  let wanted = wantedIds();
  if (wanted.size === 0) return { executed: 0, stopped: 0 };
  const run = quant.start(feeds, {
    ...{ given: kept(), wanted, onlyWanted: true },
    ...(signal && { signal }),
    ...(onStep && { onStep }),
  });
  for (const id of wanted) {
    const stored = run.value(id); // a feed
    const pair = byId.get(id);
    if (stored !== undefined && pair !== undefined) show(pair, stored);
  }
  const most = run.left;
  let executed = 0;
  for (let step = run.advance(); step !== undefined; step = run.advance()) {
    executed++;
    let isEqual = false;
    for (const id of step.outputs) {
      const pair = byId.get(id);
      const stored = pair === undefined ? undefined : run.value(id);
      if (pair === undefined || stored === undefined) continue;
      if (equalsEarlier(options, pair, stored)) isEqual = true;
      if (wanted.has(id) && !seen.has(id)) show(pair, stored);
    }
    if (!isEqual || run.left === 0) continue;
    learnSignatures(quant, sample, cache);
    wanted = wantedIds();
    run.narrow(kept(), wanted);
  }
  return { executed, stopped: most - executed };
}

/** Notes what each value is signed as where some of what feeds it is known to equal other tensors. */
function learnSignatures({ steps, slots, signatures }: Program, sample: number, cache: ActivationCache): void {
  const known = new Map<ValueId, number>();
  for (const step of steps) {
    let isOther = false;
    const inputs = step.inputSignatures.map((signature, i) => {
      const id = step.inputs[i];
      const now = (id === undefined ? undefined : known.get(id)) ?? cache.canonical(sample, signature);
      if (now !== signature) isOther = true;
      return now;
    });
    if (!isOther) continue;
    const signature = stepSignature(signatures, step.own, inputs);
    for (const [i, id] of step.outputs.entries()) {
      const own = slots.get(id)?.signature;
      if (own === undefined) continue;
      cache.putEqual(sample, own, outputSignature(signatures, signature, i));
      known.set(id, cache.canonical(sample, own));
    }
  }
}

/** Whether a tensor is bit for bit what an earlier result has in its place; then that stands for it from now on. */
function equalsEarlier({ earlier, sample, cache }: RerunOptions, pair: Pair, stored: Stored): boolean {
  const own = cache.canonical(sample, pair.quantSignature);
  for (const other of earlier.get(pair.value) ?? []) {
    const signature = cache.canonical(sample, other.quantSignature);
    if (signature === own || !sameCodes(pair.quant, other.quant)) continue;
    const before = cache.get(sample, signature);
    if (before === undefined || !sameTensor(before, stored)) continue;
    cache.putEqual(sample, own, signature);
    return true;
  }
  return false;
}

function sameCodes(a: QuantInfo | undefined, b: QuantInfo | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.dtype === b.dtype && a.scale[0] === b.scale[0] && a.zeroPoint[0] === b.zeroPoint[0]; // pairs have one of each
}

function sameTensor(a: Stored, b: Stored): boolean {
  if (a.layout !== b.layout || a.tensor.dtype !== b.tensor.dtype) return false;
  const [x, y] = [bytesOf(a.tensor), bytesOf(b.tensor)];
  if (x.length !== y.length || String(a.tensor.dims) !== String(b.tensor.dims)) return false;
  const [from, to] = [wordsOf(x), wordsOf(y)];
  if (from === undefined || to === undefined) {
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
    return true;
  }
  for (let i = 0; i < from.length; i++) if (from[i] !== to[i]) return false;
  for (let i = from.length * 4; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

function bytesOf({ data }: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as NumericArray; // kept tensors and their like hold numbers
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array | undefined {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, byteLength >> 2) : undefined;
}
