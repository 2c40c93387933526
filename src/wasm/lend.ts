import type { NumericArray } from '../base/dtype.ts';
import type { WasmMemory } from './memory.ts';

/** What a kernel call borrows: addresses of arrays, copies of those that lie elsewhere, and scratch. */
export class Loan {
  readonly #memory: WasmMemory;
  readonly #blocks: number[] = [];
  readonly #results: { readonly from: number; readonly to: NumericArray }[] = [];

  constructor(memory: WasmMemory) {
    this.#memory = memory;
  }

  /** The address of an array to read. */
  read(array: NumericArray): number {
    if (this.#memory.owns(array)) return array.byteOffset;
    const pointer = this.scratch(array.byteLength);
    this.#memory.at('uint8', pointer, array.byteLength).set(bytesOf(array));
    return pointer;
  }

  /** The address of an array to write; it must be written whole. */
  write(array: NumericArray): number {
    if (this.#memory.owns(array)) return array.byteOffset;
    const from = this.scratch(array.byteLength);
    this.#results.push({ from, to: array });
    return from;
  }

  /** Uninitialised bytes. */
  scratch(byteLength: number): number {
    const pointer = this.#memory.take(byteLength);
    this.#blocks.push(pointer);
    return pointer;
  }

  /** Copies results to the arrays that lie elsewhere. */
  settle(): void {
    for (const { from, to } of this.#results) bytesOf(to).set(this.#memory.at('uint8', from, to.byteLength));
  }

  release(): void {
    for (const pointer of this.#blocks) this.#memory.give(pointer);
  }
}

/** Runs `call` with a loan; results are copied out when it returns, blocks are given back in any case. */
export function lend<T>(memory: WasmMemory, call: (loan: Loan) => T): T {
  const loan = new Loan(memory);
  try {
    const result = call(loan);
    loan.settle();
    return result;
  } finally {
    loan.release();
  }
}

function bytesOf(array: NumericArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
