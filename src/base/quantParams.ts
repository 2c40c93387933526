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
  /** Bits of a code where `dtype` has more; 0 where entropy coding gives each code as many as it needs. */
  readonly bits?: number;
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
  /** Of weights alone, per tensor or channel as `scale`. */
  readonly correction?: Correction;
  /** What each code stands for, that of `qmin` first, where codes are indices; scale and zero point then say nothing. */
  readonly table?: Float32Array;
}

/** What gives dequantized weights the deviation and the mean of the float ones. */
export interface Correction {
  readonly variance: Float32Array;
  readonly mean: Float32Array;
  /** Whether `x = scale * (q - zeroPoint) * variance + mean`; false: it is stored and not used. */
  readonly applied: boolean;
}

/** Integer data with the parameters that give it meaning. */
export interface QuantizedTensor {
  readonly codes: Tensor;
  readonly params: QuantParams;
}

export const PER_TENSOR: Granularity = { kind: 'perTensor' };
