import { keyOfFloat } from '../../base/floatKeys.ts';
import { type KeyDigit, NEGLIGIBLE, type UniformBins } from '../kernelSet.ts';

/** Adds the elements of x to equal bins; the quotient is float32. */
export function histogramF32(x: Float32Array, bins: UniformBins, counts: Float64Array): void {
  const { of, origin, step } = bins;
  for (let i = 0; i < x.length; i++) {
    const element = x[i] as number;
    if (element - element !== 0 || Math.abs(element) <= NEGLIGIBLE) continue;
    const v = of === 'magnitudes' ? Math.abs(element) : element;
    const bin = Math.trunc(Math.fround(Math.fround(v - origin) / step));
    const inside = Math.min(Math.max(bin, 0), counts.length - 1);
    counts[inside] = (counts[inside] as number) + 1;
  }
}

/** Adds the finite elements of x whose keys start with `digit.prefix` to the bins of the digit that follows it. */
export function histogramKeysF32(x: Float32Array, digit: KeyDigit, counts: Float64Array): void {
  const { shift, bits, prefix } = digit;
  const [size, above] = [2 ** bits, 2 ** (shift + bits)];
  for (let i = 0; i < x.length; i++) {
    const element = x[i] as number;
    if (element - element !== 0) continue;
    const key = keyOfFloat(element);
    if (Math.floor(key / above) !== prefix) continue;
    const bin = (key >>> shift) % size;
    counts[bin] = (counts[bin] as number) + 1;
  }
}
