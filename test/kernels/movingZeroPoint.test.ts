import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { ConvGeometry } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from './engines.ts';

const random = seededRandom(5);

/** Padding on all sides, so that what stands for 0 shows. */
function geometryOf(inChannels: number, outChannels: number, groups: number): ConvGeometry {
  return {
    batch: 2,
    inHeight: 7,
    inWidth: 6,
    inChannels,
    outHeight: 7,
    outWidth: 6,
    outChannels,
    kernelHeight: 3,
    kernelWidth: 3,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 1,
    padLeft: 1,
    groups,
  };
}

function codes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(256 * random.next()));
}

describe.each(ENGINES)('$name: weights that were packed once', ({ create }) => {
  test.each([
    ['whole', 5, 9, 1],
    ['in groups', 6, 4, 2],
  ] as const)('serve inputs of every zero point, %s', async (_, inChannels, outChannels, groups) => {
    const kernels = await create();
    const geometry = geometryOf(inChannels, outChannels, groups);
    const w = Int8Array.from(codes((outChannels * inChannels * 9) / groups), (c) => c - 128);
    const weights = { codes: w, zeroPoint: Int32Array.of(3), bias: undefined };
    const once = kernels.packConvQ8(weights, geometry, 0);
    const x = codes(2 * 42 * inChannels);
    const sums = (make: (out: Int32Array) => void): Int32Array => {
      const out = new Int32Array(2 * 42 * outChannels);
      make(out);
      return out;
    };
    for (const zero of [0, 255, 117, 0, 1]) {
      const packed = kernels.packConvQ8(weights, geometry, zero);
      const expected = sums((out) => kernels.convQ8Accumulators(x, packed, out, geometry));
      expect(sums((out) => kernels.convQ8Accumulators(x, once, out, geometry, zero))).toEqual(expected);
      packed.release();
    }
    once.release();
  });
});
