import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitReader, BitWriter } from '../../src/quant/encode/bits.ts';
import { fseDecode, fseEncode, fseFromBytes, fseToBytes, normalized } from '../../src/quant/encode/fse.ts';
import {
  type CodeBlock,
  packedSizes,
  packIndex,
  packPlain,
  packSmallest,
  packSparse,
  unpack,
} from '../../src/quant/encode/packing.ts';

/** Codes of some width, all kinds of runs among them, with a zero per channel of 4 elements. */
const blocks = fc.integer({ min: 1, max: 16 }).chain((bits) => {
  const code = fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
  const run = fc.tuple(code, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1100 })));
  return fc.record({
    bits: fc.constant(bits),
    zeros: fc.array(code, { minLength: 1, maxLength: 3 }),
    runs: fc.array(run, { maxLength: 4 }),
  });
});

function blockOf({ bits, zeros, runs }: { bits: number; zeros: number[]; runs: [number, number][] }): CodeBlock {
  const all = runs.flatMap(([code, length]) => Array<number>(length).fill(code));
  const codes = bits <= 8 ? Int8Array.from(all) : Int16Array.from(all);
  return { codes, bits, zeroAt: (i) => zeros[Math.floor(i / 4) % zeros.length] as number };
}

function empty(block: CodeBlock): CodeBlock {
  const { length } = block.codes;
  return { ...block, codes: block.bits <= 8 ? new Int8Array(length).fill(1) : new Int16Array(length).fill(1) };
}

function differences(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let count = Math.abs(a.length - b.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}

describe('bits', () => {
  test('come back in any widths, forwards and backwards', () => {
    const items = fc.array(fc.tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 2 ** 24 - 1 })));
    fc.assert(
      fc.property(items, (all) => {
        const writer = new BitWriter();
        const numbers = all.map(([bits, x]) => ({ bits, x: x % 2 ** bits }));
        for (const { bits, x } of numbers) writer.write(x, bits);
        const { bitLength } = writer;
        const bytes = writer.finish();
        expect(bytes.length).toBe(Math.ceil(bitLength / 8));
        const forwards = new BitReader(bytes);
        expect(numbers.map(({ bits }) => forwards.read(bits))).toEqual(numbers.map(({ x }) => x));
        const backwards = new BitReader(bytes, bitLength);
        const reversed = [...numbers].reverse();
        expect(reversed.map(({ bits }) => backwards.readBack(bits))).toEqual(reversed.map(({ x }) => x));
      }),
    );
  });
});

describe('packed codes', () => {
  test('plain, 3 bits: code + 4, least significant bit first', () => {
    const codes = Int8Array.of(-4, 3, 0);
    expect([...packPlain({ codes, bits: 3, zeroAt: () => 0 })]).toEqual([0b00111000, 0b1]);
  });

  test('one bit holds -1 and 0', () => {
    const codes = Int8Array.of(-1, 0, 0, -1, 0, -1, -1, -1, 0);
    expect([...packPlain({ codes, bits: 1, zeroAt: () => 0 })]).toEqual([0b00010110, 1]);
  });

  test('every form gives the codes back, and has the size that is computed without encoding', () => {
    fc.assert(
      fc.property(blocks, (spec) => {
        const block = blockOf(spec);
        fc.pre(block.codes.length > 0);
        const sizes = packedSizes(block);
        const forms = [
          { encoding: 'plain', bytes: packPlain(block) },
          { encoding: 'index', bytes: packIndex(block) },
          { encoding: 'sparse', bytes: packSparse(block, sizes) },
        ] as const;
        for (const form of forms) {
          expect(form.bytes.length).toBe(sizes[form.encoding]);
          const back = empty(block);
          unpack(form, back);
          expect(differences(back.codes, block.codes)).toBe(0);
        }
        const smallest = packSmallest(block);
        expect(smallest.bytes.length).toBe(Math.min(sizes.plain, sizes.index, sizes.sparse));
      }),
      { numRuns: 150 },
    );
  });

  test('few values among many bits are indexed, few others among zeros are sparse, anything else is plain', () => {
    const zeroAt = () => 5;
    const of = (length: number, code: (i: number) => number) => Int8Array.from({ length }, (_, i) => code(i));
    const choose = (codes: Int8Array) => packSmallest({ codes, bits: 8, zeroAt }).encoding;
    expect(choose(of(1000, (i) => (i * 37) % 3))).toBe('index');
    expect(choose(of(1000, (i) => (i % 100 === 7 ? i % 11 : 5)))).toBe('sparse');
    expect(choose(of(1000, (i) => ((i * 89) % 256) - 128))).toBe('plain');
    expect(choose(of(0, () => 0))).toBe('plain');
  });
});

