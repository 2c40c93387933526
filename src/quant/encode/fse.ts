import { invariant } from '../../base/diagnostics.ts';
import { BitReader, BitWriter } from './bits.ts';

/** Symbols in a state's table, at most; MindSpore Lite refuses more distinct values than two below it. */
const MOST_TABLE_BITS = 16;
export const MOST_SYMBOLS = 65534;
/** Bits of the table beside those of the number of symbols: more is nearer to the entropy, and larger. */
const EXTRA_BITS = 3;

/** Symbols coded by a finite state machine. */
export interface FseStream {
  /** The table has 2^tableBits states. */
  readonly tableBits: number;
  /** Of each symbol in the table, at least 1; the sum is the number of states. */
  readonly frequencies: Uint32Array;
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Where decoding of each segment starts: the bit behind its last one, and the state there. */
  readonly segments: readonly FseSegment[];
}

export interface FseSegment {
  /** Symbols up to the segment's end, from the beginning. */
  readonly end: number;
  readonly bit: number;
  readonly state: number;
}

/**
 * Codes symbols by tabled asymmetric numeral systems: the fewer bits, the more frequent a symbol is.
 *
 * @param symbols 0 to counts.length - 1; each occurs.
 * @param counts how often each symbol occurs.
 * @param segments parts that can be decoded apart from each other; no more than there are symbols.
 * @source J. Duda, Asymmetric numeral systems (arXiv:1311.2540), and MindSpore Lite's FSE coder (reference behaviour).
 */
export function fseEncode(symbols: Uint16Array, counts: Uint32Array, segments = 1): FseStream {
  invariant(counts.length > 0 && counts.length <= MOST_SYMBOLS, `${counts.length} symbols`);
  const tableBits = Math.min(MOST_TABLE_BITS, bitLength(counts.length) + EXTRA_BITS);
  const frequencies = normalized(counts, 1 << tableBits);
  const { nextState, offset, mostBits } = encodingTables(frequencies, tableBits);
  const size = 1 << tableBits;
  const writer = new BitWriter();
  const ends: FseSegment[] = [];
  const parts = Math.max(1, Math.min(segments, symbols.length));
  let state = size;
  const step = (symbol: number, write: boolean): void => {
    const most = mostBits[symbol] as number;
    const bits = state >= (frequencies[symbol] as number) * 2 ** most ? most : most - 1;
    if (write) writer.write(state & ((1 << bits) - 1), bits);
    state = nextState[(state >>> bits) + (offset[symbol] as number)] as number;
  };
  step(symbols[0] ?? 0, false); // only finds a state to start in
  for (let i = 0; i < symbols.length; i++) {
    step(symbols[i] as number, true);
    const end = i + 1;
    if (end === Math.floor((symbols.length * (ends.length + 1)) / parts))
      ends.push({ end, bit: writer.bitLength, state: state - size });
  }
  return { tableBits, frequencies, count: symbols.length, bytes: writer.finish(), segments: ends };
}

/** The symbols that were coded. */
export function fseDecode(stream: FseStream): Uint16Array {
  const { tableBits, frequencies, bytes, segments } = stream;
  const { symbol, bits, base } = decodingTables(frequencies, tableBits);
  const symbols = new Uint16Array(stream.count);
  let from = 0;
  for (const segment of segments) {
    const reader = new BitReader(bytes, segment.bit);
    let state = segment.state;
    for (let i = segment.end - 1; i >= from; i--) {
      symbols[i] = symbol[state] as number;
      state = (base[state] as number) + reader.readBack(bits[state] as number);
    }
    from = segment.end;
  }
  return symbols;
}

/**
 * The stored form: number of symbols, table bits (2 bytes each) and words of the stream (4), frequencies and what the
 * symbols stand for (4 each, filled up to a multiple of 8), the stream and its last state in words of 8, the bits of the
 * last word (1); with several segments also their number (4) and for each its end and state (8).
 *
 * @param table what each symbol stands for.
 * @source MindSpore Lite's layout (reference behaviour).
 */
export function fseToBytes(stream: FseStream, table: Float32Array | Int32Array): Uint8Array {
  const { frequencies, tableBits, segments, bytes } = stream;
  const last = segments.at(-1) ?? { bit: 0, state: 0 };
  const streamBits = last.bit + tableBits;
  const words = Math.ceil(streamBits / 64);
  const tableStart = 8 + multipleOf(8, 4 * frequencies.length);
  const streamStart = tableStart + multipleOf(8, 4 * frequencies.length);
  const streamEnd = streamStart + 8 * words + 1;
  const segmentStart = multipleOf(4, streamEnd);
  const several = segments.length > 1;
  const out = new Uint8Array(several ? segmentStart + 4 + 8 * segments.length : streamEnd);
  const view = new DataView(out.buffer);
  view.setUint16(0, frequencies.length, true);
  view.setUint16(2, tableBits, true);
  view.setUint32(4, words, true);
  frequencies.forEach((n, i) => {
    view.setUint32(8 + 4 * i, n, true);
  });
  out.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), tableStart);
  const writer = new BitWriter();
  const reader = new BitReader(bytes);
  for (let left = last.bit; left > 0; left -= 16) writer.write(reader.read(Math.min(16, left)), Math.min(16, left));
  writer.write(last.state, tableBits);
  out.set(writer.finish(), streamStart);
  out[streamEnd - 1] = streamBits - 64 * Math.max(0, words - 1);
  if (!several) return out;
  view.setUint32(segmentStart, segments.length, true);
  segments.forEach(({ bit, state }, i) => {
    const at = segmentStart + 4 + 8 * i;
    view.setUint32(at, bit % 2 ** 32, true);
    view.setUint16(at + 4, Math.floor(bit / 2 ** 32), true);
    view.setUint16(at + 6, state, true);
  });
  return out;
}

