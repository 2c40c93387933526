import { type DType, isContainer } from '../../src/base/dtype.ts';
import { formatDims } from '../../src/base/shape.ts';
import type { Tensor } from '../../src/base/tensor.ts';

/** Distance of 1 to the next number of the type. */
const EPSILON: Partial<Record<DType, number>> = {
  float64: 2 ** -22, // the suite's float64 references hold float32 intermediates
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
  float8e4m3fn: 2 ** -3,
  float8e4m3fnuz: 2 ** -3,
  float8e5m2: 2 ** -2,
  float8e5m2fnuz: 2 ** -2,
};

/**
 * Why `found` is not `expected`, or undefined. Integers, bools and strings must be equal; floats may differ by `steps`
 * roundings of the largest magnitude involved, and by `absolute`.
 */
export function difference(found: Tensor, expected: Tensor, steps: number, absolute = 0): string | undefined {
  if (found.dtype !== expected.dtype) return `is ${found.dtype}, expected ${expected.dtype}`;
  if (formatDims(found.dims) !== formatDims(expected.dims)) {
    return `has shape ${formatDims(found.dims)}, expected ${formatDims(expected.dims)}`;
  }
  if (isContainer(found.dtype)) {
    const [elements, wanted] = [found.data, expected.data] as (readonly Tensor[])[];
    return wanted?.map((e, i) => difference(elements?.[i] as Tensor, e, steps, absolute)).find((d) => d !== undefined);
  }
  const epsilon = EPSILON[found.dtype];
  if (epsilon === undefined) {
    const at = (expected.data as readonly unknown[]).findIndex((e, i) => e !== found.data[i]);
    return at < 0 ? undefined : `element ${at} is ${found.data[at]}, expected ${expected.data[at]}`;
  }
  const [a, e] = [found.data as Float32Array, expected.data as Float32Array];
  let largest = 0;
  for (const v of e) if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  for (let i = 0; i < e.length; i++) {
    const [x, y] = [a[i] as number, e[i] as number];
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= absolute + steps * epsilon * largest)) return `element ${i} is ${x}, expected ${y}`;
  }
  return undefined;
}
