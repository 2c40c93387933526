import { type Granularity, PER_TENSOR, type QuantScheme } from '../base/quantParams.ts';

/** Asymmetric 8-bit activations, one parameter pair a tensor. */
export function activationScheme(dtype: 'int8' | 'uint8'): QuantScheme {
  const qmin = dtype === 'int8' ? -128 : 0;
  return { dtype, mapping: 'asymmetric', granularity: PER_TENSOR, qmin, qmax: qmin + 255 };
}

/** Symmetric int8 weights in [-127, 127], per tensor or per channel. */
export function weightScheme(granularity: Granularity): QuantScheme {
  return { dtype: 'int8', mapping: 'symmetric', granularity, qmin: -127, qmax: 127 };
}

/** int32 bias: its scale is derived, input scale times weight scale, per the weight's granularity. */
export function biasScheme(granularity: Granularity): QuantScheme {
  return { dtype: 'int32', mapping: 'symmetric', granularity, qmin: -2147483648, qmax: 2147483647 };
}
