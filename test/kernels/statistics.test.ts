import { describe, expect, it } from 'vitest';
import { numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 511, 512, 513, 2049, 9001, 65541, 140003];
const EPSILON_F64 = 2 ** -53;

/** Plain, rectified, huge, constant, strange. */
const KINDS: Readonly<Record<string, (x: Float32Array) => Float32Array>> = {
  normal: (x) => x,
  rectified: (x) => x.map((v) => Math.max(0, v)),
  huge: (x) => x.map((v) => v * 1e38),
  tiny: (x) => x.map((v) => v * 1e-42),
  constant: (x) => x.map(() => -2.5),
  negative: (x) => x.map((v) => -Math.abs(v) - 1),
  'with NaN and infinities': (x) =>
    x.map((v, i) => (i % 7 === 3 ? NaN : i % 11 === 5 ? Infinity : i % 13 === 1 ? -Infinity : i % 3 === 0 ? -0 : v)),
  'only NaN': (x) => x.map(() => NaN),
};

/** Lengths of several chunks for one kind only: their elements take the same paths. */
const CASES = Object.entries(KINDS).flatMap(([kind, change]) =>
  LENGTHS.filter((length) => length < 65536 || kind.includes('NaN and')).map((length) => ({ kind, length, change })),
);

/** Error of adding n numbers of this total magnitude in float64 in any order. */
function sumBound(n: number, magnitude: number): number {
  return (n + 2) * EPSILON_F64 * magnitude;
}

