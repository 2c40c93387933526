import type { QuantParams } from '../../base/quantParams.ts';
import type { ShownTensor } from '../tensorData/shownTensor.ts';

/** A tensor as charts read it, in C order of `dims`. */
export interface ChartedTensor {
  readonly kind: 'Weight' | 'Activation';
  readonly dims: readonly number[];
  readonly origin: ArrayLike<number>;
  /** Undefined where nothing stands for it. */
  readonly dequant: ArrayLike<number> | undefined;
  readonly codes: ArrayLike<number> | undefined;
  readonly params: QuantParams | undefined;
}

/** Integers of 64 bits become the nearest float64. */
export function chartedTensor(
  { dims, float, dequantized, codes, params }: ShownTensor,
  kind: ChartedTensor['kind'],
): ChartedTensor {
  const isBig = float instanceof BigInt64Array || float instanceof BigUint64Array;
  const origin = isBig ? Float64Array.from(float as BigInt64Array, Number) : float;
  return { kind, dims, origin, dequant: dequantized, codes, params };
}
