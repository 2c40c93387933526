import { type Granularity, PER_TENSOR, type QuantScheme } from '../base/quantParams.ts';

export type Mapping = QuantScheme['mapping'];

/** Element types of quantized activations. */
export type ActivationType = 'int8' | 'uint8' | 'int16';

/** Activation codes, one parameter pair a tensor. Symmetric signed codes leave out the lowest one. */
export function activationScheme(dtype: ActivationType, mapping: Mapping = 'asymmetric'): QuantScheme {
  const [lowest, qmax] = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767] }[dtype] as [number, number];
  const qmin = mapping === 'symmetric' && lowest < 0 ? -qmax : lowest;
  return { dtype, mapping, granularity: PER_TENSOR, qmin, qmax };
}

export interface WeightChoice {
  /** 2 to 8. */
  readonly bits: number;
  readonly mapping: Mapping;
}

/** Signed weight codes, per tensor or per channel: symmetric ones in [-127, 127], of 4 bits in [-7, 7], else all codes. */
export function weightScheme(
  granularity: Granularity,
  { bits, mapping }: WeightChoice = { bits: 8, mapping: 'symmetric' },
): QuantScheme {
  const qmax = 2 ** (bits - 1) - 1;
  const qmin = mapping === 'symmetric' ? -qmax : -qmax - 1;
  return { dtype: bits <= 4 ? 'int4' : 'int8', mapping, granularity, qmin, qmax };
}

/** int32 bias: its scale is derived, input scale times weight scale, per the weight's granularity. */
export function biasScheme(granularity: Granularity): QuantScheme {
  return { dtype: 'int32', mapping: 'symmetric', granularity, qmin: -2147483648, qmax: 2147483647 };
}
