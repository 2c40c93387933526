import { describe, expect, it } from 'vitest';
import { clamp } from '../../src/base/round.ts';
import { usesWinograd } from '../../src/wasm/winograd.ts';
import { convCases, convDefinition, requantizerFor, sizesOf } from '../suites/conv.ts';
import { type CodeKind, EPSILON_F32, firstDifference, numbersOf } from '../suites/numbers.ts';
import { requantizeExactly } from '../suites/requantize.ts';
import { winogradMagnitudes } from '../suites/winograd.ts';
import { ENGINES } from './engines.ts';

const CASES = convCases();

it('makes many cases, depthwise and grouped ones among them', () => {
  expect(CASES.length).toBeGreaterThan(250);
  expect(CASES.filter((c) => c.groups > 1 && c.groups < c.inChannels).length).toBeGreaterThan(20);
});

describe.each(ENGINES)('convolution ($name)', ({ create }) => {
  it('convF32 stays within the error of its sums', async () => {
    const kernels = await create();
    for (const [seed, g] of CASES.entries()) {
      const numbers = numbersOf(seed);
      const sizes = sizesOf(g);
      const x = numbers.floats(sizes.x);
      const weights = numbers.floats(sizes.weights);
      const bias = seed % 4 === 0 ? undefined : numbers.floats(g.outChannels);
      const range = seed % 3 === 0 ? { lo: 0, hi: 6 } : { lo: -Infinity, hi: Infinity };
      const packed = kernels.packConvF32(weights, bias, g);
      const out = new Float32Array(sizes.out).fill(77);
      kernels.convF32(x, packed, out, g, range);
      packed.release();
      const { sums, magnitudes } = convDefinition(
        g,
        (i) => x[i] as number,
        (i) => weights[i] as number,
        (c) => bias?.[c] ?? 0,
      );
      const transformed = kernels.engine === 'wasm' && usesWinograd(g);
      const terms = transformed ? g.inChannels + 8 : sizes.weights / g.outChannels + 2;
      const scales = transformed ? winogradMagnitudes(g, x, weights, bias) : magnitudes;
      const bounds = scales.map((m) => m * terms * EPSILON_F32 * 1.01);
      const difference = firstDifference(
        out,
        sums.map((s) => clamp(s, range.lo, range.hi)),
        bounds,
      );
      expect(difference, g.name).toBeUndefined();
    }
  });

  for (const [xKind, yKind] of [
    ['unsigned', 'unsigned'],
    ['signed', 'signed'],
  ] as const) {
    it(`convQ8 is exact on ${xKind} codes`, async () => {
      const kernels = await create();
      for (const [seed, g] of CASES.entries()) {
        const numbers = numbersOf(seed + 1000);
        const sizes = sizesOf(g);
        const weightKind: CodeKind = seed % 3 === 0 ? 'unsigned' : 'signed';
        const x = numbers.codes(sizes.x, xKind);
        const codes = numbers.codes(sizes.weights, weightKind);
        const middle = weightKind === 'unsigned' ? 128 : 0;
        const zeroPoint = Int32Array.from({ length: seed % 2 === 0 ? 1 : g.outChannels }, () =>
          weightKind === 'signed' && seed % 5 !== 0 ? 0 : middle + numbers.within(-20, 20),
        );
        const xZero = xKind === 'signed' ? numbers.within(-128, 127) : numbers.within(0, 255);
        const bias = seed % 4 === 0 ? undefined : numbers.int32(g.outChannels, 20000);
        const { sums } = convDefinition(
          g,
          (i) => (x[i] as number) - xZero,
          (i, channel) => (codes[i] as number) - (zeroPoint[zeroPoint.length === 1 ? 0 : channel] as number),
          (c) => bias?.[c] ?? 0,
        );
        const packed = kernels.packConvQ8({ codes, zeroPoint, bias }, g, xZero);
        const accumulators = new Int32Array(sizes.out).fill(77);
        kernels.convQ8Accumulators(x, packed, accumulators, g);
        expect(firstDifference(accumulators, sums), `${g.name}, accumulators`).toBeUndefined();
        for (const flavour of ['fp32', 'fixedPoint'] as const) {
          const requantizer = requantizerFor(
            numbers,
            g.outChannels,
            yKind,
            flavour,
            128 * Math.sqrt(sizes.weights / g.outChannels) * 60,
          );
          const out = yKind === 'signed' ? new Int8Array(sizes.out) : new Uint8Array(sizes.out);
          kernels.convQ8(x, packed, requantizer, out, g);
          const expected = requantizeExactly(sums, requantizer);
          expect(firstDifference(out, expected), `${g.name}, ${flavour}`).toBeUndefined();
        }
        packed.release();
      }
    });
  }
});
