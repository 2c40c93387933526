import { bytesInMemory, type DTypeArrays, type NumericDType } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelMemory } from '../kernels/kernelSet.ts';

export type Numbers = DTypeArrays[NumericDType];

/** Where the result of a step shall lie in the arena; length in elements. */
export interface Spot {
  readonly dtype: NumericDType;
  readonly offset: number;
  readonly length: number;
}

/** Memory that one or several values share; given back when the last of them dies. */
export interface Block {
  readonly data: Numbers;
  /** `heap` blocks came from the kernels' memory, `arena` ones are windows of the plan, `foreign` ones are not ours. */
  readonly kind: 'heap' | 'arena' | 'foreign';
  values: number;
}

/** The memory of a program's runs: the planned arena, a heap for what could not be planned, scratch. */
export class RunMemory {
  readonly arenaBytes: number;
  readonly #memory: KernelMemory;
  readonly #arena: Uint8Array;
  readonly #blocks = new Map<Spot, Block>();
  readonly #heap = new Set<Numbers>();
  #scratch: Uint8Array;
  #scratchUsed = 0;
  #scratchWanted = 0;
  #overflow: Numbers[] = [];

  constructor(memory: KernelMemory, arenaBytes: number) {
    this.#memory = memory;
    this.arenaBytes = arenaBytes;
    this.#arena = memory.allocate('uint8', arenaBytes);
    this.#scratch = memory.allocate('uint8', 0);
  }

  /** The place of a planned result, which one value at a time has; not cleared. */
  planned(spot: Spot): Block {
    let block = this.#blocks.get(spot);
    if (block === undefined) {
      const data = this.#memory.view(this.#arena, spot.dtype, spot.offset, spot.length);
      block = { data, kind: 'arena', values: 0 };
      this.#blocks.set(spot, block);
    }
    block.values = 0;
    return block;
  }

  /** Memory of its own. */
  heap(dtype: NumericDType, length: number): Block {
    const data = this.#memory.allocate(dtype, length);
    this.#heap.add(data);
    return { data, kind: 'heap', values: 0 };
  }

  /** Zero-filled memory until {@link endStep}. */
  scratch<D extends NumericDType>(dtype: D, length: number): DTypeArrays[D] {
    const bytes = Math.ceil((length * bytesInMemory(dtype)) / 64) * 64;
    this.#scratchWanted += bytes;
    if (this.#scratchUsed + bytes > this.#scratch.length) {
      const data = this.#memory.allocate(dtype, length);
      this.#overflow.push(data);
      return data;
    }
    const data = this.#memory.view(this.#scratch, dtype, this.#scratchUsed, length);
    this.#scratchUsed += bytes;
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(0);
    return data;
  }

  endStep(): void {
    if (this.#overflow.length > 0) {
      for (const data of this.#overflow) this.#memory.free(data);
      this.#overflow = [];
      this.#memory.free(this.#scratch);
      this.#scratch = this.#memory.allocate('uint8', this.#scratchWanted);
    }
    this.#scratchUsed = 0;
    this.#scratchWanted = 0;
  }

  /** Takes a value off a block and gives the block back with its last one. */
  drop(block: Block, options: { readonly poison: boolean }): void {
    block.values--;
    if (block.values > 0 || block.kind === 'foreign') return;
    if (options.poison) poison(block.data);
    if (block.kind === 'heap') this.#freeHeap(block.data);
  }

  /** Gives back what the last run left: its outputs, and all that was alive where it was broken off. */
  startRun(): void {
    for (const data of this.#heap) this.#memory.free(data);
    this.#heap.clear();
  }

  release(): void {
    this.startRun();
    this.#memory.free(this.#arena);
    this.#memory.free(this.#scratch);
    this.#blocks.clear();
  }

  #freeHeap(data: Numbers): void {
    this.#heap.delete(data);
    this.#memory.free(data);
  }
}

/** Whether two arrays overlap in memory. */
export function overlaps(a: Tensor['data'], b: Tensor['data']): boolean {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.buffer !== b.buffer) return a === b;
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}

function poison(data: Numbers): void {
  if (data instanceof Float32Array || data instanceof Float64Array) data.fill(Number.NaN);
  else new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(0x7f);
}
