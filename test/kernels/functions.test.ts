import { beforeAll, describe, expect, it } from 'vitest';
import { unaryFunction } from '../../src/kernels/js/functions.ts';
import type { KernelSet, UnaryOp } from '../../src/kernels/kernelSet.ts';
import { erf } from '../../src/ops/special.ts';
import { wasmKernels } from './engines.ts';

/** Every so many bit patterns of float32: some 100,000 of them, of all exponents, NaN among them. */
const STRIDE = 40_009;
const SPECIALS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -0.5,
  -2.5,
  Infinity,
  -Infinity,
  NaN,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
];
const EDGES = [
  0.625, 88, 88.5, -87.9, -88.37625, -88.3763, 88.722839, 88.72284, 89, -87.33655, -103.27893, -103.9721, -104,
  3.9999998, 4, 8388608.5, 0.70710677,
];

/** What a function is in real numbers, and how far its float32 form may be from it. */
interface Case {
  readonly op: UnaryOp;
  readonly alpha?: number;
  readonly beta?: number;
  readonly exact: (x: number) => number;
  /** In units of the last place of the result. */
  readonly ulps: number;
  /** Beside it, relative to the argument: where 1 is added to something close to -1. */
  readonly ofArgument?: number;
  /** Beside it, as such: where what is smaller becomes 0. */
  readonly absolute?: number;
}

const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const hardSigmoid = (x: number) => Math.max(0, Math.min(1, Math.fround(0.2) * x + 0.5));
const CASES: readonly Case[] = [
  { op: 'abs', exact: Math.abs, ulps: 0 },
  { op: 'neg', exact: (x) => -x, ulps: 0 },
  { op: 'floor', exact: Math.floor, ulps: 0 },
  { op: 'ceil', exact: Math.ceil, ulps: 0 },
  { op: 'round', exact: halfToEven, ulps: 0 },
  { op: 'sqrt', exact: Math.sqrt, ulps: 0.5 },
  { op: 'reciprocal', exact: (x) => 1 / x, ulps: 0.5 },
  { op: 'square', exact: (x) => x * x, ulps: 0.5 },
  { op: 'exp', exact: Math.exp, ulps: 1 },
  { op: 'log', exact: Math.log, ulps: 1 },
  { op: 'sigmoid', exact: sigmoid, ulps: 2.5, absolute: 2 ** -127 },
  { op: 'tanh', exact: Math.tanh, ulps: 2 },
  { op: 'erf', exact: erf, ulps: 1.5 },
  { op: 'leakyRelu', alpha: 0.1, exact: (x) => (x < 0 ? Math.fround(0.1) * x : x), ulps: 0.5 },
  { op: 'elu', alpha: 1, exact: (x) => (x < 0 ? Math.expm1(x) : x), ulps: 1.5 },
  { op: 'selu', alpha: 2, beta: 1.5, exact: (x) => 1.5 * (x < 0 ? 2 * Math.expm1(x) : x), ulps: 2.5 },
  { op: 'celu', alpha: 2, exact: (x) => (x < 0 ? 2 * Math.expm1(x / 2) : x), ulps: 2.5 },
  { op: 'hardSigmoid', alpha: 0.2, beta: 0.5, exact: hardSigmoid, ulps: 0.5, ofArgument: 2 ** -24 },
  { op: 'hardSwish', exact: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)), ulps: 1, ofArgument: 2 ** -23 },
  { op: 'clamp', alpha: -1, beta: 6, exact: (x) => (Number.isNaN(x) ? x : Math.max(-1, Math.min(6, x))), ulps: 0 },
  { op: 'plus', alpha: 3, exact: (x) => x + 3, ulps: 0.5 },
  { op: 'minusFrom', alpha: 3, exact: (x) => 3 - x, ulps: 0.5 },
  { op: 'times', alpha: 3, exact: (x) => x * 3, ulps: 0.5 },
  { op: 'over', alpha: 6, exact: (x) => x / 6, ulps: 0.5 },
  { op: 'under', alpha: 6, exact: (x) => 6 / x, ulps: 0.5 },
  { op: 'affine', alpha: 3, beta: 0, exact: (x) => x * 3, ulps: 0.5 },
  { op: 'affine', alpha: 3, beta: -1, exact: (x) => x * 3 - 1, ulps: 0.5, ofArgument: 3 * 2 ** -24 },
  {
    op: 'hardGate',
    alpha: 3,
    beta: 6,
    exact: (x) => Math.fround(x * Math.max(0, Math.min(6, x + 3))) / 6, // the product may overflow
    ulps: 2.5,
  },
  { op: 'swish', alpha: 1, exact: (x) => x * sigmoid(x), ulps: 3, ofArgument: 2 ** -127 },
  { op: 'gelu', exact: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), ulps: 2, ofArgument: 2 ** -23 },
  {
    op: 'geluTanh',
    exact: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
    ulps: 2,
    ofArgument: 2 ** -22,
  },
];

let kernels: KernelSet;
let arguments_: Float32Array;
let results: Float32Array;

beforeAll(async () => {
  kernels = await wasmKernels();
  const count = Math.floor(2 ** 32 / STRIDE);
  const all = [...Float32Array.from([...SPECIALS, ...EDGES])];
  const sample = new Float32Array(Uint32Array.from({ length: count }, (_, i) => i * STRIDE).buffer);
  arguments_ = kernels.memory.allocate('float32', count + all.length);
  arguments_.set(sample);
  arguments_.set(all, count);
  results = kernels.memory.allocate('float32', arguments_.length);
});

describe.each(CASES)('$op', ({ op, alpha, beta, exact, ulps, ofArgument = 0, absolute = 0 }) => {
  it('is the same in wasm and in JavaScript, bit for bit', () => {
    kernels.unaryF32(op, arguments_, results, alpha, beta);
    const f = unaryFunction(op, alpha, beta);
    const different = arguments_.findIndex((x, i) => !Object.is(f(x), results[i]));
    expect(different < 0 ? undefined : `${op}(${arguments_[different]}) = ${results[different]}`).toBeUndefined();
  });

  it('is as close to the real function as stated', () => {
    kernels.unaryF32(op, arguments_, results, alpha, beta);
    const wrong = arguments_.findIndex((x, i) => {
      const [real, y] = [exact(x), results[i] as number];
      if (!Number.isFinite(Math.fround(real)) || !Number.isFinite(y)) return !isSameOrRounds(real, y);
      return Math.abs(y - real) > ulps * unitInLastPlace(real) + Math.abs(x) * ofArgument + absolute;
    });
    const x = arguments_[wrong] as number;
    expect(wrong < 0 ? undefined : `${op}(${x}) = ${results[wrong]}, not ${exact(x)}`).toBeUndefined();
  });
});

it('unaryF32 works on any length, in place as well', () => {
  for (let length = 0; length < 20; length++) {
    const x = Float32Array.from({ length }, (_, i) => i / 7 - 1);
    const expected = x.map(unaryFunction('tanh'));
    kernels.unaryF32('tanh', x, x);
    expect(x).toEqual(expected);
  }
});

/** Equal infinities or NaN, or an overflow within a step of the largest float32. */
function isSameOrRounds(real: number, y: number): boolean {
  return Object.is(real, y) || (Math.abs(real) > 3.4028234e38 && Math.abs(y) > 3.4028234e38 && real > 0 === y > 0);
}

function unitInLastPlace(x: number): number {
  const magnitude = Math.abs(x);
  return magnitude < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

function halfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