/** Reads the stored form. @param count symbols that were coded. */
export function fseFromBytes(stored: Uint8Array, count: number): { stream: FseStream; table: Uint8Array } {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const length = view.getUint16(0, true);
  const tableBits = view.getUint16(2, true);
  const words = view.getUint32(4, true);
  const frequencies = Uint32Array.from({ length }, (_, i) => view.getUint32(8 + 4 * i, true));
  const tableStart = 8 + multipleOf(8, 4 * length);
  const streamStart = tableStart + multipleOf(8, 4 * length);
  const streamEnd = streamStart + 8 * words + 1;
  const bytes = stored.subarray(streamStart, streamEnd - 1);
  const segmentStart = multipleOf(4, streamEnd);
  const several = stored.length > streamEnd ? view.getUint32(segmentStart, true) : 0;
  const segments = Array.from({ length: several }, (_, i): FseSegment => {
    const at = segmentStart + 4 + 8 * i;
    const bit = view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
    return { end: Math.floor((count * (i + 1)) / several), bit, state: view.getUint16(at + 6, true) };
  });
  const end = 64 * Math.max(0, words - 1) + (stored[streamEnd - 1] as number);
  const state = new BitReader(bytes, end).readBack(tableBits);
  const whole = [{ end: count, bit: end - tableBits, state }];
  return {
    stream: { tableBits, frequencies, count, bytes, segments: several === 0 ? whole : segments },
    table: stored.subarray(tableStart, tableStart + 4 * length),
  };
}

function multipleOf(unit: number, bytes: number): number {
  return Math.ceil(bytes / unit) * unit;
}

/** Counts scaled to the sum `size`, each at least 1: a surplus goes to the most frequent, a shortage is taken from it. */
export function normalized(counts: Uint32Array, size: number): Uint32Array {
  const total = counts.reduce((a, b) => a + b, 0);
  const ratio = Math.fround(size / total);
  const scaled = counts.map((n) => Math.max(1, Math.floor(Math.fround(0.5 + Math.fround(ratio * n)))));
  const sum = scaled.reduce((a, b) => a + b, 0);
  if (sum > size) takeFromLargest(scaled, sum - size);
  else if (sum < size) {
    const largest = scaled.indexOf(scaled.reduce((a, b) => Math.max(a, b)));
    scaled[largest] = (scaled[largest] as number) + size - sum;
  }
  return scaled;
}

/** Takes 1 from the first of the largest, `surplus` times. */
function takeFromLargest(numbers: Uint32Array, surplus: number): void {
  const byValue = [...numbers.keys()].sort((a, b) => (numbers[b] as number) - (numbers[a] as number));
  const largest: number[] = [];
  let joined = 0;
  let left = surplus;
  for (let top = numbers[byValue[0] as number] as number; left > 0; top--) {
    const before = joined;
    while (joined < byValue.length && numbers[byValue[joined] as number] === top)
      largest.push(byValue[joined++] as number);
    if (joined > before) largest.sort((a, b) => a - b);
    for (const i of largest.slice(0, left)) numbers[i] = top - 1;
    left -= largest.length;
  }
}

/** The symbol of each state: every symbol spread evenly over the table. */
function spread(frequencies: Uint32Array, tableBits: number): Uint16Array {
  const size = 1 << tableBits;
  const step = (size >>> 1) + (size >>> 3) + 3; // odd for sizes from 16 on, so that it meets every place once
  const table = new Uint16Array(size);
  let at = 0;
  frequencies.forEach((frequency, symbol) => {
    for (let i = 0; i < frequency; i++) {
      table[at] = symbol;
      at = (at + step) & (size - 1);
    }
  });
  invariant(at === 0, 'frequencies add up to the size of the table');
  return table;
}

function encodingTables(frequencies: Uint32Array, tableBits: number) {
  const size = 1 << tableBits;
  const nextState = new Uint32Array(size);
  const offset = new Int32Array(frequencies.length);
  const mostBits = new Uint8Array(frequencies.length);
  const filled = new Uint32Array(frequencies.length);
  let before = 0;
  frequencies.forEach((frequency, symbol) => {
    offset[symbol] = before - frequency;
    filled[symbol] = before;
    mostBits[symbol] = tableBits - (frequency < 2 ? 0 : bitLength(frequency - 1) - 1);
    before += frequency;
  });
  spread(frequencies, tableBits).forEach((symbol, state) => {
    const at = filled[symbol] as number;
    nextState[at] = size + state;
    filled[symbol] = at + 1;
  });
  return { nextState, offset, mostBits };
}

function decodingTables(frequencies: Uint32Array, tableBits: number) {
  const size = 1 << tableBits;
  const symbol = spread(frequencies, tableBits);
  const bits = new Uint8Array(size);
  const base = new Uint32Array(size);
  const next = frequencies.slice();
  symbol.forEach((s, state) => {
    const x = next[s] as number;
    next[s] = x + 1;
    const n = tableBits - (bitLength(x) - 1);
    bits[state] = n;
    base[state] = x * 2 ** n - size;
  });
  return { symbol, bits, base };
}

/** Bits of a positive number: 1 for 1, 2 for 2 and 3. */
function bitLength(x: number): number {
  return 32 - Math.clz32(x);
}
