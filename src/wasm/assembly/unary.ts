import { celu, elu, erf, exp, gelu, geluTanh, hardSigmoid, hardSwish, log, sigmoid, tanh, where0 } from './functions';
import { clampF32x4, storePart32 } from './vector';

const ABS = 0;
const NEG = 1;
const FLOOR = 2;
const CEIL = 3;
const ROUND = 4;
const SQRT = 5;
const RECIPROCAL = 6;
const SQUARE = 7;
const EXP = 8;
const LOG = 9;
const SIGMOID = 10;
const TANH = 11;
const ERF = 12;
const GELU = 13;
const GELU_TANH = 14;
const SWISH = 15;
const HARD_SIGMOID = 16;
const HARD_SWISH = 17;
const LEAKY_RELU = 18;
const ELU = 19;
const SELU = 20;
const CELU = 21;
const PLUS = 23;
const MINUS_FROM = 24;
const TIMES = 25;
const OVER = 26;
const UNDER = 27;
const AFFINE = 28;
const HARD_GATE = 29;

// @ts-ignore: decorator
@inline
function apply(OP: i32, x: v128, a: v128, b: v128): v128 {
  if (OP == ABS) return f32x4.abs(x);
  if (OP == NEG) return f32x4.neg(x);
  if (OP == FLOOR) return f32x4.floor(x);
  if (OP == CEIL) return f32x4.ceil(x);
  if (OP == ROUND) return f32x4.nearest(x);
  if (OP == SQRT) return f32x4.sqrt(x);
  if (OP == RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (OP == SQUARE) return f32x4.mul(x, x);
  if (OP == EXP) return exp(x);
  if (OP == LOG) return log(x);
  if (OP == SIGMOID) return sigmoid(x);
  if (OP == TANH) return tanh(x);
  if (OP == ERF) return erf(x);
  if (OP == GELU) return gelu(x);
  if (OP == GELU_TANH) return geluTanh(x);
  if (OP == SWISH) return f32x4.mul(x, sigmoid(f32x4.mul(a, x)));
  if (OP == HARD_SIGMOID) return hardSigmoid(x, a, b);
  if (OP == HARD_SWISH) return hardSwish(x);
  if (OP == LEAKY_RELU) return where0(x, f32x4.mul(a, x));
  if (OP == ELU) return elu(x, a);
  if (OP == SELU) return f32x4.mul(b, elu(x, a));
  if (OP == CELU) return celu(x, a);
  if (OP == PLUS) return f32x4.add(x, a);
  if (OP == MINUS_FROM) return f32x4.sub(a, x);
  if (OP == TIMES) return f32x4.mul(x, a);
  if (OP == OVER) return f32x4.div(x, a);
  if (OP == UNDER) return f32x4.div(a, x);
  if (OP == AFFINE) return f32x4.add(f32x4.mul(x, a), b);
  return f32x4.div(f32x4.mul(x, clampF32x4(f32x4.add(x, a), f32x4.splat(0), b)), b);
}

// @ts-ignore: decorator
@inline
function mapF32(OP: i32, x: usize, out: usize, count: i32, alpha: f32, beta: f32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  let i = count;
  for (; i >= 4; i -= 4) {
    v128.store(out, apply(OP, v128.load(x), a, b));
    x += 16;
    out += 16;
  }
  if (i > 0) {
    const last = apply(OP, v128.load(x), a, b);
    storePart32(out, last, last, i);
  }
}

// out[i] = f(x[i]); see `FloatKernels.unaryF32`. An export each: cases of one switch become one loop that asks for the
// function inside, and constants of many functions in one do not fit the registers.

export function absF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(ABS, x, out, count, a, b);
}

export function negF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(NEG, x, out, count, a, b);
}

export function floorF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(FLOOR, x, out, count, a, b);
}

export function ceilF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(CEIL, x, out, count, a, b);
}

export function roundF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(ROUND, x, out, count, a, b);
}

export function sqrtF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(SQRT, x, out, count, a, b);
}

export function reciprocalF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(RECIPROCAL, x, out, count, a, b);
}

export function squareF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(SQUARE, x, out, count, a, b);
}

export function expF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(EXP, x, out, count, a, b);
}

export function logF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(LOG, x, out, count, a, b);
}

export function sigmoidF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(SIGMOID, x, out, count, a, b);
}

export function tanhF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(TANH, x, out, count, a, b);
}

export function erfF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(ERF, x, out, count, a, b);
}

export function geluF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(GELU, x, out, count, a, b);
}

export function geluTanhF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(GELU_TANH, x, out, count, a, b);
}

export function swishF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(SWISH, x, out, count, a, b);
}

export function hardSigmoidF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(HARD_SIGMOID, x, out, count, a, b);
}

export function hardSwishF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(HARD_SWISH, x, out, count, a, b);
}

export function leakyReluF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(LEAKY_RELU, x, out, count, a, b);
}

export function eluF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(ELU, x, out, count, a, b);
}

export function seluF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(SELU, x, out, count, a, b);
}

export function celuF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(CELU, x, out, count, a, b);
}

export function plusF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(PLUS, x, out, count, a, b);
}

export function minusFromF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(MINUS_FROM, x, out, count, a, b);
}

export function timesF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(TIMES, x, out, count, a, b);
}

export function overF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(OVER, x, out, count, a, b);
}

export function underF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(UNDER, x, out, count, a, b);
}

export function affineF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(AFFINE, x, out, count, a, b);
}

export function hardGateF32(x: usize, out: usize, count: i32, a: f32, b: f32): void {
  mapF32(HARD_GATE, x, out, count, a, b);
}
