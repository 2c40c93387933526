import { describe, expect, it } from 'vitest';
import { newArray } from '../../src/base/dtype.ts';
import { roundToBfloat16, roundToFloat16 } from '../../src/base/half.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type {
  BroadcastLevel,
  BroadcastOp,
  Cells,
  Comparison,
  Conversion,
  ConvertibleArray,
} from '../../src/kernels/kernelSet.ts';
import { EPSILON_F32, firstDifference, numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const OPS: Readonly<Record<BroadcastOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  prelu: (a, b) => (a < 0 ? a * b : a),
};
const TESTS: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  equal: (a, b) => a === b,
  less: (a, b) => a < b,
  lessOrEqual: (a, b) => a <= b,
};

/** Sizes of up to three loops and which operands move in each. */
function loops(): readonly (readonly BroadcastLevel[])[] {
  const moves = [
    [1, 1],
    [1, 0],
    [0, 1],
    [0, 0],
  ] as const;
  const sizes = [[1], [3], [4], [9], [40], [2, 5], [7, 1], [3, 16], [0, 4], [2, 3, 5], [4, 2, 17]];
  return sizes.flatMap((list) =>
    moves.flatMap((last) =>
      moves.map((first) => {
        let [stepA, stepB] = [1, 1];
        const levels: BroadcastLevel[] = [];
        for (let i = list.length - 1; i >= 0; i--) {
          const [size, [a, b]] = [list[i] as number, i === list.length - 1 ? last : first];
          levels.unshift({ size, a: a * stepA, b: b * stepB });
          if (a) stepA *= size;
          if (b) stepB *= size;
        }
        return levels;
      }),
    ),
  );
}

function extent(levels: readonly BroadcastLevel[], of: 'a' | 'b'): number {
  return levels.reduce((sum, level) => sum + Math.max(0, level.size - 1) * level[of], 1);
}

function expectedOf<T>(levels: readonly BroadcastLevel[], f: (ia: number, ib: number) => T): T[] {
  let places: [number, number][] = [[0, 0]];
  for (const { size, a, b } of levels) {
    places = places.flatMap(([ia, ib]) =>
      Array.from({ length: size }, (_, i): [number, number] => [ia + i * a, ib + i * b]),
    );
  }
  return places.map(([ia, ib]) => f(ia, ib));
}

