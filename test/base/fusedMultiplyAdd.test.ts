import { describe, expect, it } from 'vitest';
import { fusedMultiplyAdd } from '../../src/base/fusedMultiplyAdd.ts';
import { seededRandom } from '../../src/base/random.ts';

/** A float32 number as an integer times 2^-149. */
function scaled(x: number): bigint {
  const [mantissa, exponent] = split(x);
  return mantissa << BigInt(exponent + 149);
}

function split(x: number): readonly [bigint, number] {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, x);
  const word = bits.getUint32(0);
  const biased = (word >>> 23) & 255;
  const fraction = word & 0x7fffff;
  const magnitude = BigInt(biased === 0 ? fraction : fraction | 0x800000);
  return [x < 0 ? -magnitude : magnitude, Math.max(biased, 1) - 150];
}

/** Whether no float32 number is nearer to a * b + c than `found`, and `found` is even where two are equally near. */
function isNearest(a: number, b: number, c: number, found: number): boolean {
  const exact = scaled(a) * scaled(b) + (scaled(c) << 149n); // times 2^-298
  const distance = (x: number) => {
    const d = (scaled(x) << 149n) - exact;
    return d < 0n ? -d : d;
  };
  const word = new Int32Array(1);
  const view = new Float32Array(word.buffer);
  view[0] = found;
  const bits = word[0]!;
  return [bits - 1, bits + 1].every((neighbour) => {
    word[0] = neighbour;
    const [mine, theirs] = [distance(found), distance(view[0]!)];
    return mine < theirs || (mine === theirs && bits % 2 === 0);
  });
}

describe('a fused multiply-add', () => {
  it('rounds the exact sum once, at every distance of exponents', () => {
    const random = seededRandom(1);
    const draw = (scale: number) => Math.fround((random.next() - 0.5) * 2 ** scale);
    let once = 0;
    for (let i = 0; i < 20_000; i++) {
      const [a, b, c] = [draw(8), draw(4), draw(random.below(80) - 60)];
      const found = fusedMultiplyAdd(a, b, c);
      if (found === 0) continue;
      expect(isNearest(a, b, c, found)).toBe(true);
      if (found !== Math.fround(Math.fround(a * b) + c)) once++;
    }
    expect(once).toBeGreaterThan(100); // rounding the product first would have shown
  });

  it('sees what a double loses where the double lies between two float32 numbers', () => {
    const half = 2 ** -24; // half a step above 1
    expect(fusedMultiplyAdd(1, half, 1)).toBe(1);
    const [a, b] = [1 + 2 ** -23, half];
    expect(fusedMultiplyAdd(a, b, 1)).toBe(1 + 2 ** -23);
    const tiny = 2 ** -100;
    expect(fusedMultiplyAdd(2 ** -60, 2 ** -40, 1 + 2 ** -23)).toBe(1 + 2 ** -23);
    expect(Math.fround(tiny + (1 + half))).toBe(1); // what rounding twice gives
    expect(fusedMultiplyAdd(1 + 2 ** -12, 1 + 2 ** -12, tiny)).toBe(1 + 2 ** -11 + 2 ** -23);
    expect(fusedMultiplyAdd(1 + 2 ** -12, 1 + 2 ** -12, -tiny)).toBe(1 + 2 ** -11);
  });

  it('passes infinities and NaN on', () => {
    expect(fusedMultiplyAdd(3e38, 3e38, -1)).toBe(Infinity);
    expect(fusedMultiplyAdd(Infinity, 1, 1)).toBe(Infinity);
    expect(fusedMultiplyAdd(NaN, 1, 1)).toBeNaN();
  });
});
