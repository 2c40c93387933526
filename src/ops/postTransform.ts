import { erf } from './special.ts';

/** What a classifier's or regressor's scores become, in place. */
export type PostTransform = (scores: Float64Array) => void;

/** The transforms of ai.onnx.ml by name; numbered from 0 in this order in TreeEnsemble. */
export const POST_TRANSFORMS: Readonly<Record<string, PostTransform>> = {
  NONE: () => {},
  SOFTMAX: (scores) => softmax(scores, false),
  LOGISTIC: (scores) => each(scores, logistic),
  SOFTMAX_ZERO: (scores) => softmax(scores, true),
  PROBIT: (scores) => each(scores, probit),
};

function each(scores: Float64Array, f: (x: number) => number): void {
  for (let i = 0; i < scores.length; i++) scores[i] = f(scores[i] as number);
}

export function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** Softmax; where `zeroStays`, scores of (almost) zero take no part in the sum and stay close to zero. */
function softmax(scores: Float64Array, zeroStays: boolean): void {
  const largest = scores.reduce((m, v) => Math.max(m, v), -Infinity);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const x = scores[i] as number;
    const absent = zeroStays && Math.abs(x) <= 1e-7;
    scores[i] = absent ? x * Math.exp(-largest) : Math.exp(x - largest);
    if (!absent) sum += scores[i] as number;
  }
  for (let i = 0; i < scores.length && sum > 0; i++) scores[i] = (scores[i] as number) / sum;
}

/**
 * The quantile of the standard normal distribution.
 *
 * @source Winitzki 2008 for a first approximation of the inverse error function, then Newton's method.
 */
export function probit(p: number): number {
  const y = 2 * p - 1;
  if (!(Math.abs(y) < 1)) return Math.abs(y) === 1 ? y * Infinity : NaN;
  const log = Math.log(1 - y * y);
  const a = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(a * a - log / 0.147) - a);
  for (let k = 0; k < 4; k++) x -= ((erf(x) - y) * Math.sqrt(Math.PI)) / (2 * Math.exp(-x * x));
  return Math.SQRT2 * x;
}
