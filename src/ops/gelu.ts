import type { Tensor } from '../base/tensor.ts';
import type { UnaryOp } from '../kernels/kernelSet.ts';
import { zipBroadcast } from './broadcast.ts';
import { type Inferring, sameDim } from './facts.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';
import { erf } from './special.ts';
import { defineUnary, mapTensor } from './unary.ts';

/** x P(X <= x) for a standard normal X. */
export function geluErf(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** The approximation of {@link geluErf} by tanh. @source Hendrycks and Gimpel 2016, section 2. */
export function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
}

/** Gelu of x plus a bias along the last dimension; the bias is optional for FastGelu. */
function biasGelu(type: 'BiasGelu' | 'FastGelu', op: 'gelu' | 'geluTanh'): OpDef {
  const f = op === 'gelu' ? geluErf : geluTanh;
  return defineOp({
    type,
    domain: 'com.microsoft',
    since: 1,
    arity: [type === 'BiasGelu' ? 2 : 1, 2],
    attributes: {},
    layout: { kind: 'plain' },
    infer: (context) => {
      checkBias(context, context.inputs[1] === undefined ? undefined : 1);
      return [{ dtype: context.input(0).dtype, dims: context.input(0).dims }];
    },
    run: (context) => [
      context.inputs[1] === undefined ? mapTensor(context, f, undefined, { op }) : mapBiased(context, f, op),
    ],
    quant: () => ({ kind: 'observed' }),
  });
}

/** Fails unless input `index`, a bias, has the length of input 0's last dimension. */
export function checkBias(context: Inferring, index: number | undefined): void {
  const bias = index === undefined ? undefined : context.input(index).dims;
  const last = context.input(0).dims?.at(-1);
  if (bias === undefined || last === undefined) return;
  if (bias.length !== 1) context.fail(`the bias has rank ${bias.length}, expected 1`);
  sameDim(context, bias[0] as typeof last, last, 'length of the bias and last dimension');
}

function mapBiased(context: RunContext<AttributeSpecs>, f: (x: number) => number, op: UnaryOp): Tensor {
  const [x, bias] = [context.input(0), context.input(1)];
  const out = context.output(0, x.dtype, x.dims);
  if (isFloat32Stored(x.dtype)) {
    const [y, width] = [floatsOf(out), bias.data.length];
    context.kernels.binaryF32('add', floatsOf(x), floatsOf(bias), y, width === 0 ? 0 : y.length / width, width);
    context.kernels.unaryF32(op, y, y);
    return stored(out, context.kernels);
  }
  const dims = { a: x.dims, b: bias.dims, out: x.dims };
  zipBroadcast(dims, numbersOf(x), numbersOf(bias), numbersOf(out), (v, b) => f(v + b));
  return stored(out, context.kernels);
}

/** The Gaussian error linear unit: ONNX's, and those that ONNX Runtime's optimizer writes. */
export const geluOps: readonly OpDef[] = [
  defineUnary({
    type: 'Gelu',
    since: 20,
    attributes: { approximate: { kind: 'string', default: 'none' } },
    scalar: ({ approximate }) => (approximate === 'tanh' ? geluTanh : geluErf),
    kernel: ({ approximate }) => ({ op: approximate === 'tanh' ? 'geluTanh' : 'gelu' }),
  }),
  defineUnary({
    type: 'Gelu',
    domain: 'com.microsoft',
    since: 1,
    scalar: () => geluErf,
    kernel: () => ({ op: 'gelu' }),
  }),
  defineUnary({
    type: 'QuickGelu',
    domain: 'com.microsoft',
    since: 1,
    attributes: { alpha: { kind: 'float', default: 1.702 } },
    scalar:
      ({ alpha }) =>
      (x) =>
        x / (1 + Math.exp(-alpha * x)),
    kernel: ({ alpha }) => ({ op: 'swish', alpha }),
  }),
  biasGelu('BiasGelu', 'gelu'),
  biasGelu('FastGelu', 'geluTanh'),
];
