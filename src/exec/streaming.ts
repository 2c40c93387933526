import { invariant } from '../base/diagnostics.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorSource, ValueId } from '../graph/model.ts';
import type { KernelMemory } from '../kernels/kernelSet.ts';
import { memoryTooSmall } from './errors.ts';

/** Constants of fewer bytes are kept: reading them again and again would cost more than they take. */
const LEAST_STREAMED = 1 << 16;

const SOURCES = new WeakMap<Tensor, TensorSource>();

/** The source of a tensor that lies in the file; undefined for one in memory. */
export function streamedSource(t: Tensor): TensorSource | undefined {
  return SOURCES.get(t);
}

export function isStreamed(t: Tensor): boolean {
  return SOURCES.has(t);
}

/** Tensors whose elements are read from the file when they are asked for; the last one read is kept until `forget`. */
export class StreamedTensors {
  #last: { readonly source: TensorSource; readonly tensor: Tensor } | undefined;

  /** Undefined where the constant is small, or its source cannot be read at once. */
  of(source: TensorSource): Tensor | undefined {
    if (source.byteLength < LEAST_STREAMED || source.loadNow === undefined) return undefined;
    const read = (): Tensor['data'] => this.#read(source);
    const lazy = {
      dtype: source.dtype,
      dims: source.dims,
      get data(): Tensor['data'] {
        return read();
      },
    } as Tensor; // `data` is of the dtype that the source has
    SOURCES.set(lazy, source);
    return lazy;
  }

  forget(): void {
    this.#last = undefined;
  }

  #read(source: TensorSource): Tensor['data'] {
    if (this.#last?.source === source) return this.#last.tensor.data;
    this.#last = undefined;
    const tensor = source.loadNow?.();
    invariant(tensor !== undefined, 'a streamed constant can be read at once');
    this.#last = { source, tensor };
    return tensor.data;
  }
}

/** What packing a step's constants gave; `release` gives the memory back. */
interface Packed {
  readonly value: unknown;
  readonly release: () => void;
}

/**
 * Which steps keep their packed weights: from the first on, as many as fit beside the arena and the largest weight that
 * passes through. A run reads the rest in order, so that keeping the most recently used would keep none. How much a
 * packed weight takes is measured, since kernels choose its form.
 */
export class Residency {
  /** Bytes that every run reads from the file. */
  streamedBytes = 0;
  readonly #memory: KernelMemory;
  readonly #arenaBytes: number;
  readonly #largest: number;
  #growth = 1;
  #isFull = false;

  /** @param inputs those of every step. */
  constructor(
    memory: KernelMemory,
    arenaBytes: number,
    inputs: readonly (readonly (ValueId | undefined)[])[],
    constants: ReadonlyMap<ValueId, Tensor>,
  ) {
    this.#memory = memory;
    this.#arenaBytes = arenaBytes;
    this.#largest = inputs.reduce((most, ids) => Math.max(most, streamedBytesOf(ids, constants)), 0);
  }

  /**
   * Packs a step's constants where they may stay; undefined where they must be packed in every run.
   *
   * @param bytes what the step reads of the file.
   */
  keep<P extends Packed>(bytes: number, pack: () => P): P | undefined {
    if (bytes === 0) return pack();
    if (!this.#isFull) {
      const before = this.#memory.bytesInUse;
      const packed = pack();
      this.#growth = Math.max(this.#growth, (this.#memory.bytesInUse - before) / bytes);
      if (this.#memory.bytesInUse + this.passingBytes <= this.#memory.budgetBytes) return packed;
      packed.release();
      this.#isFull = true;
    }
    this.streamedBytes += bytes;
    return undefined;
  }

  /** What a run takes beside what stays: activations, and one weight as read and as packed. */
  get passingBytes(): number {
    return this.#arenaBytes + this.#largest * (1 + this.#growth);
  }

  /** @throws DiagnosticError EXE309 where not even activations and one weight fit. */
  check(file: string): void {
    const { bytesInUse, budgetBytes } = this.#memory;
    const need = bytesInUse + this.passingBytes;
    if (this.#largest > 0 && need > budgetBytes) throw memoryTooSmall(file, need, budgetBytes);
  }
}

/** Bytes of the constants among `inputs` that lie in the file. */
export function streamedBytesOf(
  inputs: readonly (ValueId | undefined)[],
  constants: ReadonlyMap<ValueId, Tensor>,
): number {
  let bytes = 0;
  for (const id of inputs) {
    const t = id === undefined ? undefined : constants.get(id);
    bytes += (t === undefined ? undefined : streamedSource(t))?.byteLength ?? 0;
  }
  return bytes;
}
