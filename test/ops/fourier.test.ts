import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { createTransform } from '../../src/ops/fft.ts';

/** X[k] by its definition. */
function byDefinition(re: Float64Array, im: Float64Array, sign: number) {
  const n = re.length;
  const out = { re: new Float64Array(n), im: new Float64Array(n) };
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      const angle = (sign * 2 * Math.PI * ((k * i) % n)) / n;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      out.re[k] = (out.re[k] as number) + (re[i] as number) * c - (im[i] as number) * s;
      out.im[k] = (out.im[k] as number) + (re[i] as number) * s + (im[i] as number) * c;
    }
  }
  return out;
}

describe('the fast Fourier transform', () => {
  const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 31, 32, 60, 97, 128, 200];

  it.each(lengths)('of %i points is that of the definition, both ways', (n) => {
    const random = seededRandom(n);
    const re = Float64Array.from({ length: n }, () => random.normal());
    const im = Float64Array.from({ length: n }, () => random.normal());
    for (const [direction, sign] of [
      ['forward', -1],
      ['inverse', 1],
    ] as const) {
      const expected = byDefinition(re, im, sign);
      const x = { re: re.slice(), im: im.slice() };
      createTransform(n, direction)(x);
      // Each of n terms, at most 5 in size, and each of some log2(4n) stages of a convolution rounds by 2^-53.
      const bound = 5 * n * (n + 8 * Math.log2(4 * n)) * 2 ** -53;
      for (let k = 0; k < n; k++) {
        expect(Math.abs((x.re[k] as number) - (expected.re[k] as number))).toBeLessThan(bound);
        expect(Math.abs((x.im[k] as number) - (expected.im[k] as number))).toBeLessThan(bound);
      }
    }
  });

  it('can be used again', () => {
    const transform = createTransform(6, 'forward');
    const once = { re: Float64Array.of(1, 2, 3, 4, 5, 6), im: new Float64Array(6) };
    const twice = { re: once.re.slice(), im: once.im.slice() };
    transform(once);
    transform(twice);
    expect(twice).toEqual(once);
  });
});
