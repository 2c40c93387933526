import { describe, expect, it } from 'vitest';
import { clamp } from '../../src/base/round.ts';
import type { ConvGeometry } from '../../src/kernels/kernelSet.ts';
import { usesWinograd } from '../../src/wasm/winograd.ts';
import { convDefinition, sizesOf } from '../suites/conv.ts';
import { EPSILON_F32, firstDifference, numbersOf } from '../suites/numbers.ts';
import { winogradMagnitudes } from '../suites/winograd.ts';
import { wasmKernels } from './engines.ts';

const NO_CLAMP = { lo: -Infinity, hi: Infinity };

describe('3x3 convolutions by F(2x2, 3x3)', () => {
  it('stay within the error derived for them, at every edge of tiles, blocks and panels', async () => {
    const kernels = await wasmKernels();
    const numbers = numbersOf(21);
    const cases: ConvGeometry[] = [];
    for (let height = 1; height <= 6; height++) {
      for (let width = 1; width <= 5; width++) {
        const [inChannels, outChannels] = [numbers.within(8, 17), numbers.within(8, 17)];
        const [padTop, padLeft] = [numbers.within(0, 2), numbers.within(0, 2)];
        const [inHeight, inWidth] = [Math.max(1, height + 1 - padTop), Math.max(1, width + 2 - padLeft)];
        const sides = { outHeight: height, outWidth: width, inHeight, inWidth, padTop, padLeft };
        cases.push(geometry({ ...sides, batch: numbers.within(1, 2), inChannels, outChannels }));
      }
    }
    const whole = { padTop: 1, padLeft: 1, batch: 1 };
    cases.push(
      geometry({ ...whole, outHeight: 33, outWidth: 19, inHeight: 33, inWidth: 19, inChannels: 9, outChannels: 20 }),
      geometry({ ...whole, outHeight: 9, outWidth: 9, inHeight: 9, inWidth: 9, inChannels: 90, outChannels: 8 }),
    );
    expect(cases).toHaveLength(32);
    for (const [seed, g] of cases.entries()) {
      expect(usesWinograd(g)).toBe(true);
      const data = numbersOf(seed);
      const x = data.floats(sizesOf(g).x);
      const weights = data.floats(sizesOf(g).weights);
      const bias = seed % 3 === 0 ? undefined : data.floats(g.outChannels);
      const range = seed % 2 === 0 ? { lo: 0, hi: 6 } : NO_CLAMP;
      const packed = kernels.packConvF32(weights, bias, g);
      const out = new Float32Array(sizesOf(g).out).fill(77);
      kernels.convF32(x, packed, out, g, range);
      packed.release();
      const { sums } = convDefinition(
        g,
        (i) => x[i] as number,
        (i) => weights[i] as number,
        (c) => bias?.[c] ?? 0,
      );
      const bounds = winogradMagnitudes(g, x, weights, bias).map((m) => m * (g.inChannels + 8) * EPSILON_F32 * 1.01);
      const expected = sums.map((s) => clamp(s, range.lo, range.hi));
      expect(firstDifference(out, expected, bounds), JSON.stringify(g)).toBeUndefined();
    }
    expect(kernels.memory.bytesInUse).toBe(0);
  });

  it('carry a NaN to the outputs whose window contains it and to no other', async () => {
    const kernels = await wasmKernels();
    const sides = { outHeight: 7, outWidth: 6, inHeight: 7, inWidth: 6, padTop: 1, padLeft: 1 };
    const g = geometry({ ...sides, batch: 1, inChannels: 8, outChannels: 8 });
    const numbers = numbersOf(3);
    const packed = kernels.packConvF32(numbers.floats(sizesOf(g).weights), undefined, g);
    for (let y = 0; y < 7; y++) {
      for (let x = 0; x < 6; x++) {
        const image = numbers.floats(sizesOf(g).x);
        image[(y * 6 + x) * 8 + 5] = NaN;
        const out = new Float32Array(sizesOf(g).out);
        kernels.convF32(image, packed, out, g, NO_CLAMP);
        const touched = Array.from(out, (_, at) => {
          const [oy, ox] = [Math.floor(at / 48), Math.floor(at / 8) % 6];
          return Math.abs(oy - y) <= 1 && Math.abs(ox - x) <= 1;
        });
        expect(Array.from(out, Number.isNaN)).toEqual(touched);
      }
    }
  });

  it('are taken for dense convolutions of stride 1 alone', () => {
    const g = geometry({
      batch: 1,
      inHeight: 9,
      inWidth: 9,
      outHeight: 9,
      outWidth: 9,
      inChannels: 16,
      outChannels: 16,
    });
    expect(usesWinograd(g)).toBe(true);
    const others: Partial<ConvGeometry>[] = [
      { strideWidth: 2 },
      { strideHeight: 2 },
      { dilationHeight: 2 },
      { dilationWidth: 2 },
      { kernelHeight: 5 },
      { kernelWidth: 1 },
      { groups: 2 },
      { inChannels: 3 },
      { outChannels: 3 },
    ];
    for (const other of others) expect(usesWinograd({ ...g, ...other }), JSON.stringify(other)).toBe(false);
  });
});

type Sides = 'batch' | 'inHeight' | 'inWidth' | 'outHeight' | 'outWidth' | 'inChannels' | 'outChannels';

function geometry(sides: Pick<ConvGeometry, Sides> & Partial<ConvGeometry>): ConvGeometry {
  const window = { kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1 };
  return { ...window, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0, groups: 1, ...sides };
}
