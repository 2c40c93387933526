import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { NumericArray } from '../../base/dtype.ts';
import { sizeOf } from '../../base/shape.ts';
import type { Limits, TensorCodes, TensorErrors, TensorHead, TensorSide } from '../../protocol/tensorViews.ts';
import { Range } from './range.ts';
import { distance, type ShownTensor, sidesOf } from './shownTensor.ts';

/** Elements between two looks at the signal. */
const STRIDE = 1 << 16;

type Measured = Pick<TensorHead, 'dtype' | 'dims' | 'elements' | 'sides' | 'limits' | 'notFinite' | 'error' | 'quant'>;

/** What there is to say of a tensor before any element is shown. @throws Cancelled */
export function measure(shown: ShownTensor, signal: AbortSignalLike): Measured {
  const { dtype, dims, float, dequantized, codes } = shown;
  const whole = spread(float, signal);
  const pair = compare(shown, signal);
  return {
    dtype,
    dims,
    elements: sizeOf(dims),
    sides: namesOf(shown),
    limits: {
      float: whole.limits,
      dequantized: dequantized === undefined ? null : spread(dequantized, signal).limits,
      difference: pair?.limits ?? null,
      codes: codes === undefined ? null : spread(codes, signal).limits,
    },
    notFinite: whole.notFinite,
    error: pair?.error ?? null,
    quant: codesOf(shown),
  };
}

function spread(x: NumericArray, signal: AbortSignalLike): { limits: Limits; notFinite: number } {
  const range = new Range();
  let notFinite = 0;
  for (let from = 0; from < x.length; from += STRIDE) {
    throwIfAborted(signal);
    const part = x.subarray(from, from + STRIDE);
    notFinite +=
      part instanceof BigInt64Array || part instanceof BigUint64Array ? addBig(range, part) : range.addAll(part);
  }
  return { limits: range.limits, notFinite };
}

function addBig(range: Range, x: BigInt64Array | BigUint64Array): number {
  for (const value of x) range.add(Number(value));
  return 0;
}

function compare(
  shown: ShownTensor,
  signal: AbortSignalLike,
): { readonly limits: Limits; readonly error: TensorErrors } | undefined {
  const sides = sidesOf(shown);
  if (sides === undefined) return undefined;
  const [float, dequantized] = sides;
  const range = new Range();
  const differences = new Float64Array(Math.min(STRIDE, float.length));
  let different = 0;
  let largest = 0;
  let squares = 0;
  let finite = 0;
  for (let from = 0; from < float.length; from += STRIDE) {
    throwIfAborted(signal);
    const count = Math.min(STRIDE, float.length - from);
    for (let i = 0; i < count; i++) {
      const [x, y] = [float[from + i] as number, dequantized[from + i] as number];
      const d = y - x;
      differences[i] = d;
      const apart = Math.abs(d);
      const error = apart < Number.POSITIVE_INFINITY ? apart : distance(x, y);
      if (error > 0) different++;
      if (error > largest) largest = error;
      if (error === Number.POSITIVE_INFINITY) continue;
      squares += error * error;
      finite++;
    }
    range.addAll(differences.subarray(0, count));
  }
  const rmse = finite === 0 ? 0 : Math.sqrt(squares / finite);
  return { limits: range.limits, error: { largest, rmse, different } };
}

function namesOf({ dequantized, codes }: ShownTensor): TensorSide[] {
  return [
    'float',
    ...(dequantized === undefined ? [] : (['dequantized', 'difference'] as const)),
    ...(codes === undefined ? [] : (['codes'] as const)),
  ];
}

function codesOf({ dims, codes, params }: ShownTensor): TensorCodes | null {
  if (codes === undefined || params === undefined) return null;
  const { scheme, scale, zeroPoint, table } = params;
  const { granularity, dtype, qmin, qmax } = scheme;
  const axis = granularity.kind === 'perChannel' ? granularity.axis : null;
  return {
    dtype,
    qmin,
    qmax,
    scale: table === undefined ? span(scale) : null,
    zeroPoint: table === undefined ? span(zeroPoint) : null,
    axis,
    channels: axis === null ? 1 : (dims[axis] as number),
  };
}

function span(x: Float32Array | Int32Array): readonly [number, number] | null {
  const range = new Range();
  for (const value of x) range.add(value);
  return range.limits;
}
