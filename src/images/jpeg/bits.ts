/** A Huffman code: symbols of up to 9 bits by table, longer ones by the first code of their length. */
export interface HuffmanCode {
  /** By the next 9 bits: length * 256 + symbol; 0 for longer codes and for what is no code. */
  readonly short: Uint16Array;
  /** The last code of each length 1..16; -1 without one. */
  readonly last: Int32Array;
  /** What to add to a code of each length to find its symbol. */
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
}

const SHORT_BITS = 9;

/**
 * The code with `counts[i]` codes of i + 1 bits, in the order of `symbols`.
 *
 * @throws Error where there are more codes than bits allow.
 * @source ITU-T T.81, annex C.
 */
export function huffmanCode(counts: Uint8Array, symbols: Uint8Array): HuffmanCode {
  const short = new Uint16Array(1 << SHORT_BITS);
  const last = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] as number;
    if (code + count > 1 << length) throw new Error('a Huffman table has more codes than there are');
    offset[length] = place - code;
    for (let i = 0; i < count && length <= SHORT_BITS; i++) {
      const rest = SHORT_BITS - length;
      short.fill(length * 256 + (symbols[place + i] as number), (code + i) << rest, (code + i + 1) << rest);
    }
    code += count;
    place += count;
    if (count > 0) last[length] = code - 1;
    code <<= 1;
  }
  return { short, last, offset, symbols };
}

/** The bits of entropy-coded data, first to last. Behind a marker, and behind the file, come zeros. */
export class BitReader {
  readonly #bytes: Uint8Array;
  /** Of the next byte that is not in `#bits` yet. */
  at: number;
  #bits = 0;
  #count = 0;
  #made = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Whether bits were taken that the data does not have. */
  get isBeyondEnd(): boolean {
    return this.#count < this.#made;
  }

  /** The next symbol. @throws Error where the bits are no code. */
  symbol({ short, last, offset, symbols }: HuffmanCode): number {
    if (this.#count < 16) this.#fill();
    const bits = this.#bits;
    const known = short[(bits >>> (this.#count - SHORT_BITS)) & 0x1ff] as number;
    if (known !== 0) {
      this.#count -= known >> 8;
      return known & 255;
    }
    for (let length = SHORT_BITS + 1; length <= 16; length++) {
      const code = (bits >>> (this.#count - length)) & ((1 << length) - 1);
      if (code <= (last[length] as number)) {
        this.#count -= length;
        return symbols[code + (offset[length] as number)] as number;
      }
    }
    throw new Error('its data holds a code that is not in its Huffman table');
  }

  /** The next `count` bits, 0 to 16, as a number. */
  take(count: number): number {
    if (this.#count < count) this.#fill();
    this.#count -= count;
    return (this.#bits >>> this.#count) & ((1 << count) - 1);
  }

  /** A number of `size` bits, 0 to 16, the upper half of which are positive. @source ITU-T T.81, F.2.2.1. */
  signed(size: number): number {
    if (size === 0) return 0;
    const bits = this.take(size);
    return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
  }

  /** Goes behind the restart marker, which must come next. */
  restart(): void {
    this.#bits = 0;
    this.#count = 0;
    this.#made = 0;
    while (this.#bytes[this.at] === 0xff && this.#bytes[this.at + 1] === 0xff) this.at++;
    if (this.#bytes[this.at] !== 0xff || ((this.#bytes[this.at + 1] ?? 0) & 0xf8) !== 0xd0) {
      throw new Error('a restart marker is missing in its data');
    }
    this.at += 2;
  }

  #fill(): void {
    const bytes = this.#bytes;
    while (this.#count <= 24) {
      const byte = bytes[this.at];
      const isMarker = byte === 0xff && bytes[this.at + 1] !== 0;
      if (byte === undefined || isMarker) {
        this.#bits <<= 8;
        this.#made += 8;
      } else {
        this.#bits = (this.#bits << 8) | byte;
        this.at += byte === 0xff ? 2 : 1;
      }
      this.#count += 8;
    }
  }
}
