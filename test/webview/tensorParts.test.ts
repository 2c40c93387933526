import { describe, expect, test } from 'vitest';
import { Cancelled } from '../../src/protocol/rpc.ts';
import { Blocks } from '../../webview/tensor/blocks.ts';
import { colorAt, paint, type Rgb } from '../../webview/tensor/colors.ts';
import { codeText, differenceText, elementText, errorLevel, stepsText } from '../../webview/tensor/elementText.ts';
import { limitsOf } from '../../webview/tensor/maps.ts';
import {
  defaultPlane,
  indexOf,
  lyingPlane,
  mapCount,
  mapPlane,
  otherAxes,
  pageSize,
  pageWith,
  parseIndex,
  placeIn,
  placeOf,
  withAxis,
} from '../../webview/tensor/places.ts';
import { worstFirst } from '../../webview/tensor/samples.ts';
import { ScrollAxis } from '../../webview/tensor/scrollAxis.ts';

describe('the place of an element', () => {
  const dims = [2, 3, 4];

  test('and its index say the same', () => {
    for (let place = 0; place < 24; place++) expect(placeOf(indexOf(place, dims), dims)).toBe(place);
    expect(indexOf(23, dims)).toEqual([1, 2, 3]);
    expect(indexOf(0, [])).toEqual([]);
    expect(placeOf([], [])).toBe(0);
  });

  test('is on one page of any two axes', () => {
    for (const [rowAxis, columnAxis] of [
      [1, 2],
      [2, 0],
      [0, -1],
      [-1, 1],
    ] as const) {
      for (let place = 0; place < 24; place++) {
        const { plane, row, column } = pageWith(place, dims, { rowAxis, columnAxis, fixed: [0, 0, 0] });
        expect(placeIn(plane, dims, { row, column }), `${rowAxis} ${columnAxis}`).toBe(place);
      }
    }
  });

  test('can be written as an index or a place, and nothing else', () => {
    expect(parseIndex('[1, 2, 3]', dims)).toEqual([1, 2, 3]);
    expect(parseIndex(' 1 2,3 ', dims)).toEqual([1, 2, 3]);
    expect(parseIndex('23', dims)).toEqual([1, 2, 3]);
    expect(parseIndex('5', [8])).toEqual([5]);
    for (const wrong of ['', '24', '1, 2', '1, 2, 4', '-1', 'x', '1.5, 0, 0', '1, 2, 3, 0'])
      expect(parseIndex(wrong, dims), wrong).toBeUndefined();
  });
});

describe('a page', () => {
  test('has the last two long axes at first; a vector stands upright', () => {
    expect(defaultPlane([1, 64, 56, 56])).toMatchObject({ rowAxis: 2, columnAxis: 3 });
    expect(defaultPlane([1, 1000, 1, 1])).toMatchObject({ rowAxis: 1, columnAxis: -1 });
    expect(defaultPlane([2, 1, 3])).toMatchObject({ rowAxis: 0, columnAxis: 2 });
    expect(defaultPlane([])).toEqual({ rowAxis: -1, columnAxis: -1, fixed: [] });
    expect(defaultPlane([1, 1])).toMatchObject({ rowAxis: 1, columnAxis: -1 });
    expect(pageSize(defaultPlane([]), [])).toEqual({ row: 1, column: 1 });
    expect(pageSize(defaultPlane([0, 4]), [0, 4])).toEqual({ row: 0, column: 0 });
  });

  test('swaps its directions rather than have one axis twice', () => {
    const plane = defaultPlane([2, 3, 4]);
    expect(withAxis(plane, 'rowAxis', 0)).toMatchObject({ rowAxis: 0, columnAxis: 2 });
    expect(withAxis(plane, 'rowAxis', 2)).toMatchObject({ rowAxis: 2, columnAxis: 1 });
    expect(lyingPlane(defaultPlane([7]))).toMatchObject({ rowAxis: -1, columnAxis: 0 });
  });

  test('is one of the maps that the other axes count', () => {
    const dims = [2, 3, 4, 5];
    const axes = otherAxes(defaultPlane(dims), dims);
    expect(axes).toEqual([0, 1]);
    expect(mapCount(axes, dims)).toBe(6);
    expect(mapPlane(defaultPlane(dims), axes, 4, dims).fixed).toEqual([1, 1, 0, 0]);
    expect(mapCount([], dims)).toBe(1);
  });
});

