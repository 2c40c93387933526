import { assertNever } from '../../base/assertNever.ts';
import { clamp, rint } from '../../base/round.ts';
import * as k from '../coefficients.ts';
import type { UnaryOp } from '../kernelSet.ts';

/** A function from float32 to float32; its argument must be a float32. */
export type FloatFunction = (x: number) => number;

const f32 = Math.fround;
const NO_POWER = 0;

/**
 * The function that `unaryF32` applies, in the float32 steps of the wasm kernel: both engines agree bit for bit, and a
 * table of codes made with it agrees with the float path.
 *
 * Greatest errors in units of the last place of the result, over a dense sample of all float32 (test/kernels/functions):
 * exp and log 1, sigmoid 2.5 (and 0 for what is below 2^-127), tanh 2, erf and elu 1.5, selu, celu 2.5; hardSwish and the
 * gelus also have 2^-22 |x| to spend.
 */
export function unaryFunction(op: UnaryOp, alpha = 0, beta = 0): FloatFunction {
  const [a, b] = [f32(alpha), f32(beta)];
  switch (op) {
    case 'abs':
      return Math.abs;
    case 'neg':
      return (x) => -x;
    case 'floor':
      return Math.floor;
    case 'ceil':
      return Math.ceil;
    case 'round':
      return (x) => (x < 0 ? -rint(-x) : x === 0 ? x : rint(x));
    case 'sqrt':
      return (x) => f32(Math.sqrt(x));
    case 'reciprocal':
      return (x) => f32(1 / x);
    case 'square':
      return (x) => f32(x * x);
    case 'exp':
      return exp;
    case 'log':
      return log;
    case 'sigmoid':
      return sigmoid;
    case 'tanh':
      return tanh;
    case 'erf':
      return erf;
    case 'gelu':
      return (x) => f32(f32(0.5 * x) * f32(1 + erf(f32(x * k.SQRT_HALF))));
    case 'geluTanh':
      return (x) => {
        const cube = f32(f32(f32(x * x) * x) * k.GELU_CUBE);
        return f32(f32(0.5 * x) * f32(1 + tanh(f32(f32(x + cube) * k.GELU_SCALE))));
      };
    case 'swish':
      return (x) => f32(x * sigmoid(f32(a * x)));
    case 'hardSigmoid':
      return (x) => hardSigmoid(x, a, b);
    case 'hardSwish':
      return (x) => f32(x * hardSigmoid(x, k.SIXTH, 0.5));
    case 'leakyRelu':
      return (x) => (x < 0 ? f32(a * x) : x);
    case 'elu':
      return (x) => (x < 0 ? f32(a * expm1(x)) : x);
    case 'selu':
      return (x) => f32(b * (x < 0 ? f32(a * expm1(x)) : x));
    case 'celu':
      return (x) => (x < 0 ? f32(a * expm1(f32(x / a))) : x);
    case 'clamp':
      return (x) => clamp(x, a, b);
    case 'plus':
      return (x) => f32(x + a);
    case 'minusFrom':
      return (x) => f32(a - x);
    case 'times':
      return (x) => f32(x * a);
    case 'over':
      return (x) => f32(x / a);
    case 'under':
      return (x) => f32(a / x);
    case 'affine':
      return (x) => f32(f32(x * a) + b);
    case 'hardGate':
      return (x) => f32(f32(x * clamp(f32(x + a), 0, b)) / b);
    default:
      return assertNever(op);
  }
}

/** e^x: range reduction by multiples of ln 2, a polynomial, and two powers of two so that subnormals round once. */
function exp(x: number): number {
  const { reduced, power } = reduce(clamp(x, k.EXP_LEAST, k.EXP_MOST));
  const half = power >> 1;
  return f32(f32(f32(expm1Reduced(reduced) + 1) * 2 ** half) * 2 ** (power - half));
}

