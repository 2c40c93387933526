import { describe, expect, test } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import type { QuantParams } from '../../src/base/quantParams.ts';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf, stridesOf } from '../../src/base/shape.ts';
import { readNpy } from '../../src/data/npy.ts';
import { shortestFloat32 } from '../../src/protocol/floatText.ts';
import type { PictureSide, WorstBy } from '../../src/protocol/tensorViews.ts';
import { measure } from '../../src/session/tensorData/head.ts';
import { type PictureParts, pictureOf } from '../../src/session/tensorData/picture.ts';
import { type Page, pageOf } from '../../src/session/tensorData/plane.ts';
import { distance, type ShownTensor } from '../../src/session/tensorData/shownTensor.ts';
import { sliceOf } from '../../src/session/tensorData/slice.ts';
import { csvOf, npyOf } from '../../src/session/tensorData/tensorFile.ts';
import { worstPlaces } from '../../src/session/tensorData/worst.ts';

function shownOf(dims: readonly number[], float: readonly number[], dequantized?: readonly number[]): ShownTensor {
  return {
    dtype: 'float32',
    dims,
    float: Float32Array.from(float),
    dequantized: dequantized && Float32Array.from(dequantized),
    codes: undefined,
    params: undefined,
  };
}

/** Element i is i. */
function counting(dims: readonly number[]): ShownTensor {
  return shownOf(
    dims,
    Array.from({ length: sizeOf(dims) }, (_, i) => i),
  );
}

function pageIn(shown: ShownTensor, rowAxis: number, columnAxis: number, fixed?: readonly number[]): Page {
  const page = pageOf(shown.dims, { rowAxis, columnAxis, fixed: fixed ?? shown.dims.map(() => 0) });
  if (page === undefined) throw new Error('no such page');
  return page;
}

function all(shown: ShownTensor, page: Page): number[] {
  return Array.from(
    sliceOf(shown, page, [
      [0, page.rows],
      [0, page.columns],
    ]).float,
  );
}

const CODED: QuantParams = {
  scheme: {
    ...{ dtype: 'int8', mapping: 'symmetric', qmin: -127, qmax: 127 },
    granularity: { kind: 'perChannel', axis: 1 },
  },
  scale: Float32Array.of(0.5, 0.25),
  zeroPoint: Int32Array.of(0, 0),
};

/** Dims [1, 2, 2]: scale 0.5 in the first channel, 0.25 in the second. */
const coded: ShownTensor = {
  dtype: 'float32',
  dims: [1, 2, 2],
  float: Float32Array.of(1, 1.2, 3, 0.1),
  dequantized: Float32Array.of(1, 1, 2.5, 0),
  codes: Int8Array.of(2, 2, 10, 0),
  params: CODED,
};

describe('a page of a tensor', () => {
  test('has any two axes for rows and columns, the others at their index', () => {
    const shown = counting([2, 3, 4, 5]);
    const [a, b, c, d] = stridesOf(shown.dims) as [number, number, number, number];
    expect(all(shown, pageIn(shown, 2, 3, [1, 2, -1, -1])).slice(0, 6)).toEqual([a + 2 * b, 101, 102, 103, 104, 105]);
    expect(all(shown, pageIn(shown, 3, 0, [-1, 1, 2, -1])).slice(0, 4)).toEqual([
      b + 2 * c,
      a + b + 2 * c,
      b + 2 * c + d,
      a + b + 2 * c + d,
    ]);
  });

  test('of a scalar, a vector and nothing is one element, one row or column, and no element', () => {
    expect(all(counting([]), pageIn(counting([]), -1, -1))).toEqual([0]);
    expect(all(counting([3]), pageIn(counting([3]), 0, -1))).toEqual([0, 1, 2]);
    expect(pageIn(counting([3]), -1, 0)).toMatchObject({ rows: 1, columns: 3 });
    expect(pageIn(counting([2, 0, 3]), 0, 2)).toMatchObject({ rows: 0, columns: 0 });
    expect(all(counting([1, 1]), pageIn(counting([1, 1]), 0, 1))).toEqual([0]);
  });

  test('is none where axes or indices are not of the tensor', () => {
    const fixed = [0, 0, 0];
    for (const plane of [
      { rowAxis: 0, columnAxis: 0, fixed },
      { rowAxis: 3, columnAxis: 0, fixed },
      { rowAxis: -2, columnAxis: 0, fixed },
      { rowAxis: 0.5, columnAxis: 0, fixed },
      { rowAxis: 0, columnAxis: 1, fixed: [0, 0] },
      { rowAxis: 0, columnAxis: 1, fixed: [0, 0, 4] },
      { rowAxis: 0, columnAxis: 1, fixed: [0, 0, -1] },
    ])
      expect(pageOf([2, 3, 4], plane), JSON.stringify(plane)).toBeUndefined();
  });

  test('gives the part that is on screen, every side of it, with the scale of each element', () => {
    const slice = sliceOf(coded, pageIn(coded, 1, 2), [
      [1, 2],
      [0, 2],
    ]);
    expect(slice).toEqual({
      rows: [1, 2],
      columns: [0, 2],
      float: Float32Array.of(3, 0.1),
      dequantized: Float32Array.of(2.5, 0),
      codes: Int32Array.of(10, 0),
      scale: Float32Array.of(0.25, 0.25),
    });
  });

  test('keeps integers that float32 does not hold', () => {
    const big = { ...counting([2]), dtype: 'int64', float: BigInt64Array.of(2n ** 40n + 1n, -1n) } as const;
    expect(all(big, pageIn(big, 0, -1))).toEqual([2 ** 40 + 1, -1]);
  });
});

