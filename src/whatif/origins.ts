import type { AbortSignalLike } from '../base/abort.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Run, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { isFloat32Stored } from '../ops/numbers.ts';
import { copied } from '../ops/storage.ts';
import type { ActivationCache } from './cache.ts';

export interface OriginParts {
  readonly float: Program;
  readonly sample: number;
  readonly feeds: ReadonlyMap<ValueId, Tensor>;
  readonly cache: ActivationCache;
  readonly signal?: AbortSignalLike;
}

/** Float tensors of one kept sample: from the cache, and what it has not by running the steps that make it from what it has. */
export class Origins {
  /** Steps of the float model that ran. */
  executed = 0;
  readonly #parts: OriginParts;
  /** Made, and not asked for yet. */
  readonly #waiting = new Map<ValueId, Stored>();
  readonly #missing: Set<ValueId>;
  #run: Run | undefined;

  /** @param wanted all that will be asked for. */
  constructor(wanted: Iterable<ValueId>, parts: OriginParts) {
    this.#parts = parts;
    this.#missing = new Set([...wanted].filter((id) => this.#kept(id) === undefined));
  }

  /** Valid until the next call; undefined for what the float model does not make. */
  get(id: ValueId): Stored | undefined {
    const kept = this.#kept(id) ?? this.#waiting.get(id);
    if (kept !== undefined || !this.#missing.delete(id)) return kept;
    this.#run ??= this.#start(id);
    const there = this.#run.value(id);
    if (there !== undefined) return there;
    for (let step = this.#run.advance(); step !== undefined; step = this.#run.advance()) {
      this.executed++;
      for (const made of step.outputs) this.#keep(made);
      if (step.outputs.includes(id)) return this.#run.value(id);
    }
    return undefined;
  }

  #start(first: ValueId): Run {
    const { float, feeds, signal, sample, cache } = this.#parts;
    const given = new Map<ValueId, Stored>();
    for (const step of float.steps)
      for (const id of step.outputs) {
        const stored = cache.get(sample, float.slots.get(id)?.signature ?? -1);
        if (stored !== undefined) given.set(id, stored);
      }
    const wanted = new Set([...this.#missing, first]);
    return float.start(feeds, { given, wanted, onlyWanted: true, ...(signal && { signal }) });
  }

  #kept(id: ValueId): Stored | undefined {
    const signature = this.#parts.float.slots.get(id)?.signature;
    return signature === undefined ? undefined : this.#parts.cache.get(this.#parts.sample, signature);
  }

  /** What will be asked for later is copied, unless the cache keeps it. */
  #keep(id: ValueId): void {
    const { float, cache, sample } = this.#parts;
    const stored = this.#run?.value(id);
    const signature = float.slots.get(id)?.signature;
    if (stored === undefined || signature === undefined) return;
    const isValue = isFloat32Stored(stored.tensor.dtype) && float.graph.values.has(id); // no copy in another layout
    if (isValue && cache.put('floats', { sample, value: id, signature }, stored)) this.#missing.delete(id);
    else if (this.#missing.delete(id)) this.#waiting.set(id, { ...stored, tensor: copied(stored.tensor) });
  }
}
