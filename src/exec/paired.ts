import type { ValueId } from '../graph/model.ts';
import { copied } from '../ops/storage.ts';
import type { Run, Stored } from './program.ts';

/** A value of the float program and its counterpart in the quantized one. */
export interface PairIds {
  readonly float: ValueId;
  readonly quant: ValueId;
}

/**
 * Runs both programs in lockstep and hands over each pair once, as soon as both tensors exist, while they are in cache.
 * Where the programs make them in different order, the earlier one is copied and waits.
 *
 * @param onPair gets the index of the pair; the tensors are valid during the call only.
 */
export function runPaired(
  float: Run,
  quant: Run,
  pairs: readonly PairIds[],
  onPair: (index: number, origin: Stored, quantized: Stored) => void,
): void {
  const sides = [
    new Side(
      float,
      pairs.map((p) => p.float),
    ),
    new Side(
      quant,
      pairs.map((p) => p.quant),
    ),
  ] as const;
  const [a, b] = sides;
  const done = new Uint8Array(pairs.length);
  const meet = (made: readonly number[]): void => {
    for (const index of made) {
      const origin = done[index] ? undefined : a.get(index);
      const other = origin === undefined ? undefined : b.get(index);
      if (origin === undefined || other === undefined) continue;
      done[index] = 1;
      onPair(index, origin, other);
      for (const side of sides) side.forget(index);
    }
  };
  meet(a.start());
  meet(b.start());
  for (let made = a.advance(done); ; made = a.advance(done)) {
    meet(made ?? []);
    while (!b.ended && (made === undefined || made.some((i) => !done[i]))) meet(b.advance(done) ?? []);
    if (made === undefined) return;
  }
}

/** One run, with copies of the values that wait for their counterpart. */
class Side {
  ended = false;
  readonly #run: Run;
  readonly #ids: readonly ValueId[];
  readonly #indices = new Map<ValueId, number[]>();
  readonly #waiting = new Map<number, Stored>();
  /** Pairs that the last step made. */
  #fresh: number[] = [];

  constructor(run: Run, ids: readonly ValueId[]) {
    this.#run = run;
    this.#ids = ids;
    for (const [i, id] of ids.entries()) this.#indices.set(id, [...(this.#indices.get(id) ?? []), i]);
  }

  /** Pairs whose value exists before the first step: feeds and what is given. */
  start(): number[] {
    this.#fresh = this.#ids.flatMap((id, i) => (this.#run.value(id) === undefined ? [] : [i]));
    return this.#fresh;
  }

  /** Executes a step; the pairs it made, undefined at the end. What still waits for its counterpart is copied first. */
  advance(done: Uint8Array): number[] | undefined {
    for (const index of this.#fresh) if (!done[index]) this.#copy(index);
    const step = this.#run.advance();
    this.#fresh = step?.outputs.flatMap((id) => this.#indices.get(id) ?? []) ?? [];
    this.ended = step === undefined;
    return step === undefined ? undefined : this.#fresh;
  }

  get(index: number): Stored | undefined {
    return this.#waiting.get(index) ?? this.#run.value(this.#ids[index] as ValueId); // an index of `ids`
  }

  forget(index: number): void {
    this.#waiting.delete(index);
  }

  #copy(index: number): void {
    const stored = this.#waiting.has(index) ? undefined : this.get(index);
    if (stored !== undefined) this.#waiting.set(index, { ...stored, tensor: copied(stored.tensor) });
  }
}
