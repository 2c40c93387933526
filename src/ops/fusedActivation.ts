import type { Tensor } from '../base/tensor.ts';
import type { ClampRange } from '../kernels/kernelSet.ts';
import { numbersOf, stored } from './numbers.ts';
import { cellActivation } from './recurrentActivations.ts';

const NO_CLAMP: ClampRange = { lo: -Infinity, hi: Infinity };

/** An activation inside another operator: a clamp, which kernels take, or a function for what they gave. */
export interface FusedActivation {
  readonly clamp: ClampRange;
  readonly f?: (x: number) => number;
}

/**
 * The activation that ONNX Runtime's optimizer fused into a node; undefined where there is none of that name.
 *
 * @param name       '' for none.
 * @param parameters of the operator of that name in order: alpha and beta, or min and max of Clip.
 */
export function fusedActivation(
  name: string,
  parameters: readonly (number | undefined)[],
): FusedActivation | undefined {
  const [first, second] = parameters;
  if (name === '') return { clamp: NO_CLAMP };
  if (name === 'Relu') return { clamp: { lo: 0, hi: Infinity } };
  if (name === 'Clip') return { clamp: { lo: first ?? -Infinity, hi: second ?? Infinity } };
  const f = cellActivation(name, first, second);
  return f === undefined ? undefined : { clamp: NO_CLAMP, f };
}

/** Applies what is no clamp, in place. */
export function activate(t: Tensor, { f }: FusedActivation): Tensor {
  if (f === undefined) return t;
  const y = numbersOf(t);
  for (let i = 0; i < y.length; i++) y[i] = f(y[i] as number);
  return stored(t);
}