describe.each(ENGINES)('operands that broadcast ($name)', ({ create }) => {
  it.each(Object.keys(OPS) as BroadcastOp[])('broadcastF32 %s walks any loops and passes NaN', async (op) => {
    const kernels = await create();
    for (const [seed, levels] of loops().entries()) {
      const numbers = numbersOf(seed);
      const [a, b] = [numbers.floats(extent(levels, 'a')), numbers.floats(extent(levels, 'b'))];
      if (seed % 3 === 0) a[0] = NaN;
      if (seed % 5 === 0) b[0] = 0;
      const expected = Float32Array.from(expectedOf(levels, (ia, ib) => OPS[op](a[ia] as number, b[ib] as number)));
      const out = new Float32Array(expected.length).fill(77);
      kernels.broadcastF32(op, a, b, out, levels);
      expect(firstDifference(out, expected), JSON.stringify(levels)).toBeUndefined();
    }
  });

  it.each(Object.keys(TESTS) as Comparison[])('compare %s holds of no NaN, and takes int32', async (op) => {
    const kernels = await create();
    for (const [seed, levels] of loops().entries()) {
      const numbers = numbersOf(seed);
      const [sizeA, sizeB] = [extent(levels, 'a'), extent(levels, 'b')];
      const [a, b] = [numbers.int32(sizeA, 2), numbers.int32(sizeB, 2)];
      const [x, y] = [Float32Array.from(a), Float32Array.from(b)];
      if (seed % 2 === 0) x[0] = NaN;
      const [ints, floats] = [
        expectedOf(levels, (ia, ib) => Number(TESTS[op](a[ia] as number, b[ib] as number))),
        expectedOf(levels, (ia, ib) => Number(TESTS[op](x[ia] as number, y[ib] as number))),
      ];
      const out = new Uint8Array(ints.length);
      kernels.compare(op, a, b, out, levels);
      expect([...out]).toEqual(ints);
      kernels.compare(op, x, y, out, levels);
      expect([...out]).toEqual(floats);
    }
  });

  it.each(['uint8', 'uint16', 'uint32', 'uint64'] as const)('whereCells chooses cells of %s', async (dtype) => {
    const kernels = await create();
    for (let length = 0; length < 40; length++) {
      const [x, y, out] = [0, 1, 2].map(() => newArray(dtype, length) as Cells) as [Cells, Cells, Cells];
      const condition = Uint8Array.from({ length }, (_, i) => (i * 7) % 3);
      for (let i = 0; i < length; i++) {
        x[i] = (dtype === 'uint64' ? BigInt(i) : i) as never;
        y[i] = (dtype === 'uint64' ? BigInt(i + 100) : i + 100) as never;
      }
      kernels.whereCells(condition, x, y, out);
      expect(Array.from(out, Number)).toEqual(Array.from(condition, (c, i) => (c ? i : i + 100)));
    }
  });

  it.each([
    ['u8 to f32', Uint8Array.of(0, 1, 200, 255, 7), Float32Array.of(0, 1, 200, 255, 7)],
    ['i8 to f32', Int8Array.of(0, 1, -128, 127, -7), Float32Array.of(0, 1, -128, 127, -7)],
    [
      'i32 to f32',
      Int32Array.of(0, -(2 ** 31), 16777217, 16777219, 5),
      Float32Array.of(0, -(2 ** 31), 16777216, 16777220, 5),
    ],
    ['i64 to f32', BigInt64Array.of(0n, -5n, 2n ** 62n, 16777217n), Float32Array.of(0, -5, 2 ** 62, 16777216)],
    ['f32 to bool', Float32Array.of(0, -0, NaN, 0.5, -3, Infinity), Uint8Array.of(0, 0, 1, 1, 1, 1)],
    [
      'f32 to i32',
      Float32Array.of(1.9, -1.9, NaN, Infinity, 2 ** 31, 2 ** 32 + 2 ** 12, -(2 ** 63), 2 ** 63),
      Int32Array.of(1, -1, 0, 0, -(2 ** 31), 4096, 0, 0),
    ],
    ['i64 to i32', BigInt64Array.of(-1n, 2n ** 31n, 2n ** 32n + 5n), Int32Array.of(-1, -(2 ** 31), 5)],
    ['i32 to i64', Int32Array.of(-1, 2 ** 30, 0), BigInt64Array.of(-1n, 2n ** 30n, 0n)],
    ['u8 to i32', Uint8Array.of(0, 255, 3), Int32Array.of(0, 255, 3)],
    ['u8 to i64', Uint8Array.of(0, 255, 3), BigInt64Array.of(0n, 255n, 3n)],
  ] as [Conversion, ConvertibleArray, ConvertibleArray][])('convert %s', async (kind, x, expected) => {
    const kernels = await create();
    const out = expected.slice() as ConvertibleArray;
    out.fill((typeof expected[0] === 'bigint' ? 1n : 1) as never); // of its own kind
    kernels.convert(kind, x, out);
    expect(out).toEqual(expected);
  });

  it.each(['float16', 'bfloat16'] as const)('roundTo %s gives the nearest of any value', async (type) => {
    const { memory, roundTo } = await create();
    const round = type === 'float16' ? roundToFloat16 : roundToBfloat16;
    const patterns = Uint32Array.from({ length: 100_003 }, (_, i) => i * 42_949);
    const ties = [
      2 ** -24,
      2 ** -25,
      3 * 2 ** -25,
      65504,
      65519.996,
      65520,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      -0,
      1 + 2 ** -8,
    ];
    const x = memory.allocate('float32', patterns.length + ties.length);
    x.set(new Float32Array(patterns.buffer));
    x.set(ties, patterns.length);
    const expected = x.map(round);
    roundTo(type, x);
    const wrong = expected.findIndex((e, i) => !Object.is(e, x[i]));
    expect(wrong < 0 ? undefined : `${x[wrong]}, expected ${expected[wrong]}`).toBeUndefined();
    for (let length = 0; length < 9; length++) {
      const few = memory.allocate('float32', 9).fill(1 / 3);
      roundTo(type, few.subarray(0, length));
      expect([...few]).toEqual(Array.from(few, (_, i) => (i < length ? round(1 / 3) : Math.fround(1 / 3))));
    }
  });

  it('resampleF32 adds a rounding per tap, and gives the same bits', async () => {
    const kernels = await create();
    const js = createJsKernels();
    for (const [seed, inner] of [1, 2, 3, 4, 5, 8, 19].entries()) {
      for (const count of [1, 2, 4]) {
        const numbers = numbersOf(seed * 7 + count);
        const shape = { outer: 2, size: 6, inner, length: 9 };
        const x = numbers.floats(shape.outer * shape.size * inner);
        const index = Int32Array.from({ length: 9 * count }, () => numbers.within(0, 5));
        const taps = { count, index, weight: numbers.floats(9 * count) };
        const [out, same] = [0, 1].map(() => new Float32Array(2 * 9 * inner)) as [Float32Array, Float32Array];
        kernels.resampleF32(x, out, shape, taps);
        js.resampleF32(x, same, shape, taps);
        expect(out).toEqual(same);
        const bound = new Float64Array(out.length);
        const expected = Float64Array.from(out, (_, at) => {
          const [o, p, i] = [Math.floor(at / (9 * inner)), Math.floor(at / inner) % 9, at % inner];
          const terms = Array.from({ length: count }, (_t, k) => {
            const row = o * 6 + (index[p * count + k] as number);
            return (x[row * inner + i] as number) * (taps.weight[p * count + k] as number);
          });
          bound[at] = count * EPSILON_F32 * 1.0001 * terms.reduce((sum, t) => sum + Math.abs(t), 0);
          return terms.reduce((sum, t) => sum + t, 0);
        });
        expect(firstDifference(out, expected, bound)).toBeUndefined();
      }
    }
  });
});
