import type { Tensor } from './tensor.ts';

export type QuantDType = 'int4' | 'uint4' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32';

export type Granularity =
  | { readonly kind: 'perTensor' }
  | { readonly kind: 'perChannel'; readonly axis: number }
  | { readonly kind: 'perBlock'; readonly axis: number; readonly blockSize: number };

/** How a tensor shall be quantized: the wish. */
export interface QuantScheme {
  readonly dtype: QuantDType;
  readonly mapping: 'symmetric' | 'asymmetric';
  readonly granularity: Granularity;
  readonly qmin: number;
  readonly qmax: number;
}

/**
 * The result: equation (D) `x = scale * (q - zeroPoint)`.
 *
 * `scale` is in units of x per step, > 0; `zeroPoint` lies inside the dtype. Both have one element per tensor
 * or one per channel, [C].
 */
export interface QuantParams {
  readonly scheme: QuantScheme;
  readonly scale: Float32Array;
  readonly zeroPoint: Int32Array;
}

/** Integer data with the parameters that give it meaning. */
export interface QuantizedTensor {
  readonly codes: Tensor;
  readonly params: QuantParams;
}

export const PER_TENSOR: Granularity = { kind: 'perTensor' };
