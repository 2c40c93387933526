import { invariant } from '../../base/diagnostics.ts';

/** Most bits of one number. */
const MOST_BITS = 24;

/** Writes numbers of any width up to 24 bits one behind the other, the least significant bit first. */
export class BitWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #pending = 0;
  #pendingBits = 0;

  /** Bits written so far. */
  get bitLength(): number {
    return this.#length * 8 + this.#pendingBits;
  }

  /** @param value of `bits` bits, unsigned. */
  write(value: number, bits: number): void {
    invariant(bits <= MOST_BITS, `${bits} bits at once`);
    this.#pending |= value << this.#pendingBits; // fewer than 8 are pending: 32 bits hold both
    this.#pendingBits += bits;
    while (this.#pendingBits >= 8) {
      this.#push(this.#pending & 0xff);
      this.#pending >>>= 8;
      this.#pendingBits -= 8;
    }
  }

  /** All bytes; the last is filled with zeros. */
  finish(): Uint8Array {
    if (this.#pendingBits > 0) this.#push(this.#pending);
    this.#pending = 0;
    this.#pendingBits = 0;
    return this.#bytes.slice(0, this.#length);
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }
}

/** Reads what a {@link BitWriter} wrote, from any bit on. */
export class BitReader {
  /** Where the next number starts. */
  position: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.position = position;
  }

  /** The next `bits` bits, at most 24, unsigned. */
  read(bits: number): number {
    const value = this.#at(this.position, bits);
    this.position += bits;
    return value;
  }

  /** The `bits` bits before the position, which moves back: the last that were written come first. */
  readBack(bits: number): number {
    this.position -= bits;
    return this.#at(this.position, bits);
  }

  #at(position: number, bits: number): number {
    invariant(position >= 0 && position + bits <= this.#bytes.length * 8, 'bits outside the stream');
    let value = 0;
    let got = -(position & 7);
    for (let byte = position >>> 3; got < bits; byte++, got += 8) {
      const next = this.#bytes[byte] as number;
      value += got < 0 ? next >>> -got : next * 2 ** got;
    }
    return value % 2 ** bits;
  }
}
