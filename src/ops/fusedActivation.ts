import type { Tensor } from '../base/tensor.ts';
import type { ClampRange, KernelSet, UnaryKernel } from '../kernels/kernelSet.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { cellActivation } from './recurrentActivations.ts';

const NO_CLAMP: ClampRange = { lo: -Infinity, hi: Infinity };

/** An activation inside another operator: a clamp, which kernels take, or a function for what they gave. */
export interface FusedActivation {
  readonly clamp: ClampRange;
  readonly f?: (x: number) => number;
  /** What computes `f` in float32. */
  readonly kernel?: UnaryKernel;
}

/** Kernels of activations, with alpha and beta where a node leaves them out. */
const KERNELS: Readonly<Record<string, Required<UnaryKernel>>> = {
  Tanh: { op: 'tanh', alpha: 0, beta: 0 },
  Sigmoid: { op: 'sigmoid', alpha: 0, beta: 0 },
  LeakyRelu: { op: 'leakyRelu', alpha: 0.01, beta: 0 },
  HardSigmoid: { op: 'hardSigmoid', alpha: 0.2, beta: 0.5 },
  Elu: { op: 'elu', alpha: 1, beta: 0 },
};

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
  const kernel = KERNELS[name];
  const [alpha, beta] = [first ?? kernel?.alpha, second ?? kernel?.beta];
  const f = cellActivation(name, alpha, beta);
  if (f === undefined) return undefined;
  if (kernel === undefined) return { clamp: NO_CLAMP, f };
  return { clamp: NO_CLAMP, f, kernel: { ...kernel, alpha: alpha ?? 0, beta: beta ?? 0 } };
}

/** Applies what is no clamp, in place. */
export function activate(kernels: KernelSet, t: Tensor, { f, kernel }: FusedActivation): Tensor {
  if (f === undefined) return t;
  if (kernel !== undefined && isFloat32Stored(t.dtype)) {
    kernels.unaryF32(kernel.op, floatsOf(t), floatsOf(t), kernel.alpha, kernel.beta);
    return stored(t);
  }
  const y = numbersOf(t);
  for (let i = 0; i < y.length; i++) y[i] = f(y[i] as number);
  return stored(t);
}
