import { fusedMultiplyAdd } from '../base/fusedMultiplyAdd.ts';

const floats = (values: readonly number[]): readonly number[] => values.map(Math.fround);

/** Coefficients of x^9, x^7, ..., x over those of x^10, x^8, ..., 1. */
const SIGMOID = {
  p: floats([4.37031012579801e-11, 1.15627324459942e-7, 6.08574864600143e-5, 8.51377133304701e-3, 2.48287947061529e-1]),
  q: floats([
    6.10247389755681e-13, 5.76102136993427e-9, 6.2910678501704e-6, 1.70198817374094e-3, 1.16817656904453e-1,
    9.9315192102318e-1,
  ]),
  bound: 18,
} as const;

/** Coefficients of x^13, x^11, ..., x over those of x^6, x^4, ..., 1. */
const TANH = {
  p: floats([
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
    6.37261928875436e-4, 4.89352455891786e-3,
  ]),
  q: floats([1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3]),
  bound: 9,
} as const;

/**
 * The logistic function as ONNX Runtime's x64 kernels compute it in float32: x p(x^2) / q(x^2) + 1/2 on [-18, 18].
 *
 * @source Eigen's rational approximation, which mlas (MlasComputeLogistic) took over.
 */
export function rationalSigmoid(x: number): number {
  return Math.max(0, Math.fround(rational(SIGMOID, x) + 0.5));
}

/** The hyperbolic tangent as ONNX Runtime's x64 kernels compute it in float32: x p(x^2) / q(x^2) on [-9, 9]. */
export function rationalTanh(x: number): number {
  return rational(TANH, x);
}

function rational({ p, q, bound }: typeof SIGMOID | typeof TANH, x: number): number {
  const clamped = Math.min(Math.max(x, -bound), bound);
  const square = Math.fround(clamped * clamped);
  return Math.fround(Math.fround(clamped * horner(p, square)) / horner(q, square));
}

/** The polynomial of `coefficients`, highest first, by fused multiply-adds. */
function horner(coefficients: readonly number[], x: number): number {
  let sum = coefficients[0] as number;
  for (let i = 1; i < coefficients.length; i++) sum = fusedMultiplyAdd(sum, x, coefficients[i] as number);
  return sum;
}
