import { invariant } from '../base/diagnostics.ts';
import type { ThreadPool } from '../kernels/kernelSet.ts';
import type { WasmMemory } from './memory.ts';

/** Numbers for one call of a wasm export. */
export type Arguments = readonly number[];

/** The compiled kernels on their memory, and the threads that call them. */
export class Engine {
  readonly memory: WasmMemory;
  readonly #pool: ThreadPool | undefined;
  readonly #exports: Readonly<Record<string, unknown>>;

  constructor(memory: WasmMemory, bytes: Uint8Array, pool: ThreadPool | undefined) {
    this.memory = memory;
    this.#pool = pool;
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), {
      env: { memory: memory.memory },
    }).exports;
  }

  /** That work is split over at the moment. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Calls the export once per list, on all threads when there is more than one list. */
  run(name: string, lists: readonly Arguments[]): void {
    if (this.#pool !== undefined && this.threads > 1 && lists.length > 1) {
      this.#pool.run(name, lists);
      return;
    }
    for (const list of lists) this.call(name, ...list);
  }

  /** Calls the export on this thread. */
  call(name: string, ...list: Arguments): void {
    const kernel = this.#exports[name];
    invariant(typeof kernel === 'function', `wasm export ${name}`);
    kernel(...list);
  }

  /**
   * Ranges that cover [0, total): one per thread, or a single one when the work is small.
   *
   * @param work roughly the nanoseconds that all of it takes on one thread; @param multiple what ranges start at.
   */
  split(total: number, work: number, multiple: number): readonly (readonly [first: number, end: number])[] {
    const parts = work < MIN_PARALLEL_NS ? 1 : this.threads;
    const size = Math.max(multiple, Math.ceil(total / parts / multiple) * multiple);
    const ranges: [number, number][] = [];
    for (let first = 0; first < total; first += size) ranges.push([first, Math.min(total, first + size)]);
    return ranges;
  }
}

/** Below this, waking threads costs more than they save. */
const MIN_PARALLEL_NS = 20_000;