describe('the worst elements', () => {
  const find = (shown: ShownTensor, by: WorstBy, most = 100) =>
    Array.from(worstPlaces(shown, { by, most, signal: NEVER }) ?? []);

  test('are by absolute error, by error to value, or by error in steps', () => {
    expect(find(coded, 'absolute')).toEqual([2, 1, 3]);
    expect(find(coded, 'relative')).toEqual([3, 1, 2]);
    expect(find(coded, 'scale')).toEqual([2, 1, 3]);
  });

  test('are those that sorting all of them gives, for any number of them', () => {
    const random = seededRandom(5);
    const float = Array.from({ length: 500 }, () => random.below(9) - 4);
    const shown = shownOf(
      [500],
      float,
      float.map((x) => x + (random.below(7) - 3) / 4),
    );
    const errors = float.map((x, i) => distance(x, shown.dequantized?.[i] ?? 0));
    const wrong = errors.flatMap((e, i) => (e > 0 ? [i] : []));
    const relative = (i: number) => (errors[i] as number) / Math.abs(float[i] as number);
    const byPlace = (a: number, b: number) => (errors[b] as number) - (errors[a] as number) || a - b;
    const absolute = [...wrong].sort(byPlace);
    const toValue = [...wrong].sort((a, b) =>
      relative(a) === relative(b) ? byPlace(a, b) : relative(b) - relative(a),
    );
    expect(wrong.length).toBeGreaterThan(300);
    for (const most of [0, 1, 2, 7, 100, 1000]) {
      expect(find(shown, 'absolute', most), String(most)).toEqual(absolute.slice(0, most));
      expect(find(shown, 'relative', most), String(most)).toEqual(toValue.slice(0, most));
    }
  });

  test('begin with what became NaN or infinite; the same NaN or infinity is no error', () => {
    const shown = shownOf(
      [5],
      [1, Number.NaN, Number.POSITIVE_INFINITY, 2, 0],
      [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NaN, 0],
    );
    expect(find(shown, 'absolute')).toEqual([3, 0]);
    expect(find(shown, 'relative')).toEqual([3, 0]);
  });

  test('are none of an empty tensor, and unknown of one that nothing stands for or without a scale', () => {
    expect(find(shownOf([0], [], []), 'absolute')).toEqual([]);
    expect(worstPlaces(counting([3]), { by: 'absolute', most: 5, signal: NEVER })).toBeUndefined();
    expect(worstPlaces(shownOf([1], [1], [2]), { by: 'scale', most: 5, signal: NEVER })).toBeUndefined();
  });

  test('are not looked for any longer once that is cancelled', () => {
    expect(() => worstPlaces(coded, { by: 'absolute', most: 5, signal: { aborted: true } })).toThrow('cancelled');
  });
});

