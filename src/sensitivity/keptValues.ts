import { invariant } from '../base/diagnostics.ts';
import { isNumericDType, type NumericArray } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, RunOptions, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { copied } from '../ops/storage.ts';

/**
 * Values of a program on one sample at a time, copied as they are made into memory of the kernels, which is used again for
 * the next sample. What would exceed the bound is not kept: who needs it computes it from what is.
 */
export class KeptValues {
  readonly program: Program;
  readonly #always: ReadonlySet<ValueId>;
  readonly #ids: ReadonlySet<ValueId>;
  readonly #maxBytes: number;
  readonly #memory = new Map<ValueId, NumericArray>();
  readonly #values = new Map<ValueId, Stored>();
  #feeds: ReadonlyMap<ValueId, Tensor> = new Map();
  #bytes = 0;

  /** @param always kept whatever they take; @param ids kept as far as they fit; @param maxBytes over all of them. */
  constructor(program: Program, always: Iterable<ValueId>, ids: Iterable<ValueId>, maxBytes: number) {
    this.program = program;
    this.#always = new Set(always);
    this.#ids = new Set([...this.#always, ...ids]);
    this.#maxBytes = maxBytes;
  }

  /** Runs the program on a sample. @throws Cancelled */
  run(feeds: ReadonlyMap<ValueId, Tensor>, options: RunOptions): void {
    this.#values.clear();
    this.#feeds = feeds;
    const wanted = new Set([...this.#ids].filter((id) => this.program.slots.has(id)));
    const run = this.program.start(feeds, { ...options, wanted });
    const keep = (id: ValueId): void => {
      const stored = wanted.has(id) && !this.#values.has(id) ? run.value(id) : undefined;
      if (stored !== undefined) this.#keep(id, stored);
    };
    for (const id of wanted) keep(id);
    for (let step = run.advance(); step !== undefined; step = run.advance()) for (const id of step.outputs) keep(id);
  }

  get feeds(): ReadonlyMap<ValueId, Tensor> {
    return this.#feeds;
  }

  /** What is kept of a value, until the next {@link run}. */
  get(id: ValueId): Stored | undefined {
    return this.#values.get(id);
  }

  /** A value that is kept, or made again from what is, then a copy. @throws Cancelled */
  valueOf(id: ValueId, options: RunOptions): Stored {
    const kept = this.#values.get(id);
    if (kept !== undefined) return kept;
    const made = makeValue(this.program, id, { ...options, given: this.#values, feeds: this.#feeds });
    return { ...made, tensor: copied(made.tensor) };
  }

  release(): void {
    for (const data of this.#memory.values()) this.program.kernels.memory.free(data);
    this.#memory.clear();
    this.#values.clear();
  }

  #keep(id: ValueId, { tensor, layout }: Stored): void {
    const { dtype, dims } = tensor;
    if (!isNumericDType(dtype)) {
      this.#values.set(id, { tensor, layout }); // strings and lists lie on the heap
      return;
    }
    const source = tensor.data as NumericArray; // numeric, see above
    let own = this.#memory.get(id);
    if (own === undefined || own.length !== source.length) {
      if (own !== undefined) {
        this.#bytes -= own.byteLength;
        this.program.kernels.memory.free(own);
        this.#memory.delete(id);
      }
      if (this.#bytes + source.byteLength > this.#maxBytes && !this.#always.has(id)) return;
      own = this.program.kernels.memory.allocate(dtype, source.length);
      this.#bytes += own.byteLength;
      this.#memory.set(id, own);
    }
    (own as Float32Array).set(source as Float32Array); // both of `dtype`
    this.#values.set(id, { layout, tensor: { dtype, dims, data: own } as Tensor });
  }
}

/** One value of a program, running only what it takes; valid until the program's next run. @throws Cancelled */
export function makeValue(
  program: Program,
  id: ValueId,
  { feeds, ...options }: RunOptions & { readonly feeds: ReadonlyMap<ValueId, Tensor> },
): Stored {
  const run = program.start(feeds, { ...options, wanted: new Set([id]), onlyWanted: true });
  let found = run.value(id);
  while (found === undefined && run.advance() !== undefined) found = run.value(id);
  invariant(found !== undefined, `value ${id} is made`);
  return found;
}
