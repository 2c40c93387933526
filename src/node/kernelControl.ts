import { invariant } from '../base/diagnostics.ts';
import { CONTROL_BLOCK } from '../wasm/memory.ts';

// Cells of the control block, all accessed atomically.
const GENERATION = 0;
/** Generation (upper 16 bits) and the next list to take (lower 16): a late thread cannot take a list of another job. */
const TICKET = 1;
const COUNT = 2;
const ARITY = 3;
const NAME = 4;
const PENDING = 5;
const SLEEPERS = 6;
const WAITING = 7;
const FAILED = 8;
const STOPPED = 9;
const CELLS = 16;

const ARGUMENTS_OFFSET = CONTROL_BLOCK.byteOffset + 4 * CELLS;
const ARGUMENTS = (CONTROL_BLOCK.byteLength - 4 * CELLS) / 8;

/** Looks at a cell this often before sleeping: some 0.1 ms, longer than most steps run between two jobs of a program. */
const SPINS = 100_000;
/** A ticket whose list number no job has. */
const CLOSED = 0xffff;
/** Lists of one job; the ticket counts them in 16 bits. */
const MAX_LISTS = 4096;

type Kernel = (...list: number[]) => void;

/** A job for several threads, in the first page of the kernels' memory: one export, many argument lists. */
export class KernelControl {
  readonly #cells: Int32Array;
  readonly #arguments: Float64Array;
  readonly #kernels: readonly Kernel[];
  readonly #names: ReadonlyMap<string, number>;

  constructor(memory: WebAssembly.Memory, module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const entries = Object.entries(exports).sort(([a], [b]) => (a < b ? -1 : 1));
    this.#kernels = entries.map(([, kernel]) => kernel as Kernel); // every export of the module is a function
    this.#names = new Map(entries.map(([name], i) => [name, i]));
    this.#cells = new Int32Array(memory.buffer, CONTROL_BLOCK.byteOffset, CELLS);
    this.#arguments = new Float64Array(memory.buffer, ARGUMENTS_OFFSET, ARGUMENTS);
  }

  /** Runs a job from the calling thread, which takes part; returns when all lists are done. */
  run(name: string, lists: readonly (readonly number[])[]): void {
    const kernel = this.#names.get(name);
    invariant(kernel !== undefined, `wasm export ${name}`);
    const arity = lists[0]?.length ?? 0;
    const atOnce = Math.min(MAX_LISTS, Math.floor(ARGUMENTS / Math.max(1, arity)));
    for (let first = 0; first < lists.length; first += atOnce) {
      this.#runBatch(kernel, arity, lists.slice(first, first + atOnce));
    }
  }

  /** Serves jobs until {@link stop}: the body of a worker thread. */
  serve(): void {
    const cells = this.#cells;
    let seen = Atomics.load(cells, GENERATION);
    for (;;) {
      this.#takeLists(seen);
      if (Atomics.load(cells, STOPPED) !== 0) return;
      seen = this.#nextGeneration(seen);
    }
  }

  stop(): void {
    Atomics.store(this.#cells, STOPPED, 1);
    Atomics.add(this.#cells, GENERATION, 1);
    Atomics.notify(this.#cells, GENERATION);
  }

  #runBatch(kernel: number, arity: number, lists: readonly (readonly number[])[]): void {
    const cells = this.#cells;
    // No list can be taken from here on: a thread still on the last job must not match its ticket with the new count.
    Atomics.store(cells, TICKET, CLOSED);
    for (const [i, list] of lists.entries()) this.#arguments.set(list, i * arity);
    Atomics.store(cells, NAME, kernel);
    Atomics.store(cells, ARITY, arity);
    Atomics.store(cells, COUNT, lists.length);
    Atomics.store(cells, PENDING, lists.length);
    Atomics.store(cells, FAILED, 0);
    const generation = (Atomics.load(cells, GENERATION) + 1) | 0;
    Atomics.store(cells, TICKET, generation << 16);
    Atomics.store(cells, GENERATION, generation);
    if (Atomics.load(cells, SLEEPERS) > 0) Atomics.notify(cells, GENERATION);
    this.#takeLists(generation);
    this.#awaitOthers();
    invariant(Atomics.load(cells, FAILED) === 0, 'a kernel failed on a thread');
  }

  /** Takes lists of the job `generation` as long as there are any. */
  #takeLists(generation: number): void {
    const cells = this.#cells;
    for (;;) {
      const ticket = Atomics.load(cells, TICKET);
      const list = ticket & 0xffff;
      if (ticket >>> 16 !== (generation & 0xffff) || list >= Atomics.load(cells, COUNT)) return;
      if (Atomics.compareExchange(cells, TICKET, ticket, ticket + 1) !== ticket) continue;
      try {
        this.#call(list);
      } catch {
        Atomics.store(cells, FAILED, 1);
      }
      if (Atomics.sub(cells, PENDING, 1) === 1 && Atomics.load(cells, WAITING) > 0) Atomics.notify(cells, PENDING);
    }
  }

  #call(list: number): void {
    const arity = Atomics.load(this.#cells, ARITY);
    const kernel = this.#kernels[Atomics.load(this.#cells, NAME)] as Kernel;
    kernel(...this.#arguments.subarray(list * arity, (list + 1) * arity));
  }

  #awaitOthers(): void {
    const cells = this.#cells;
    for (let i = 0; i < SPINS; i++) if (Atomics.load(cells, PENDING) === 0) return;
    Atomics.store(cells, WAITING, 1);
    for (let left = Atomics.load(cells, PENDING); left !== 0; left = Atomics.load(cells, PENDING)) {
      Atomics.wait(cells, PENDING, left);
    }
    Atomics.store(cells, WAITING, 0);
  }

  /** Waits for a job after `seen`: spinning, then asleep. */
  #nextGeneration(seen: number): number {
    const cells = this.#cells;
    for (let i = 0; i < SPINS; i++) {
      const generation = Atomics.load(cells, GENERATION);
      if (generation !== seen) return generation;
    }
    Atomics.add(cells, SLEEPERS, 1);
    while (Atomics.load(cells, GENERATION) === seen) Atomics.wait(cells, GENERATION, seen);
    Atomics.sub(cells, SLEEPERS, 1);
    return Atomics.load(cells, GENERATION);
  }
}