describe('a picture of maps', () => {
  const draw = (shown: ShownTensor, side: PictureSide, parts: Omit<PictureParts, 'side' | 'signal'>) =>
    pictureOf(shown, { ...parts, side, signal: NEVER });

  test('has the planes that its axes count, the last fastest', () => {
    const shown = counting([2, 3, 2, 2]);
    const page = pageIn(shown, 2, 3);
    const picture = draw(shown, 'float', { page, maps: [0, 1], span: [2, 4], most: [9, 9] });
    expect(picture).toMatchObject({ span: [2, 4], height: 2, width: 2 });
    expect(Array.from(picture.tiles)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect(Array.from(picture.limits)).toEqual([8, 11, 12, 15]);
    const other = draw(shown, 'float', { page, maps: [1, 0], span: [1, 2], most: [9, 9] });
    expect(Array.from(other.tiles)).toEqual([12, 13, 14, 15]);
  });

  test('that is larger than the screen has means, and of the difference what is farthest from 0', () => {
    const shown = shownOf([2, 4], [1, 3, 5, 7, 1, 3, 5, 7], [1, 2.5, 5, 7, 1, 3, 9, 7]);
    const request = { page: pageIn(shown, 0, 1), maps: [], span: [0, 1], most: [1, 2] } as const;
    expect(Array.from(draw(shown, 'float', request).tiles)).toEqual([2, 6]);
    expect(Array.from(draw(shown, 'dequantized', request).tiles)).toEqual([1.875, 7]);
    expect(Array.from(draw(shown, 'difference', request).tiles)).toEqual([-0.5, 4]);
    expect(Array.from(draw(shown, 'difference', request).limits)).toEqual([-0.5, 4]);
  });

  test('covers every element once where pixels do not divide them', () => {
    const shown = counting([7, 5]);
    const picture = draw(shown, 'float', { page: pageIn(shown, 0, 1), maps: [], span: [0, 1], most: [3, 2] });
    expect(Array.from(picture.limits)).toEqual([0, 34]);
    const areas = [2 * 2, 2 * 3, 2 * 2, 2 * 3, 3 * 2, 3 * 3];
    const sum = Array.from(picture.tiles).reduce((total, mean, i) => total + mean * (areas[i] as number), 0);
    expect(sum).toBeCloseTo((34 * 35) / 2, 3); // float32 means of up to 9 integers below 35
  });

  test('passes over what is not finite, but not over an element that became so', () => {
    const shown = shownOf([1, 2], [Number.NaN, 1], [1, Number.NaN]);
    const request = { page: pageIn(shown, 0, 1), maps: [], span: [0, 1], most: [1, 2] } as const;
    expect(Array.from(draw(shown, 'float', request).tiles)).toEqual([Number.NaN, 1]);
    expect(Array.from(draw(shown, 'difference', request).tiles)).toEqual([Infinity, Infinity]);
    expect(Array.from(draw(shown, 'difference', request).limits)).toEqual([Number.NaN, Number.NaN]);
  });
});

test('what is said of a tensor are the limits of its sides, its error and its codes', () => {
  expect(measure(coded, NEVER)).toMatchObject({
    elements: 4,
    sides: ['float', 'dequantized', 'difference', 'codes'],
    limits: { float: [Math.fround(0.1), 3], dequantized: [0, 2.5], codes: [0, 10] },
    error: { largest: 0.5, different: 3 },
    quant: { dtype: 'int8', scale: [0.25, 0.5], zeroPoint: [0, 0], axis: 1, channels: 2 },
  });
  const odd = measure(shownOf([3], [Number.NaN, 1, Number.NEGATIVE_INFINITY], [Number.NaN, 2, 0]), NEVER);
  expect(odd).toMatchObject({ notFinite: 2, limits: { float: [1, 1], codes: null } });
  expect(odd.error).toEqual({ largest: Number.POSITIVE_INFINITY, rmse: Math.SQRT1_2, different: 2 });
  expect(measure(shownOf([0], [], []), NEVER)).toMatchObject({
    elements: 0,
    limits: { float: null },
    error: { rmse: 0 },
  });
});

describe('a file of elements', () => {
  const text = async (shown: ShownTensor, side: 'float' | 'difference' | 'codes', page: Page) => {
    const parts: Uint8Array[] = [];
    for await (const part of csvOf(shown, side, page)) parts.push(part);
    return parts.map((p) => new TextDecoder().decode(p)).join('');
  };

  test('as CSV has a line per row, in digits that read as the same numbers', async () => {
    expect(await text(coded, 'float', pageIn(coded, 1, 2))).toBe('1,1.2\n3,0.1\n');
    expect(await text(coded, 'difference', pageIn(coded, 1, 2))).toBe('0,-0.20000005\n-0.5,-0.1\n');
    expect(await text(coded, 'codes', pageIn(coded, 1, 2))).toBe('2,2\n10,0\n');
    const long = counting([600, 2]);
    expect((await text(long, 'float', pageIn(long, 0, 1))).trimEnd().split('\n')).toHaveLength(600);
  });

  test('as NumPy array has the dims of the tensor, or those of the page', () => {
    const whole = readNpy(npyOf(coded, 'codes', undefined), 'a.npy');
    expect(whole).toEqual({ dtype: 'int8', dims: [1, 2, 2], data: coded.codes });
    const page = readNpy(npyOf(coded, 'dequantized', pageIn(coded, 2, 1)), 'a.npy');
    expect(page).toEqual({ dtype: 'float32', dims: [2, 2], data: Float32Array.of(1, 2.5, 1, 0) });
  });

  test('has the shortest digits of every float32', () => {
    const random = seededRandom(3);
    const bits = new DataView(new ArrayBuffer(4));
    for (let i = 0; i < 5000; i++) {
      bits.setUint32(0, Math.floor(random.next() * 2 ** 32));
      const x = bits.getFloat32(0);
      if (!Number.isFinite(x)) continue;
      expect(Math.fround(Number(shortestFloat32(x)))).toBe(x);
    }
    expect([0.1, 16777216, 1e-45, 3.4028234663852886e38].map((x) => shortestFloat32(Math.fround(x)))).toEqual([
      '0.1',
      '16777216',
      '1.4013e-45',
      '3.4028235e+38',
    ]);
  });
});
