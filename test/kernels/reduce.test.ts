import { describe, expect, it } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { ReduceOp } from '../../src/kernels/kernelSet.ts';
import { EPSILON_F32, firstDifference, numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const SHAPES = [0, 1, 2, 3, 4, 5, 7, 8, 31].flatMap((count) =>
  [1, 2, 3, 4, 7, 8, 9, 17].flatMap((inner) => [1, 3].map((outer) => ({ outer, count, inner }))),
);

const REDUCTIONS: Readonly<Record<ReduceOp, (x: readonly number[]) => number>> = {
  sum: (x) => x.reduce((a, b) => a + b, 0),
  mean: (x) => x.reduce((a, b) => a + b, 0) / x.length,
  max: (x) => Math.max(...x),
  min: (x) => Math.min(...x),
  sumSquare: (x) => x.reduce((a, b) => a + b * b, 0),
  l1: (x) => x.reduce((a, b) => a + Math.abs(b), 0),
  l2: (x) => Math.hypot(...x),
};

interface Shape {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
}

/** Column [o, i] of [outer, count, inner]. */
function column(x: Float32Array, { count, inner }: Shape, at: number): number[] {
  const [o, i] = [Math.floor(at / inner), at % inner];
  return Array.from({ length: count }, (_, c) => x[(o * count + c) * inner + i] as number);
}

function sample({ outer, count, inner }: Shape, seed: number): Float32Array {
  const x = numbersOf(seed).floats(outer * count * inner);
  if (seed % 7 === 0 && x.length > 2) x[2] = NaN;
  if (seed % 5 === 0 && x.length > 1) x[1] = -Infinity;
  return x;
}

describe.each(ENGINES)('rows and columns ($name)', ({ create }) => {
  it.each(Object.keys(REDUCTIONS) as ReduceOp[])('reduceF32 %s sums in float64', async (op) => {
    const kernels = await create();
    for (const [seed, shape] of SHAPES.entries()) {
      const { outer, count, inner } = shape;
      const x = sample(shape, seed);
      const out = new Float32Array(outer * inner).fill(77);
      kernels.reduceF32(op, x, out, outer, count, inner);
      const expected = out.map((_, at) => REDUCTIONS[op](column(x, shape, at)));
      // float64 sums in another order differ by far less than half a step of float32: at most the rounding flips.
      const magnitude = out.map(
        (_, at) => REDUCTIONS.l1(column(x, shape, at)) + REDUCTIONS.sumSquare(column(x, shape, at)),
      );
      const bound = magnitude.map((m) => (Number.isFinite(m) ? 2 * EPSILON_F32 * m : 0));
      expect(firstDifference(out, expected, bound), JSON.stringify(shape)).toBeUndefined();
      expect(
        sameBits(
          out,
          reference((js, y) => js.reduceF32(op, x, y, outer, count, inner), out.length),
        ),
      ).toBe(true);
    }
  });

  it.each(['softmax', 'logSoftmax'] as const)('%s is close to the real one and gives the same bits', async (kind) => {
    const kernels = await create();
    for (const [seed, shape] of SHAPES.entries()) {
      const { outer, count, inner } = shape;
      const x = sample(shape, seed);
      const out = new Float32Array(x.length).fill(77);
      kernels.softmaxF32(kind, x, out, outer, count, inner);
      const expected = new Float64Array(x.length);
      const bound = new Float64Array(x.length);
      for (let at = 0; at < outer * inner; at++) {
        const values = column(x, shape, at);
        const most = Math.max(...values);
        const sum = values.reduce((a, v) => a + Math.exp(v - most), 0);
        values.forEach((v, c) => {
          const place = (Math.floor(at / inner) * count + c) * inner + (at % inner);
          const y = kind === 'softmax' ? Math.exp(v - most) / sum : v - most - Math.log(sum);
          expected[place] = y;
          // x - max is rounded before it is exponentiated: half a step of it, relative; exp, sum and quotient add 3 steps.
          // The logarithm of the sum inherits its relative error: that of exp, of rounding, and of the x - max.
          const distance = Math.abs(v - most);
          const ofSum = 4 + Math.log(count) + 2 * Math.log(sum);
          bound[place] = EPSILON_F32 * (kind === 'softmax' ? y * (distance + 6) : distance + ofSum + Math.abs(y));
        });
      }
      expect(firstDifference(out, expected, bound), JSON.stringify(shape)).toBeUndefined();
      expect(
        sameBits(
          out,
          reference((js, y) => js.softmaxF32(kind, x, y, outer, count, inner), out.length),
        ),
      ).toBe(true);
    }
  });

  it.each([true, false])(
    'normalizeRowsF32 rounds the normalized value and what follows once each (centred %s)',
    async (centred) => {
      const kernels = await create();
      for (const count of [1, 2, 3, 4, 5, 8, 13, 64]) {
        for (const rows of [0, 1, 3]) {
          const numbers = numbersOf(count * 10 + rows);
          const x = numbers.floats(rows * count).map((v) => v + 100);
          const [scale, shift] = [numbers.floats(count), numbers.floats(count)];
          for (const b of [shift, undefined]) {
            const out = new Float32Array(rows * count);
            const statistics = {
              centred,
              epsilon: 1e-5,
              mean: new Float64Array(rows),
              inverse: new Float64Array(rows),
            };
            kernels.normalizeRowsF32(x, scale, b, out, statistics);
            const expected = Float64Array.from(out, (_, at) => {
              const row = [...x.subarray(at - (at % count), at - (at % count) + count)];
              const mean = centred ? REDUCTIONS.mean(row) : 0;
              const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / count;
              const normalized = ((x[at] as number) - mean) / Math.sqrt(variance + 1e-5);
              return normalized * (scale[at % count] as number) + (b?.[at % count] ?? 0);
            });
            const bound = expected.map((e, at) => EPSILON_F32 * (3 * Math.abs(e) + 3 * Math.abs(b?.[at % count] ?? 0)));
            expect(firstDifference(out, expected, bound)).toBeUndefined();
            const same = reference(
              (js, y) =>
                js.normalizeRowsF32(x, scale, b, y, {
                  ...statistics,
                  mean: new Float64Array(rows),
                  inverse: new Float64Array(rows),
                }),
              out.length,
            );
            expect(sameBits(out, same)).toBe(true);
          }
        }
      }
    },
  );

  it('scaleChannelsF32 rounds once', async () => {
    const kernels = await create();
    for (const channels of [1, 2, 3, 4, 5, 8, 19]) {
      for (const rows of [0, 1, 2, 7]) {
        const numbers = numbersOf(channels + rows);
        const x = numbers.floats(rows * channels);
        const [factor, offset] = [0, 1].map(() => Float64Array.from(numbers.floats(channels), (v) => v / 3));
        const out = new Float32Array(x.length);
        kernels.scaleChannelsF32(x, factor as Float64Array, offset as Float64Array, out);
        const expected = x.map((v, i) => v * (factor?.[i % channels] as number) + (offset?.[i % channels] as number));
        expect(out).toEqual(expected);
      }
    }
  });
});

const js = createJsKernels();

function reference(run: (kernels: typeof js, out: Float32Array) => void, length: number): Float32Array {
  const out = new Float32Array(length);
  run(js, out);
  return out;
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((v, i) => Object.is(v, b[i]));
}
