import type { Loan } from './lend.ts';
import type { WasmMemory } from './memory.ts';

/** A block of 32-bit fields that a kernel reads; offsets are those of assembly/layout.ts. */
export class Descriptor {
  readonly pointer: number;
  readonly #ints: Int32Array;
  readonly #floats: Float32Array;

  constructor(memory: WasmMemory, loan: Loan, byteLength: number) {
    this.pointer = loan.scratch(byteLength);
    this.#ints = memory.at('int32', this.pointer, byteLength / 4);
    this.#floats = memory.at('float32', this.pointer, byteLength / 4);
  }

  /** Integers and addresses, by offset. */
  setInts(fields: Readonly<Record<number, number>>): void {
    copyFields(fields, this.#ints);
  }

  /** float32 fields, by offset. */
  setFloats(fields: Readonly<Record<number, number>>): void {
    copyFields(fields, this.#floats);
  }
}

/** Asks for every offset, which is faster than to list the few that are there as strings. */
function copyFields(fields: Readonly<Record<number, number>>, to: Int32Array | Float32Array): void {
  for (let i = 0; i < to.length; i++) {
    const value = fields[4 * i];
    if (value !== undefined) to[i] = value;
  }
}
