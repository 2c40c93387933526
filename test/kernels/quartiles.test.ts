import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { wasmKernels } from './engines.ts';

const LENGTHS = [8192, 8193, 20_000, 131_075, 400_003];

/** How numbers can lie so that a sample of them misleads, or bins of equal width do. */
const KINDS: Readonly<Record<string, (i: number, normal: () => number, length: number) => number>> = {
  normal: (_, normal) => normal(),
  rectified: (_, normal) => Math.max(0, normal()),
  'rectified to 6': (_, normal) => Math.min(6, Math.max(0, 8 * normal())),
  constant: () => -2.5,
  'two values': (i) => (i % 3 === 0 ? 1 : -1),
  'zeros of both signs': (i) => (i % 2 === 0 ? 0 : -0),
  'seven values': (i) => ((i * 31) % 7) / 3,
  codes: (_, normal) => Math.round(20 * normal()) / 20,
  ascending: (i) => i,
  descending: (i) => -i / 7,
  'a wide tail': (_, normal) => normal() ** 9,
  'tiny numbers': (_, normal) => normal() * 1e-42,
  'huge numbers': (_, normal) => normal() * 1e37,
  'a step in the middle': (i, normal, length) => (i < length / 2 ? -1e30 : 1e30) * (1 + 1e-6 * normal()),
  'one that is not finite': (i, normal) => (i === 5000 ? Infinity : normal()),
};

describe('quartilesF32 of many elements', () => {
  const expected = (x: Float32Array) => {
    const sorted = x.filter(Number.isFinite).sort();
    return [0.25, 0.5, 0.75].map((q) => (sorted[Math.floor(q * sorted.length)] as number) + 0);
  };

  it.each(Object.entries(KINDS))('are exact: %s', async (_, kind) => {
    const kernels = await wasmKernels();
    for (const length of LENGTHS) {
      const random = seededRandom(length);
      const x = Float32Array.from({ length }, (_unused, i) => kind(i, () => random.normal(), length));
      expect([...kernels.quartilesF32(x)], `${length}`).toEqual(expected(x));
      expect([...kernels.quartilesF32(x, kernels.momentsF32(x))], `${length}, moments known`).toEqual(expected(x));
    }
    expect(kernels.memory.bytesInUse).toBe(0);
  });

  it('are exact where every sampled element misleads', async () => {
    const kernels = await wasmKernels();
    const length = 50_000;
    const random = seededRandom(1);
    const x = Float32Array.from({ length }, () => random.normal());
    const goldenRatio = (Math.sqrt(5) - 1) / 2;
    for (let i = 0, place = 0; i < 512; i++, place = (place + goldenRatio) % 1) {
      x.fill(1e20, Math.floor(place * (length - 4)), Math.floor(place * (length - 4)) + 4);
    }
    expect([...kernels.quartilesF32(x)]).toEqual(expected(x));
  });
});