describe.each(ENGINES)('statistics ($name)', ({ create }) => {
  it('momentsF32 counts exactly and sums within the error of float64', async () => {
    const kernels = await create();
    for (const { kind, length, change } of CASES) {
      const x = change(numbersOf(length).floats(length));
      const finite = x.filter(Number.isFinite);
      const moments = kernels.momentsF32(x);
      const absolute = finite.reduce((s, v) => s + Math.abs(v), 0);
      const squares = Array.from(finite).reduce((s, v) => s + v * v, 0);
      expect({ ...moments, sum: 0, sumOfSquares: 0 }, `${kind} ${length}`).toEqual({
        count: length,
        min: finite.reduce((m, v) => Math.min(m, v), Infinity),
        max: finite.reduce((m, v) => Math.max(m, v), -Infinity),
        sum: 0,
        sumOfSquares: 0,
        zeros: finite.filter((v) => v === 0).length,
        nan: x.filter(Number.isNaN).length,
        inf: x.filter((v) => Math.abs(v) === Infinity).length,
      });
      const sum = finite.reduce((s, v) => s + v, 0);
      expect(Math.abs(moments.sum - sum), `${kind} ${length}`).toBeLessThanOrEqual(2 * sumBound(length, absolute));
      expect(Math.abs(moments.sumOfSquares - squares)).toBeLessThanOrEqual(2 * sumBound(length, squares));
    }
  });

  it('quartilesF32 are the elements at rank floor(q n)', async () => {
    const kernels = await create();
    for (const { kind, length, change } of CASES) {
      const x = change(numbersOf(length).floats(length));
      const sorted = x.filter(Number.isFinite).sort();
      const at = (q: number) => (sorted.length === 0 ? NaN : (sorted[Math.floor(q * sorted.length)] as number) + 0);
      const found = kernels.quartilesF32(x).map((v) => v + 0);
      expect(found, `${kind} ${length}`).toEqual([at(0.25), at(0.5), at(0.75)]);
    }
  });

  it('pairSumsF32 sums within the error of float64', async () => {
    const kernels = await create();
    for (const length of LENGTHS) {
      const a = numbersOf(length).floats(length);
      const b = numbersOf(length + 1).floats(length);
      const sums = kernels.pairSumsF32(a, b);
      const total = (f: (x: number, y: number) => number) => a.reduce((s, v, i) => s + f(v, b[i] as number), 0);
      const near = (actual: number, f: (x: number, y: number) => number) =>
        expect(Math.abs(actual - total(f))).toBeLessThanOrEqual(
          2 *
            sumBound(
              length,
              total((x, y) => Math.abs(f(x, y))),
            ),
        );
      near(sums.dot, (x, y) => x * y);
      near(sums.aa, (x) => x * x);
      near(sums.bb, (_, y) => y * y);
      near(sums.squaredError, (x, y) => (x - y) ** 2);
      expect(sums.maxAbsError).toBe(a.reduce((m, v, i) => Math.max(m, Math.abs(v - (b[i] as number))), 0));
    }
  });

  it('pairSumsF32 of equal arrays are equal, so that their cosine is exactly 1', async () => {
    const kernels = await create();
    const a = numbersOf(1).floats(70001);
    const { dot, aa, bb, squaredError, maxAbsError } = kernels.pairSumsF32(a, a.slice());
    expect([dot, bb, squaredError, maxAbsError]).toEqual([aa, aa, 0, 0]);
  });

  it('pairSumsF32 are NaN where an operand is', async () => {
    const kernels = await create();
    for (const at of [0, 5, 8]) {
      const a = numbersOf(1).floats(9);
      const b = numbersOf(2).floats(9);
      b[at] = NaN;
      const { dot, aa, bb, squaredError, maxAbsError } = kernels.pairSumsF32(a, b);
      expect([dot, bb, squaredError, maxAbsError]).toEqual([NaN, NaN, NaN, NaN]);
      expect(aa).toBeGreaterThan(0);
    }
  });

  it('momentsAndErrorF32 are the moments to the last bit, and the squared error of pairSumsF32', async () => {
    const kernels = await create();
    for (const length of [...LENGTHS, 70_001]) {
      const a = numbersOf(length).floats(length);
      const b = numbersOf(length + 1).floats(length);
      const check = (): number => {
        const { moments, squaredError } = kernels.momentsAndErrorF32(a, b);
        expect(moments, `${length}`).toEqual(kernels.momentsF32(a));
        return squaredError;
      };
      const expected = kernels.pairSumsF32(a, b).squaredError;
      expect(Math.abs(check() - expected)).toBeLessThanOrEqual(2 * sumBound(length, expected));
      if (length === 0) continue;
      b[length - 1] = NaN;
      expect(check()).toBeNaN();
      b[length - 1] = 0;
      a[0] = -Infinity;
      expect(check()).toBe(Infinity);
      a[length >> 1] = NaN;
      expect(check()).toBeNaN();
    }
  });

  it('histogram8 counts every byte', async () => {
    const kernels = await create();
    for (const length of [...LENGTHS, 300_001]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i % 3 === 0 ? 7 : (i * 37) >> 3));
      const expected = new Float64Array(256);
      for (const b of bytes) expected[b] = (expected[b] as number) + 1;
      expect(kernels.histogram8(bytes), `unsigned ${length}`).toEqual(expected);
      expect(kernels.histogram8(new Int8Array(bytes.buffer)), `signed ${length}`).toEqual(expected);
    }
  });

  it('squaredDeviationF32 leaves out what is not finite', async () => {
    const kernels = await create();
    for (const { kind, length, change } of CASES) {
      const x = change(numbersOf(length).floats(length));
      const expected = Array.from(x.filter(Number.isFinite)).reduce((s, v) => s + (v - 0.3) ** 2, 0);
      const found = kernels.squaredDeviationF32(x, 0.3);
      expect(Math.abs(found - expected), `${kind} ${length}`).toBeLessThanOrEqual(2 * sumBound(length, expected));
    }
  });

  it('channelSumsF32 adds rows in order', async () => {
    const kernels = await create();
    for (const [rows, channels] of [
      [0, 3],
      [1, 1],
      [7, 3],
      [130, 4],
      [65, 21],
      [3, 40],
    ] as const) {
      const x = numbersOf(rows).floats(rows * channels);
      const out = new Float64Array(channels).fill(5);
      kernels.channelSumsF32(x, rows, channels, out);
      const expected = Float64Array.from({ length: channels }, (_, c) =>
        Array.from({ length: rows }, (_, r) => x[r * channels + c] as number).reduce((s, v) => s + v, 0),
      );
      expect(out).toEqual(expected);
    }
  });
});
