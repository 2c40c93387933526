import { describe, expect, test } from 'vitest';
import type { Image } from '../../src/data/image.ts';
import { type PreprocessOptions, preprocess } from '../../src/data/preprocess.ts';
import { resize } from '../../src/data/resize.ts';

const row = (...x: number[]) => ({ width: x.length, height: 1, channels: 1, data: Float32Array.from(x) });
const pixels = (width: number, height: number, ...data: number[]): Image => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from(data),
});
const run = (image: Image, options: PreprocessOptions) => Array.from(preprocess(image, options, 'x.png').data);

describe('resize', () => {
  // By hand from the centres: target i lies at (i + 0.5) * source / target - 0.5.
  test.each([
    ['LINEAR', [0, 10], 4, [0, 2.5, 7.5, 10]],
    ['LINEAR', [0, 10, 20, 30], 2, [5, 25]],
    ['LINEAR', [0, 10, 20], 2, [2.5, 17.5]],
    ['NEAREST', [1, 2, 3, 4], 2, [1, 3]],
    ['NEAREST', [1, 2, 3], 2, [1, 2]],
    ['NEAREST', [1, 2, 3], 5, [1, 1, 2, 2, 3]],
    // Weights at t = 0.75: -0.03515625, 0.26171875, 0.87890625, -0.10546875; at 0.25 mirrored.
    ['CUBIC', [0, 64], 4, [-6.75, 14.5, 49.5, 70.75]],
    ['CUBIC', [0, 0, 64, 64], 2, [-6, 70]],
    ['CUBIC', [5, 5, 5], 7, [5, 5, 5, 5, 5, 5, 5]],
  ] as const)('%s of %j to %i', (method, source, width, expected) => {
    const { data } = resize(row(...source), width, 1, method);
    expect(Array.from(data, (x) => Math.round(x * 1e4) / 1e4)).toEqual(expected);
  });

  test('columns go as rows do', () => {
    const { data } = resize({ width: 1, height: 2, channels: 1, data: Float32Array.of(0, 10) }, 1, 4, 'LINEAR');
    expect(Array.from(data)).toEqual([0, 2.5, 7.5, 10]);
  });

  test('channels do not mix', () => {
    const data = Float32Array.of(0, 100, 10, 200);
    expect(Array.from(resize({ width: 2, height: 1, channels: 2, data }, 4, 1, 'LINEAR').data)).toEqual([
      0, 100, 2.5, 125, 7.5, 175, 10, 200,
    ]);
  });

  test('to the same size gives the same pixels', () => {
    const image = row(1, 2, 3);
    for (const method of ['LINEAR', 'NEAREST', 'CUBIC'] as const) expect(resize(image, 3, 1, method)).toEqual(image);
  });
});

describe('preprocessing', () => {
  const one = pixels(1, 1, 10, 20, 30); // B 10, G 20, R 30

  test('without options gives B G R floats', () => {
    expect(run(one, {})).toEqual([10, 20, 30]);
  });

  test('RGB swaps, GRAY weighs', () => {
    expect(run(one, { format: 'RGB' })).toEqual([30, 20, 10]);
    expect(run(one, { format: 'GRAY' })).toEqual([22]); // 0.114 * 10 + 0.587 * 20 + 0.299 * 30 = 21.85
    expect(run(pixels(1, 1, 255, 255, 255), { format: 'GRAY' })).toEqual([255]);
  });

  test('mean and std are in the order of the converted channels', () => {
    expect(run(one, { format: 'RGB', mean: [30, 10, 0], std: [1, 2, 4] })).toEqual([0, 5, 2.5]);
  });

  test('normalisation is x * (1 / std) + (-mean / std) in float32', () => {
    const factor = Math.fround(1 / 57.375);
    const summand = Math.fround(-127.5 / 57.375);
    const expected = Math.fround(10 * factor + summand);
    expect(run(one, { mean: [127.5, 0, 0], std: [57.375, 1, 1] })[0]).toBe(expected);
  });

  test('normalisation comes before the resize: ringing is not cut off at 0', () => {
    const image = pixels(2, 1, 0, 0, 0, 64, 64, 64);
    const options = { mean: [0, 0, 0], std: [1, 1, 1], resize: { width: 4, height: 1, method: 'CUBIC' } } as const;
    expect(run(image, options)[0]).toBeCloseTo(-6.75, 4);
  });

  test('the crop starts at floor((size - crop) / 2), after the resize', () => {
    const image = pixels(5, 2, ...Array.from({ length: 30 }, (_, i) => i));
    const { width, height, data } = preprocess(image, { centerCrop: { width: 2, height: 1 } }, 'x');
    expect([width, height, ...data]).toEqual([2, 1, 3, 4, 5, 6, 7, 8]);
  });

  test('a crop larger than the image is an error that names the file', () => {
    expect(() => preprocess(one, { centerCrop: { width: 2, height: 1 } }, 'a.png')).toThrow(
      'DAT207 a.png: the centre crop of 2 x 1 is larger than the image of 1 x 1',
    );
  });
});
