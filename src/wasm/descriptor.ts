import type { Loan } from './lend.ts';
import type { WasmMemory } from './memory.ts';
import { roundUp } from './packed.ts';

type Fields = Readonly<Record<number, number>>;

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
  setInts(fields: Fields): void {
    copyFields(fields, this.#ints);
  }

  /** float32 fields, by offset. */
  setFloats(fields: Fields): void {
    copyFields(fields, this.#floats);
  }
}

/** The fields of a descriptor that stay the same from call to call, and the constants that some of them point to. */
export class DescriptorForm {
  #words: Int32Array;
  readonly #pointers: { readonly word: number; readonly byteOffset: number }[] = [];

  constructor(byteLength: number) {
    this.#words = new Int32Array(byteLength / 4);
  }

  /** Integers, by offset. */
  setInts(fields: Fields): void {
    copyFields(fields, this.#words);
  }

  /** float32 fields, by offset. */
  setFloats(fields: Fields): void {
    copyFields(fields, new Float32Array(this.#words.buffer));
  }

  /** Puts constants after the fields. @returns where they lie, for {@link pointTo} */
  addConstants(words: Int32Array): number {
    const at = roundUp(this.#words.length, 4);
    const longer = new Int32Array(at + words.length);
    longer.set(this.#words);
    longer.set(words, at);
    this.#words = longer;
    return 4 * at;
  }

  /** Lets a field hold the address of what lies `byteOffset` bytes after the descriptor's start. */
  pointTo(field: number, byteOffset: number): void {
    this.#pointers.push({ word: field / 4, byteOffset });
  }

  /** A copy in the kernels' memory with the addresses of one call, by offset. @returns the descriptor's address */
  place(memory: WasmMemory, loan: Loan, addresses: Addresses): number {
    const pointer = loan.scratch(4 * this.#words.length);
    const ints = memory.at('int32', pointer, this.#words.length);
    ints.set(this.#words);
    for (const { word, byteOffset } of this.#pointers) ints[word] = pointer + byteOffset;
    for (const [field, address] of addresses) ints[field / 4] = address;
    return pointer;
  }
}

/** Fields and the addresses they hold. */
export type Addresses = readonly (readonly [field: number, address: number])[];

/** The last form of each problem or geometry, for callers that keep theirs. */
export class DescriptorForms<K extends object> {
  readonly #last = new WeakMap<K, { readonly parts: readonly unknown[]; readonly form: DescriptorForm }>();

  /** @param parts what the form is made from beside `key`: a form is made anew when one of them is another. */
  get(key: K, parts: readonly unknown[], make: () => DescriptorForm): DescriptorForm {
    const last = this.#last.get(key);
    if (last?.parts.every((part, i) => Object.is(part, parts[i]))) return last.form;
    const form = make();
    this.#last.set(key, { parts, form });
    return form;
  }
}

/** Asks for every offset, which is faster than to list the few that are there as strings. */
function copyFields(fields: Fields, to: Int32Array | Float32Array): void {
  for (let i = 0; i < to.length; i++) {
    const value = fields[4 * i];
    if (value !== undefined) to[i] = value;
  }
}
