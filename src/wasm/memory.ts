import { invariant } from '../base/diagnostics.ts';
import { bytesInMemory, type DTypeArrays, type NumericArray, type NumericDType, viewArray } from '../base/dtype.ts';
import type { KernelMemory } from '../kernels/kernelSet.ts';
import { noSharedMemory, outOfMemory } from './errors.ts';
import { FreeList } from './freeList.ts';

const PAGE_BYTES = 65536;
const ALL_PAGES = 65536;
const ALIGNMENT = 64;
/** At least this much is added at a time. */
const GROWTH_BYTES = 16 * 2 ** 20;

/** The first page is not allocated: thread pools keep their control block in it, at {@link CONTROL_BLOCK}. */
export const CONTROL_BLOCK = { byteOffset: 64, byteLength: PAGE_BYTES - 64 } as const;

/**
 * Blocks of a shared WebAssembly memory, first fit over a list of free ranges. Growing makes a new buffer object over
 * the same bytes, so arrays that were handed out stay valid.
 */
export class WasmMemory implements KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly budgetBytes: number;
  readonly #maxBytes: number;
  readonly #free = new FreeList();
  readonly #sizes = new Map<number, number>();
  readonly #buffers = new WeakSet<object>();
  #latest: SharedArrayBuffer | ArrayBuffer | undefined;
  #end = PAGE_BYTES;
  #bytesInUse = 0;
  #peakBytes = 0;

  /**
   * @param maxBytes rounded down to pages, at most 4 GiB.
   * @param budgetBytes see {@link KernelMemory.budgetBytes}; all of it unless told.
   * @throws DiagnosticError EXE402 where WebAssembly has no shared memories.
   */
  constructor(maxBytes: number = ALL_PAGES * PAGE_BYTES, budgetBytes = maxBytes) {
    const maximum = Math.max(2, Math.min(ALL_PAGES, Math.floor(maxBytes / PAGE_BYTES)));
    this.#maxBytes = maximum * PAGE_BYTES;
    this.budgetBytes = Math.min(budgetBytes, this.#maxBytes);
    try {
      this.memory = new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch (cause) {
      throw noSharedMemory(cause);
    }
  }

  allocate<D extends NumericDType>(dtype: D, length: number): DTypeArrays[D] {
    const pointer = this.take(length * bytesInMemory(dtype));
    const block = new Uint8Array(this.#buffer, pointer, this.#sizes.get(pointer));
    block.fill(0);
    return viewArray(dtype, this.#buffer, pointer, length);
  }

  free(array: NumericArray): void {
    invariant(this.owns(array), 'freed an array of another memory');
    this.give(array.byteOffset);
  }

  view<D extends NumericDType>(block: Uint8Array, dtype: D, byteOffset: number, length: number): DTypeArrays[D] {
    return viewArray(dtype, block.buffer, block.byteOffset + byteOffset, length);
  }

  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Whether kernels can use `array` in place. */
  owns({ buffer }: NumericArray): boolean {
    return buffer === this.#latest || this.#buffers.has(buffer);
  }

  /** A block of uninitialised bytes, by address. @throws DiagnosticError EXE401 when it does not fit. */
  take(byteLength: number): number {
    const size = Math.ceil(Math.max(byteLength, 1) / ALIGNMENT) * ALIGNMENT;
    let pointer = this.#free.take(size);
    if (pointer < 0) {
      this.#grow(size);
      pointer = this.#free.take(size);
    }
    this.#sizes.set(pointer, size);
    this.#bytesInUse += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytesInUse);
    return pointer;
  }

  /** Gives back a block that `take` gave. */
  give(pointer: number): void {
    const size = this.#sizes.get(pointer);
    invariant(size !== undefined, `freed address ${pointer}, where no block starts`);
    this.#sizes.delete(pointer);
    this.#bytesInUse -= size;
    this.#free.give(pointer, size);
  }

  /** A window of the memory at an address. */
  at<D extends NumericDType>(dtype: D, pointer: number, length: number): DTypeArrays[D] {
    return viewArray(dtype, this.#buffer, pointer, length);
  }

  /**
   * A buffer object over all the memory has, known as ours from here on; asked for anew only when the memory has grown,
   * since asking takes longer than a small kernel. V8 replaces the objects of all shared memories when any of them
   * grows, that of another library included; those replaced reach the same bytes.
   */
  get #buffer(): SharedArrayBuffer | ArrayBuffer {
    if (this.#latest === undefined) {
      this.#latest = this.memory.buffer;
      this.#buffers.add(this.#latest);
    }
    return this.#latest;
  }

  /** The last ALIGNMENT bytes stay free, because kernels may read past the end of a block. */
  #grow(size: number): void {
    const usable = this.#end === PAGE_BYTES ? 0 : this.#free.sizeBefore(this.#end - ALIGNMENT);
    const missing = size - usable + ALIGNMENT;
    const room = this.#maxBytes - this.#end;
    if (missing > room) throw outOfMemory(size, this.#bytesInUse, this.#maxBytes);
    const wanted = Math.min(room, Math.max(missing, GROWTH_BYTES, Math.floor(this.#end / 4)));
    const start = this.#end === PAGE_BYTES ? this.#end : this.#end - ALIGNMENT;
    const grown = this.#growBy(wanted) || this.#growBy(missing);
    if (grown === 0) throw outOfMemory(size, this.#bytesInUse, this.#maxBytes);
    this.#end += grown;
    this.#free.give(start, this.#end - ALIGNMENT - start);
  }

  /** Grows by at least `byteLength`; the bytes it grew by, 0 when the system refuses. */
  #growBy(byteLength: number): number {
    const pages = Math.ceil(byteLength / PAGE_BYTES);
    try {
      this.memory.grow(pages);
      this.#latest = undefined;
      return pages * PAGE_BYTES;
    } catch {
      return 0;
    }
  }
}
