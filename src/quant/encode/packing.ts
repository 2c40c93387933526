import { BitReader, BitWriter } from './bits.ts';

/** Integer codes of one weight, as the encoders see them. */
export interface CodeBlock {
  /** Signed codes of `bits` bits. */
  readonly codes: Int8Array | Int16Array;
  /** 1 to 16. */
  readonly bits: number;
  /** The code of the real 0 for element `i`. */
  readonly zeroAt: (i: number) => number;
}

export type PackedEncoding = 'plain' | 'index' | 'sparse';

export interface Packed {
  readonly encoding: PackedEncoding;
  readonly bytes: Uint8Array;
}

/** Widths of a run length that the sparse form chooses from. */
const RUN_BITS = [2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const HALF_WORD = 65536;

/** Bytes that each form takes; all derive from counts, without encoding. */
export interface PackedSizes {
  readonly plain: number;
  readonly index: number;
  readonly sparse: number;
  /** Of the sparse form: bits of a run length, and entries. */
  readonly runBits: number;
  readonly entries: number;
}

/**
 * Sizes of N codes of b bits with U distinct values, u = ceil(log2 U), in bytes: plain ceil(bN/8); index ceil((b + bU +
 * uN)/8); sparse ceil((8 + 32 + b + bU + uz + zk)/8), where k of 2 to 10 is the least, and z counts the codes that are not
 * their channel's zero, and one for each full run of 2^k zeros.
 * @source MindSpore Lite, tensor compression (reference behaviour).
 */
export function packedSizes(block: CodeBlock): PackedSizes {
  const { codes, bits } = block;
  const distinct = distinctCodes(block).length;
  const u = indexBits(distinct);
  const { runBits, entries } = bestRuns(block, u);
  const bytes = (bitCount: number): number => Math.ceil(bitCount / 8);
  return {
    plain: bytes(bits * codes.length),
    index: bytes(bits + bits * distinct + u * codes.length),
    sparse: bytes(8 + 32 + bits + bits * distinct + entries * (u + runBits)),
    runBits,
    entries,
  };
}

/** The smallest of the three forms; of equal ones plain, then index. */
export function packSmallest(block: CodeBlock): Packed {
  const sizes = packedSizes(block);
  if (sizes.plain <= sizes.index && sizes.plain <= sizes.sparse) return { encoding: 'plain', bytes: packPlain(block) };
  if (sizes.index <= sizes.sparse) return { encoding: 'index', bytes: packIndex(block) };
  return { encoding: 'sparse', bytes: packSparse(block, sizes) };
}

/** Codes one behind the other: 8 and 16 bits as they are, others plus 2^(b-1), least significant bit first. */
export function packPlain({ codes, bits }: CodeBlock): Uint8Array {
  if (isWhole(bits)) return new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength).slice();
  const writer = new BitWriter();
  const offset = 2 ** (bits - 1);
  for (const code of codes) writer.write(code + offset, bits);
  return writer.finish();
}

/** The distinct codes, then the place of each code among them. */
export function packIndex(block: CodeBlock): Uint8Array {
  const writer = new BitWriter();
  const { places, width } = writeTable(writer, block);
  for (const code of block.codes) writer.write(places.get(code) as number, width);
  return writer.finish();
}

/** The distinct codes, then what is not zero: how many zeros stand before it, and its place among the distinct. */
export function packSparse(
  block: CodeBlock,
  { runBits, entries }: Pick<PackedSizes, 'runBits' | 'entries'>,
): Uint8Array {
  const { codes, zeroAt } = block;
  const writer = new BitWriter();
  writer.write(runBits, 8);
  writer.write(entries % HALF_WORD, 16);
  writer.write(Math.floor(entries / HALF_WORD), 16);
  const { places, width } = writeTable(writer, block);
  const full = 2 ** runBits;
  let run = 0;
  codes.forEach((code, i) => {
    if (code === zeroAt(i) && ++run < full) return;
    const before = code === zeroAt(i) ? run - 1 : run;
    writer.write(before, runBits);
    writer.write(places.get(code) as number, width);
    run = 0;
  });
  return writer.finish();
}

/** The codes that were packed. @param block says how many, of how many bits, and where zero is; its codes are filled. */
export function unpack({ encoding, bytes }: Packed, block: CodeBlock): void {
  const { codes, bits, zeroAt } = block;
  const reader = new BitReader(bytes);
  if (encoding === 'plain' && isWhole(bits)) {
    new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength).set(bytes);
    return;
  }
  if (encoding === 'plain') {
    const offset = 2 ** (bits - 1);
    for (let i = 0; i < codes.length; i++) codes[i] = reader.read(bits) - offset;
    return;
  }
  const runBits = encoding === 'sparse' ? reader.read(8) : 0;
  const entries = encoding === 'sparse' ? reader.read(16) + reader.read(16) * HALF_WORD : codes.length;
  const table = readTable(reader, bits);
  const width = indexBits(table.length);
  if (encoding === 'sparse') for (let i = 0; i < codes.length; i++) codes[i] = zeroAt(i);
  for (let entry = 0, i = 0; entry < entries; entry++, i++) {
    i += reader.read(runBits);
    codes[i] = table[reader.read(width)] as number;
  }
}

/** Whether codes of so many bits fill the integers that hold them. */
function isWhole(bits: number): boolean {
  return bits === 8 || bits === 16;
}

function writeTable(writer: BitWriter, block: CodeBlock): { places: ReadonlyMap<number, number>; width: number } {
  const distinct = distinctCodes(block);
  const offset = 2 ** (block.bits - 1);
  writer.write(Math.max(0, distinct.length - 1), block.bits);
  for (const code of distinct) writer.write(code + offset, block.bits);
  return { places: new Map(distinct.map((code, place) => [code, place])), width: indexBits(distinct.length) };
}

function readTable(reader: BitReader, bits: number): number[] {
  const offset = 2 ** (bits - 1);
  const length = reader.read(bits) + 1;
  return Array.from({ length }, () => reader.read(bits) - offset);
}

/** Bits that tell `count` things apart. */
export function indexBits(count: number): number {
  return count < 2 ? 0 : 32 - Math.clz32(count - 1);
}

/** The distinct codes, ascending. */
export function distinctCodes({ codes, bits }: Pick<CodeBlock, 'codes' | 'bits'>): number[] {
  const offset = 2 ** (bits - 1);
  const seen = new Uint8Array(2 * offset);
  for (const code of codes) seen[code + offset] = 1;
  const distinct: number[] = [];
  seen.forEach((is, i) => {
    if (is === 1) distinct.push(i - offset);
  });
  return distinct;
}

/** The run width that takes the fewest bits, the smallest of equal ones, and its entries. */
function bestRuns({ codes, zeroAt }: CodeBlock, u: number): { runBits: number; entries: number } {
  const full = RUN_BITS.map(() => 0);
  let others = 0;
  let run = 0;
  const close = (): void => {
    RUN_BITS.forEach((k, at) => {
      full[at] = (full[at] as number) + (run >>> k);
    });
    run = 0;
  };
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] === zeroAt(i)) {
      run++;
    } else {
      others++;
      if (run > 3) close();
      else run = 0;
    }
  }
  close();
  const costs = RUN_BITS.map((k, at) => ({ runBits: k, entries: others + (full[at] as number) }));
  return costs.reduce((a, b) => (b.entries * (b.runBits + u) < a.entries * (a.runBits + u) ? b : a));
}