/** Symbols 0..n-1, each at least once, some much more often than others. */
const streams = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 1000 })), { minLength: 1, maxLength: 60 })
  .map((weights) => {
    const all = weights.flatMap(([count, key], symbol) => Array.from({ length: count }, (_, i) => [symbol, i * key]));
    all.sort(([, a], [, b]) => (((a as number) * 7919) % 1009) - (((b as number) * 7919) % 1009));
    return {
      symbols: Uint16Array.from(all, ([symbol]) => symbol as number),
      counts: Uint32Array.from(weights, ([count]) => count),
    };
  });

function entropyBits(counts: Uint32Array): number {
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, n) => sum - n * Math.log2(n / total), 0);
}

describe('entropy coding', () => {
  test('any symbols come back, in one segment or several', () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 7 }), ({ symbols, counts }, segments) => {
        const stream = fseEncode(symbols, counts, segments);
        expect(differences(fseDecode(stream), symbols)).toBe(0);
        const table = Int32Array.from(counts, (_, i) => i - 7);
        const stored = fseFromBytes(fseToBytes(stream, table), symbols.length);
        expect(differences(fseDecode(stored.stream), symbols)).toBe(0);
        expect(stored.table).toEqual(new Uint8Array(table.buffer));
        expect(stored.stream.segments.length).toBe(Math.min(segments, symbols.length));
      }),
    );
  });

  test('takes at least the entropy, and little more where symbols are many', () => {
    const counts = Uint32Array.from({ length: 40 }, (_, i) => Math.ceil(20000 * 0.8 ** i));
    const symbols = new Uint16Array(counts.reduce((a, b) => a + b, 0));
    let at = 0;
    counts.forEach((n, s) => {
      symbols.fill(s, at, at + n);
      at += n;
    });
    const bits = fseEncode(symbols, counts).bytes.length * 8;
    const entropy = entropyBits(counts);
    expect(bits).toBeGreaterThanOrEqual(entropy - 16); // the start state is free: it holds up to 16 bits
    expect(bits / entropy).toBeLessThan(1.02);
  });

  test('one symbol alone takes no bits', () => {
    const stream = fseEncode(new Uint16Array(1000), Uint32Array.of(1000));
    expect(stream.bytes.length).toBe(0);
    expect(fseDecode(stream)).toEqual(new Uint16Array(1000));
    expect(fseToBytes(stream, Float32Array.of(0.5)).length).toBe(8 + 8 + 8 + 8 + 1);
  });

  test('frequencies add up to the table, each at least 1; the first of the largest gives first', () => {
    expect([...normalized(Uint32Array.of(1, 1, 1, 1000), 16)]).toEqual([1, 1, 1, 13]);
    expect([...normalized(Uint32Array.of(3, 3, 3), 16)]).toEqual([6, 5, 5]);
    expect([...normalized(Uint32Array.of(50, 50, 1, 1, 1), 8)]).toEqual([2, 3, 1, 1, 1]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 64 }), (counts) => {
        const scaled = normalized(Uint32Array.from(counts), 1024);
        expect(scaled.reduce((a, b) => a + b, 0)).toBe(1024);
        expect(Math.min(...scaled)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test('65534 symbols are the most', () => {
    const counts = new Uint32Array(65534).fill(1);
    const symbols = Uint16Array.from({ length: 65534 }, (_, i) => (i * 31) % 65534);
    expect(differences(fseDecode(fseEncode(symbols, counts)), symbols)).toBe(0);
    expect(() => fseEncode(symbols, new Uint32Array(65535).fill(1))).toThrow('65535 symbols');
  });
});