/** e^x - 1 for x <= 0, where 2^n p + (2^n - 1) loses nothing near 0. */
function expm1(x: number): number {
  const { reduced, power } = reduce(Math.max(x, k.EXPM1_LEAST));
  const scale = 2 ** power;
  return f32(f32(expm1Reduced(reduced) * scale) + f32(scale - 1));
}

/** x = power ln 2 + reduced. */
function reduce(x: number): { readonly reduced: number; readonly power: number } {
  const n = rint(f32(x * k.LOG2_E));
  const reduced = f32(f32(x - f32(n * k.LN2_HIGH)) - f32(n * k.LN2_LOW));
  return { reduced, power: Number.isNaN(n) ? NO_POWER : n };
}

function expm1Reduced(r: number): number {
  return f32(f32(f32(r * r) * polynomial(r, EXP)) + r);
}

function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let power = Math.floor(Math.log2(x));
  let mantissa = x / 2 ** power;
  while (mantissa < k.SQRT_HALF) {
    mantissa *= 2;
    power--;
  }
  while (mantissa >= 2 * k.SQRT_HALF) {
    mantissa /= 2;
    power++;
  }
  const f = f32(mantissa - 1);
  const square = f32(f * f);
  const tail = f32(f32(f32(square * f) * polynomial(f, LOG)) + f32(power * k.LN2_LOW));
  return f32(f32(power * k.LN2_HIGH) + f32(f + f32(tail - f32(0.5 * square))));
}

/** 1 / (1 + e^-x); the ends of e^-x are infinity and 0, as exponents of all ones and all zeros are. */
function sigmoid(x: number): number {
  const { reduced, power } = reduce(clamp(-x, -k.SIGMOID_MOST, k.EXP_MOST));
  const scale = power > 127 ? Infinity : power < -126 ? 0 : 2 ** power;
  return f32(1 / f32(1 + f32(f32(expm1Reduced(reduced) + 1) * scale)));
}

function tanh(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < k.TANH_SPLIT) {
    const square = f32(x * x);
    return f32(f32(f32(x * square) * polynomial(square, TANH)) + x);
  }
  const large = f32(1 - f32(2 / f32(exp(f32(2 * magnitude)) + 1)));
  return x < 0 ? -large : large;
}

function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 1) return f32(f32(x * polynomial(f32(x * x), ERF_SMALL)) + x);
  const large = f32(1 - exp(polynomial(Math.min(magnitude, k.ERF_MOST), ERF_LARGE)));
  return x < 0 ? -large : large;
}

/** min(1, max(0, slope x + offset)). */
function hardSigmoid(x: number, slope: number, offset: number): number {
  const line = f32(f32(slope * x) + offset);
  return clamp(line, 0, 1);
}

/** Horner's rule, every step rounded to float32; `coefficients` from the constant up. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = coefficients[coefficients.length - 1] as number;
  for (let i = coefficients.length - 2; i >= 0; i--) sum = f32(f32(sum * x) + (coefficients[i] as number));
  return sum;
}

const EXP = [k.EXP_0, k.EXP_1, k.EXP_2, k.EXP_3, k.EXP_4];
const LOG = [k.LOG_0, k.LOG_1, k.LOG_2, k.LOG_3, k.LOG_4, k.LOG_5, k.LOG_6, k.LOG_7];
const TANH = [k.TANH_0, k.TANH_1, k.TANH_2, k.TANH_3, k.TANH_4];
const ERF_SMALL = [
  k.ERF_SMALL_0,
  k.ERF_SMALL_1,
  k.ERF_SMALL_2,
  k.ERF_SMALL_3,
  k.ERF_SMALL_4,
  k.ERF_SMALL_5,
  k.ERF_SMALL_6,
];
const ERF_LARGE = [
  k.ERF_LARGE_0,
  k.ERF_LARGE_1,
  k.ERF_LARGE_2,
  k.ERF_LARGE_3,
  k.ERF_LARGE_4,
  k.ERF_LARGE_5,
  k.ERF_LARGE_6,
];
