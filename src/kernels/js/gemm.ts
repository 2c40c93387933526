import { clamp } from '../../base/round.ts';
import type { ClampRange, ConvQ8Weights, GemmShape, Packed, Requantizer } from '../kernelSet.ts';
import { asPackedF32, asPackedQ8, JsPacked } from './packed.ts';
import { requantize } from './requantize.ts';

type Codes = Int8Array | Uint8Array;

/** @param b [K, N], or [N, K] when transposed. */
export function packGemmF32(b: Float32Array, bias: Float32Array | undefined, shape: GemmShape): Packed {
  const { k, n, transposed } = shape;
  const weights = new Float32Array(n * k);
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < k; i++) weights[j * k + i] = b[transposed ? j * k + i : i * n + j] as number;
  }
  return new JsPacked(weights, bias?.slice() ?? new Float32Array(n), 0);
}

/** out[M, N] = clamp(a[M, K] b + bias), summed in float64. */
export function gemmF32(a: Float32Array, packed: Packed, out: Float32Array, m: number, range: ClampRange): void {
  const { weights, bias } = asPackedF32(packed);
  const n = bias.length;
  const k = n === 0 ? 0 : weights.length / n;
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = bias[column] as number;
      for (let i = 0; i < k; i++) sum += (a[row * k + i] as number) * (weights[column * k + i] as number);
      out[row * n + column] = clamp(Math.fround(sum), range.lo, range.hi);
    }
  }
}

/** @param weights codes [N, K], or [K, N] unless the shape is transposed. */
export function packGemmQ8(weights: ConvQ8Weights, shape: GemmShape, inputZeroPoint: number): Packed {
  const { k, n, transposed } = shape;
  const { codes, zeroPoint, bias } = weights;
  const centred = new Int16Array(n * k);
  for (let j = 0; j < n; j++) {
    const zero = zeroPoint[zeroPoint.length === 1 ? 0 : j] as number;
    for (let i = 0; i < k; i++) centred[j * k + i] = (codes[transposed ? j * k + i : i * n + j] as number) - zero;
  }
  return new JsPacked(centred, bias?.slice() ?? new Int32Array(n), inputZeroPoint);
}

/** Equation (A): out[M, N] = bias + sum (a - za) (b - zb), int32. */
export function gemmQ8Accumulators(a: Codes, packed: Packed, out: Int32Array, m: number): void {
  const { weights, bias, inputZeroPoint } = asPackedQ8(packed);
  const n = bias.length;
  const k = n === 0 ? 0 : weights.length / n;
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = bias[column] as number;
      for (let i = 0; i < k; i++) {
        sum += ((a[row * k + i] as number) - inputZeroPoint) * (weights[column * k + i] as number);
      }
      out[row * n + column] = sum;
    }
  }
}

/** Equations (A) and (R). */
export function gemmQ8(a: Codes, packed: Packed, requantizer: Requantizer, out: Codes, m: number): void {
  const accumulators = new Int32Array(m * asPackedQ8(packed).bias.length);
  gemmQ8Accumulators(a, packed, accumulators, m);
  requantize(accumulators, requantizer, out);
}
