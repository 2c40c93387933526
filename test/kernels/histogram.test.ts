import { describe, expect, it } from 'vitest';
import { floatOfKey, keyOfFloat } from '../../src/base/floatKeys.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KeyDigit, UniformBins } from '../../src/kernels/kernelSet.ts';
import { firstDifference, numbersOf } from '../suites/numbers.ts';
import { ENGINES } from './engines.ts';

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 63, 64, 65, 511, 70_003];
const STRANGE = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  2 ** -52,
  -(2 ** -52),
  2 ** -51,
  3.4e38,
  -3.4e38,
  1e-45,
  -1e-45,
];

const KINDS: Readonly<Record<string, (v: number, i: number) => number>> = {
  normal: (v) => v,
  rectified: (v) => Math.max(0, v),
  zero: () => 0,
  constant: () => -2.5,
  strange: (v, i) => (i % 3 === 0 ? (STRANGE[(i / 3) % STRANGE.length] as number) : v),
};

const BINS: readonly UniformBins[] = [
  { of: 'magnitudes', origin: 0, step: Math.fround(0.0021) },
  { of: 'values', origin: Math.fround(-3.1), step: Math.fround(0.003) },
  { of: 'values', origin: 1, step: Math.fround(1e-3) },
];

const DIGITS: readonly KeyDigit[] = [
  { shift: 18, bits: 14, prefix: 0 },
  { shift: 4, bits: 14, prefix: keyOfFloat(0.7) >>> 18 },
  { shift: 4, bits: 14, prefix: keyOfFloat(0) >>> 18 },
  { shift: 16, bits: 16, prefix: 0 },
  { shift: 0, bits: 16, prefix: keyOfFloat(-2.5) >>> 16 },
];

describe.each(ENGINES)('histograms ($name)', ({ create }) => {
  it('histogramF32 adds to what is there, and counts as the reference does', async () => {
    const kernels = await create();
    const reference = createJsKernels();
    for (const [kind, change] of Object.entries(KINDS))
      for (const length of LENGTHS)
        for (const bins of BINS) {
          const x = numbersOf(length).floats(length).map(change);
          const [found, expected] = [new Float64Array(2048).fill(3), new Float64Array(2048).fill(3)];
          kernels.histogramF32(x, bins, found);
          reference.histogramF32(x, bins, expected);
          expect(firstDifference(found, expected), `${kind} ${length} ${JSON.stringify(bins)}`).toBeUndefined();
        }
  });

  it('histogramF32 puts borders where float32 division puts them, and strays into the outer bins', async () => {
    const kernels = await create();
    const counts = new Float64Array(4);
    const x = Float32Array.of(1, 1.9999, 2, 5, -7, 100, Number.NaN, Infinity, 0, 2 ** -52);
    kernels.histogramF32(x, { of: 'values', origin: 1, step: 1 }, counts);
    expect([...counts]).toEqual([3, 1, 0, 2]);
    kernels.histogramF32(x, { of: 'magnitudes', origin: 0, step: 2 }, counts.fill(0));
    expect([...counts]).toEqual([2, 1, 1, 2]);
  });

  it('histogramKeysF32 counts the digits of the keys, of finite elements only', async () => {
    const kernels = await create();
    for (const [kind, change] of Object.entries(KINDS))
      for (const length of LENGTHS)
        for (const digit of DIGITS) {
          const x = numbersOf(length).floats(length).map(change);
          const found = new Float64Array(2 ** digit.bits);
          kernels.histogramKeysF32(x, digit, found);
          const expected = new Float64Array(2 ** digit.bits);
          for (const v of x.filter(Number.isFinite)) {
            const key = BigInt(keyOfFloat(v));
            if (key >> BigInt(digit.shift + digit.bits) !== BigInt(digit.prefix)) continue;
            const bin = Number((key >> BigInt(digit.shift)) & BigInt(2 ** digit.bits - 1));
            expected[bin] = (expected[bin] as number) + 1;
          }
          expect(firstDifference(found, expected), `${kind} ${length} ${JSON.stringify(digit)}`).toBeUndefined();
        }
  });
});

it('keys ascend with their floats, of which zeros share one', () => {
  const floats = [-Infinity, -3.4e38, -1, -1e-45, 0, 1e-45, 2 ** -126, 0.5, 1, 3.4e38, Infinity].map(Math.fround);
  const keys = floats.map(keyOfFloat);
  expect(keys).toEqual([...keys].sort((a, b) => a - b));
  expect(new Set(keys).size).toBe(floats.length);
  expect(keys.map(floatOfKey)).toEqual(floats);
  expect(keyOfFloat(-0)).toBe(keyOfFloat(0));
});
