import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import { sizeOf } from '../../base/shape.ts';
import type { TensorCodes, TensorErrors, TensorHead, TensorSide } from '../../protocol/tensorViews.ts';
import { Range } from './range.ts';
import { distance, type ShownTensor } from './shownTensor.ts';

/** Elements between two looks at the signal. */
const STRIDE = 1 << 16;

type Measured = Pick<TensorHead, 'dtype' | 'dims' | 'elements' | 'sides' | 'limits' | 'notFinite' | 'error' | 'quant'>;

/** What there is to say of a tensor before any element is shown. @throws Cancelled */
export function measure(shown: ShownTensor, signal: AbortSignalLike): Measured {
  const { dtype, dims, float, dequantized, codes } = shown;
  const limits = { float: new Range(), dequantized: new Range(), difference: new Range(), codes: new Range() };
  let notFinite = 0;
  let different = 0;
  let largest = 0;
  let squares = 0;
  let finite = 0;
  for (let i = 0; i < float.length; i++) {
    if (i % STRIDE === 0) throwIfAborted(signal);
    const x = Number(float[i]);
    limits.float.add(x);
    if (!Number.isFinite(x)) notFinite++;
    if (codes !== undefined) limits.codes.add(codes[i] as number);
    if (dequantized === undefined) continue;
    const y = dequantized[i] as number;
    limits.dequantized.add(y);
    limits.difference.add(y - x);
    const error = distance(x, y);
    if (error > 0) different++;
    if (error > largest) largest = error;
    if (error === Number.POSITIVE_INFINITY) continue;
    squares += error * error;
    finite++;
  }
  const error: TensorErrors | null =
    dequantized === undefined ? null : { largest, rmse: finite === 0 ? 0 : Math.sqrt(squares / finite), different };
  return {
    dtype,
    dims,
    elements: sizeOf(dims),
    sides: sidesOf(shown),
    limits: {
      float: limits.float.limits,
      dequantized: limits.dequantized.limits,
      difference: limits.difference.limits,
      codes: limits.codes.limits,
    },
    notFinite,
    error,
    quant: codesOf(shown),
  };
}

function sidesOf({ dequantized, codes }: ShownTensor): TensorSide[] {
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
