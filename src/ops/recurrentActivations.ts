import type { UnaryKernel } from '../kernels/kernelSet.ts';

/** A function of one number inside a recurrent cell. */
export type CellFunction = (x: number) => number;

const sigmoid: CellFunction = (x) => 1 / (1 + Math.exp(-x));

/** Functions by their ONNX name, with the default alpha and beta of the operator of that name. */
const ACTIVATIONS: Readonly<Record<string, (alpha: number | undefined, beta: number | undefined) => CellFunction>> = {
  sigmoid: () => sigmoid,
  tanh: () => Math.tanh,
  relu: () => (x) => Math.max(0, x),
  affine:
    (alpha = 1, beta = 0) =>
    (x) =>
      alpha * x + beta,
  leakyrelu:
    (alpha = 0.01) =>
    (x) =>
      x < 0 ? alpha * x : x,
  thresholdedrelu:
    (alpha = 1) =>
    (x) =>
      x >= alpha ? x : 0,
  scaledtanh:
    (alpha = 1, beta = 1) =>
    (x) =>
      alpha * Math.tanh(beta * x),
  hardsigmoid:
    (alpha = 0.2, beta = 0.5) =>
    (x) =>
      Math.min(Math.max(alpha * x + beta, 0), 1),
  elu:
    (alpha = 1) =>
    (x) =>
      x >= 0 ? x : alpha * Math.expm1(x),
  softsign: () => (x) => x / (1 + Math.abs(x)),
  softplus: () => (x) => Math.log1p(Math.exp(x)),
};

/** The named activation of RNN, GRU and LSTM; undefined when there is none of that name. */
export function cellActivation(
  name: string,
  alpha: number | undefined,
  beta: number | undefined,
): CellFunction | undefined {
  return ACTIVATIONS[name.toLowerCase()]?.(alpha, beta);
}

/** The kernel of the named activation, where it has one. */
export function cellKernel(name: string, alpha: number | undefined, beta: number | undefined): UnaryKernel | undefined {
  switch (name.toLowerCase()) {
    case 'sigmoid':
      return { op: 'sigmoid' };
    case 'tanh':
      return { op: 'tanh' };
    case 'leakyrelu':
      return { op: 'leakyRelu', alpha: alpha ?? 0.01 };
    case 'hardsigmoid':
      return { op: 'hardSigmoid', alpha: alpha ?? 0.2, beta: beta ?? 0.5 };
    case 'elu':
      return { op: 'elu', alpha: alpha ?? 1 };
    default:
      return undefined;
  }
}