describe('numbers as text', () => {
  const look = { notation: 'plain', digits: 5, hexCodes: false } as const;

  test('have so many digits, and an exponent only where they are long', () => {
    expect([0, -1.5, 0.123456, 123456, 1e-7, 3e12].map((x) => elementText(x, look))).toEqual([
      '0',
      '−1.5',
      '0.12346',
      '123460',
      '1e−7',
      '3e+12',
    ]);
    expect([NaN, Infinity, -Infinity].map((x) => elementText(x, look))).toEqual(['NaN', '∞', '−∞']);
    expect(elementText(-0.00012, { ...look, notation: 'scientific' })).toBe('−1.2000e−4');
    expect([0.25, -0.25, 0].map((x) => differenceText(x, look))).toEqual(['+0.25', '−0.25', '0']);
  });

  test('fit into their cells', () => {
    for (const digits of [3, 5, 9]) {
      for (const x of [-1 / 3, -1e9 / 7, -1e-3 / 3, -0.001234567891, 123456789.5, -1e38 / 3, -1.17e-38]) {
        expect(differenceText(x, { ...look, digits }).length, `${x}`).toBeLessThanOrEqual(digits + 6);
        expect(elementText(x, { ...look, digits, notation: 'scientific' }).length).toBeLessThanOrEqual(digits + 6);
      }
    }
  });

  test('of codes may be their bits', () => {
    expect(codeText(-3, 'int8', look)).toBe('−3');
    expect(codeText(-3, 'int8', { ...look, hexCodes: true })).toBe('0xfd');
    expect(codeText(5, 'uint4', { ...look, hexCodes: true })).toBe('0x5');
    expect(codeText(-1, 'int16', { ...look, hexCodes: true })).toBe('0xffff');
  });

  test('of errors are steps of the codes, and levels by steps or shares', () => {
    expect([stepsText(0.1, 0.5), stepsText(-60, 0.5), stepsText(Infinity, 1)]).toEqual([
      '0.2 steps',
      '120 steps',
      '∞ steps',
    ]);
    const steps = { scale: 0.5, largest: 9 };
    expect([0, 0.25, 0.5, -1, 2, 2.1, Infinity, NaN].map((d) => errorLevel(d, steps))).toEqual([
      null,
      0,
      1,
      2,
      3,
      4,
      4,
      4,
    ]);
    const shares = { scale: null, largest: 8 };
    expect([0.5, 1, 2, 4, 8].map((d) => errorLevel(d, shares))).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('blocks', () => {
  /** Loads that a test ends by hand. */
  function deferred() {
    const asked: { key: string; done: (value: string) => void; aborted: () => boolean }[] = [];
    const errors: unknown[] = [];
    let loads = 0;
    const blocks = new Blocks<string>({
      load: (key, signal) =>
        new Promise((done, reject) => {
          asked.push({ key, done, aborted: () => signal.aborted });
          signal.addEventListener('abort', () => reject(new Cancelled()));
        }),
      most: 3,
      onLoad: () => loads++,
      onError: (cause) => errors.push(cause),
    });
    return { blocks, asked, errors, loads: () => loads };
  }
  const settle = () => new Promise((done) => setTimeout(done, 0));

  test('come in the order they are wanted, a few at a time', async () => {
    const { blocks, asked, loads } = deferred();
    blocks.want(['a', 'b', 'c', 'd']);
    expect(asked.map((a) => a.key)).toEqual(['a', 'b', 'c']);
    asked[0]?.done('A');
    await settle();
    expect(asked.map((a) => a.key)).toEqual(['a', 'b', 'c', 'd']);
    expect([blocks.get('a'), blocks.get('b'), loads(), blocks.isComplete]).toEqual(['A', undefined, 1, false]);
  });

  test('that are no longer wanted are cancelled, without an error', async () => {
    const { blocks, asked, errors } = deferred();
    blocks.want(['a', 'b']);
    blocks.want(['b', 'c']);
    await settle();
    expect(asked.map((a) => [a.key, a.aborted()])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
    expect(errors).toEqual([]);
  });

  test('are kept up to a bound, those in sight in any case', async () => {
    const { blocks, asked } = deferred();
    for (const key of ['a', 'b', 'c', 'd']) {
      blocks.want([key]);
      asked.at(-1)?.done(key);
      await settle();
    }
    expect(['a', 'b', 'c', 'd'].map((key) => blocks.get(key))).toEqual([undefined, 'b', 'c', 'd']);
    blocks.want(['b', 'c', 'd', 'e', 'f']);
    for (const late of asked.slice(4)) late.done(late.key);
    await settle();
    expect(['b', 'c', 'd', 'e', 'f'].every((key) => blocks.get(key) === key)).toBe(true);
  });

  test('that fail are told of once and not asked for again', async () => {
    const errors: unknown[] = [];
    let loads = 0;
    const blocks = new Blocks<string>({
      load: async () => {
        loads++;
        throw new Error('no');
      },
      most: 3,
      onLoad: () => {},
      onError: (cause) => errors.push(cause),
    });
    blocks.want(['a']);
    await settle();
    blocks.want(['a']);
    await settle();
    expect([loads, errors.length, blocks.isComplete]).toEqual([1, 1, true]);
  });
});

describe('a direction to scroll in', () => {
  test('is as long as its page where a browser can scroll that far', () => {
    const axis = new ScrollAxis();
    axis.resize(1000, 300);
    expect([axis.room, axis.isScaled]).toEqual([700, false]);
    axis.follow(350);
    expect(axis.position).toBe(350);
    axis.reveal(0, 20);
    expect(axis.position).toBe(0);
    axis.show(500, 520);
    expect([axis.position, axis.bar]).toEqual([360, 360]);
    axis.moveTo(5000);
    expect(axis.position).toBe(700);
  });

  test('reaches both ends and every row of two billion pixels', () => {
    const axis = new ScrollAxis();
    axis.resize(2e9, 400);
    expect([axis.room, axis.isScaled]).toEqual([8_000_000, true]);
    axis.follow(axis.room);
    expect(axis.position).toBe(axis.most);
    axis.reveal(123_456_780, 123_456_800);
    expect(axis.position).toBe(123_456_780);
    axis.follow(Math.round(axis.bar)); // the browser says where it put the bar, in whole pixels
    expect(axis.position).toBe(123_456_780);
  });

  test('has nowhere to go where all is seen', () => {
    const axis = new ScrollAxis();
    axis.resize(100, 300);
    axis.moveTo(50);
    expect([axis.position, axis.room, axis.bar]).toEqual([0, 0, 0]);
  });
});

describe('colours', () => {
  const stops: readonly Rgb[] = [
    [0, 0, 0],
    [100, 0, 0],
    [100, 200, 0],
  ];

  test('lie between the stops of a scale, and end with it', () => {
    expect([-1, 0, 0.25, 0.5, 0.75, 1, 2].map((share) => colorAt(stops, share))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [50, 0, 0],
      [100, 0, 0],
      [100, 100, 0],
      [100, 200, 0],
      [100, 200, 0],
    ]);
  });

  test('paint numbers, and what is none in a colour of its own', () => {
    const out = new Uint8ClampedArray(16);
    paint(Float32Array.of(-1, 1, NaN, 5), { low: -1, high: 1, stops, notFinite: [1, 2, 3] }, out);
    expect([...out]).toEqual([0, 0, 0, 255, 100, 200, 0, 255, 1, 2, 3, 255, 100, 200, 0, 255]);
  });

  test('span both sides alike, and differences as far down as up', () => {
    const limits = { float: [-1, 2], dequantized: [-2, 1], difference: [-0.5, 0.1] } as const;
    expect(limitsOf('float', limits)).toEqual([-2, 2]);
    expect(limitsOf('dequantized', limits)).toEqual([-2, 2]);
    expect(limitsOf('difference', limits)).toEqual([-0.5, 0.5]);
    expect(limitsOf('float', { float: null })).toBeNull();
  });
});

test('samples are listed by falling error, those not measured last', () => {
  const names = ['a', 'b', 'c', 'd'];
  const rmse = Float64Array.of(0.1, NaN, 0.3, 0.1);
  expect(worstFirst({ names, rmse, cosine: rmse })).toEqual([2, 0, 3, 1]);
  expect(worstFirst(null)).toEqual([]);
});
