import { isBigInt } from '../base/dtype.ts';
import { type BroadcastDims, broadcastLevels, zipBroadcast } from './broadcast.ts';
import { dequantizeCode, tensorQuant } from './codes.ts';
import { broadcastFacts, knownNumbers } from './facts.ts';
import { asNumbers, bigintsOf, floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type IntegerContext, type OpDef, type RunContext } from './opDef.ts';
import { defineUnary, lookupForm, mapTensor } from './unary.ts';

const CLAMP = { kind: 'clamp' } as const;

const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x: number) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));
const hardSigmoid = (alpha: number, beta: number) => (x: number) => Math.max(0, Math.min(1, alpha * x + beta));

const alphaOf = (value: number) => ({ alpha: { kind: 'float', default: value } }) as const;

const relu = defineOp({
  type: 'Relu',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'any' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => [clamped(context, { lo: 0, hi: Infinity })],
  quant: () => CLAMP,
  integer: lookupForm(() => (x) => Math.max(x, 0)),
});

const clipAttributes = {
  min: { kind: 'float', default: -Infinity },
  max: { kind: 'float', default: Infinity },
} as const;

const clip6 = defineOp({
  type: 'Clip',
  domain: '',
  since: 6,
  arity: [1, 1],
  attributes: clipAttributes,
  layout: { kind: 'any' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => [clamped(context, { lo: context.attributes.min, hi: context.attributes.max })],
  quant: () => CLAMP,
  integer: lookupForm<typeof clipAttributes>(
    ({ attributes }) =>
      (x) =>
        Math.min(Math.max(x, attributes.min), attributes.max),
  ),
});

const clip11 = defineOp({
  type: 'Clip',
  domain: '',
  since: 11,
  arity: [1, 3],
  attributes: {},
  layout: { kind: 'any' },
  infer: (context) => [{ dtype: context.input(0).dtype, dims: context.input(0).dims }],
  run: (context) => {
    const [, min, max] = context.inputs;
    const x = context.input(0);
    if (isBigInt(x.dtype)) {
      const lo = min === undefined ? undefined : bigintsOf(min)[0];
      const hi = max === undefined ? undefined : bigintsOf(max)[0];
      return [
        mapTensor(
          context,
          (v) => v,
          (v) => bigMin(lo !== undefined && v < lo ? lo : v, hi),
        ),
      ];
    }
    return [
      clamped(context, {
        lo: min === undefined ? -Infinity : (numbersOf(min)[0] as number),
        hi: max === undefined ? Infinity : (numbersOf(max)[0] as number),
      }),
    ];
  },
  quant: () => CLAMP,
  integer: {
    ...lookupForm((context) => {
      const lo = boundOf(context, 1) ?? -Infinity;
      const hi = boundOf(context, 2) ?? Infinity;
      return (x) => Math.min(Math.max(x, lo), hi);
    }),
    floats: [1, 2],
    accepts: (context) => {
      const open = [1, 2].find((i) => context.inputs[i] !== undefined && boundOf(context, i) === undefined);
      if (open !== undefined) {
        return `Clip takes its ${open === 1 ? 'min' : 'max'} from another node; its integer form needs a constant.`;
      }
      return lookupForm(() => (x) => x).accepts(context);
    },
  },
});

/** The constant bound of input `index`, as a real number. */
function boundOf(context: IntegerContext<AttributeSpecs>, index: number): number | undefined {
  const [constant, q] = [context.constants[index], context.inputQuants[index]];
  if (constant === undefined) return knownNumbers(context.inputs[index])?.[0];
  const value = asNumbers(constant)[0] as number;
  return q === undefined ? value : dequantizeCode(value, tensorQuant(q));
}

function bigMin(x: bigint, hi: bigint | undefined): bigint {
  return hi !== undefined && x > hi ? hi : x;
}

function clamped<S extends AttributeSpecs>(
  context: RunContext<S>,
  range: { readonly lo: number; readonly hi: number },
) {
  const x = context.input(0);
  if (!isFloat32Stored(x.dtype)) {
    return mapTensor(
      context,
      (v) => Math.min(Math.max(v, range.lo), range.hi),
      (v) => (range.lo === 0 && v < 0n ? 0n : v),
    );
  }
  const out = context.output(0, x.dtype, x.dims);
  context.kernels.clampF32(floatsOf(x), floatsOf(out), { lo: Math.min(range.lo, range.hi), hi: range.hi });
  return stored(out, context.kernels);
}

/** PReLU: x where x >= 0, else slope * x; the slope broadcasts to x. */
function prelu(since: number): OpDef {
  return defineOp({
    type: 'PRelu',
    domain: '',
    since,
    arity: [2, 2],
    attributes: {},
    layout: { kind: 'any' },
    infer: (context) => {
      const x = context.input(0);
      broadcastFacts(context, x.dims, context.input(1).dims);
      return [{ dtype: x.dtype, dims: x.dims }];
    },
    run: (context) => {
      const x = context.input(0);
      const slope = context.input(1);
      const out = context.output(0, x.dtype, x.dims);
      const dims: BroadcastDims = { a: x.dims, b: slope.dims, out: x.dims };
      if ([x, slope].every((t) => isFloat32Stored(t.dtype))) {
        context.kernels.broadcastF32('prelu', floatsOf(x), floatsOf(slope), floatsOf(out), broadcastLevels(dims));
      } else zipBroadcast(dims, asNumbers(x), asNumbers(slope), numbersOf(out), (v, s) => (v < 0 ? v * s : v));
      return [stored(out, context.kernels)];
    },
    quant: () => ({ kind: 'observed' }),
  });
}

/** Activation functions: Relu, Clip, and the smooth and piecewise ones that a table of 256 entries replaces on codes. */
export const activationOps: readonly OpDef[] = [
  relu,
  clip6,
  clip11,
  prelu(7),
  defineUnary({
    type: 'LeakyRelu',
    since: 1,
    attributes: alphaOf(0.01),
    kernel: ({ alpha }) => ({ op: 'leakyRelu', alpha }),
    scalar:
      ({ alpha }) =>
      (x) =>
        x < 0 ? alpha * x : x,
  }),
  defineUnary({ type: 'Sigmoid', since: 1, scalar: () => sigmoid, kernel: () => ({ op: 'sigmoid' }) }),
  defineUnary({ type: 'Tanh', since: 1, scalar: () => Math.tanh, kernel: () => ({ op: 'tanh' }) }),
  defineUnary({
    type: 'HardSigmoid',
    since: 1,
    attributes: { alpha: { kind: 'float', default: 0.2 }, beta: { kind: 'float', default: 0.5 } },
    scalar: ({ alpha, beta }) => hardSigmoid(alpha, beta),
    kernel: ({ alpha, beta }) => ({ op: 'hardSigmoid', alpha, beta }),
  }),
  defineUnary({
    type: 'HardSwish',
    since: 14,
    kernel: () => ({ op: 'hardSwish' }),
    scalar: () => {
      const gate = hardSigmoid(1 / 6, 0.5);
      return (x) => x * gate(x);
    },
  }),
  defineUnary({
    type: 'Elu',
    since: 1,
    attributes: alphaOf(1),
    kernel: ({ alpha }) => ({ op: 'elu', alpha }),
    scalar:
      ({ alpha }) =>
      (x) =>
        x < 0 ? alpha * Math.expm1(x) : x,
  }),
  defineUnary({
    type: 'Celu',
    since: 12,
    attributes: alphaOf(1),
    kernel: ({ alpha }) => ({ op: 'celu', alpha }),
    scalar:
      ({ alpha }) =>
      (x) =>
        Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)),
  }),
  defineUnary({
    type: 'Selu',
    since: 6,
    attributes: {
      alpha: { kind: 'float', default: 1.6732632423543772 },
      gamma: { kind: 'float', default: 1.0507009873554805 },
    },
    kernel: ({ alpha, gamma }) => ({ op: 'selu', alpha, beta: gamma }),
    scalar:
      ({ alpha, gamma }) =>
      (x) =>
        gamma * (x > 0 ? x : alpha * Math.expm1(x)),
  }),
  defineUnary({
    type: 'ThresholdedRelu',
    since: 1,
    attributes: alphaOf(1),
    scalar:
      ({ alpha }) =>
      (x) =>
        x > alpha ? x : 0,
  }),
  defineUnary({
    type: 'Shrink',
    since: 9,
    attributes: { bias: { kind: 'float', default: 0 }, lambd: { kind: 'float', default: 0.5 } },
    scalar:
      ({ bias, lambd }) =>
      (x) =>
        x < -lambd ? x + bias : x > lambd ? x - bias : 0,
  }),
  defineUnary({ type: 'Softplus', since: 1, scalar: () => softplus }),
  defineUnary({ type: 'Softsign', since: 1, scalar: () => (x) => x / (1 + Math.abs(x)) }),
  defineUnary({ type: 'Mish', since: 18, scalar: () => (x) => x * Math.tanh(softplus(x)) }),
  defineUnary({
    type: 'Swish',
    since: 24,
    attributes: alphaOf(1),
    kernel: ({ alpha }) => ({ op: 'swish', alpha }),
    scalar:
      ({ alpha }) =>
      (x) =>
        x * sigmoid(alpha * x),
  }),
];
