import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { countOf, dimsOfRank, sameDim } from './facts.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';

const ATTRIBUTES = {
  activation: { kind: 'string', default: 'none' },
  ndim: { kind: 'int', default: 1 }, // com.microsoft only, as is
  state_window: { kind: 'int', default: 0 },
} as const;

const silu = (x: number) => x / (1 + Math.exp(-x));

const ACTIVATIONS: Readonly<Record<string, (x: number) => number>> = { none: (x) => x, silu, swish: silu };

/**
 * A depthwise convolution over [B, C, L] that sees the present and what came before: `past_state` [B, C, k - 1], or
 * zeros. Its second output is the state after the last element.
 *
 * @source ONNX CausalConvWithState-27; that of ONNX Runtime's com.microsoft domain may have more dimensions or keep more
 * states, which is refused.
 */
function causalConv(domain: '' | 'com.microsoft', since: number): OpDef {
  return defineOp({
    type: 'CausalConvWithState',
    domain,
    since,
    arity: [2, 4],
    attributes: ATTRIBUTES,
    layout: { kind: 'plain' },
    infer: inferCausalConv,
    run: runCausalConv,
    quant: () => ({ kind: 'float', why: 'Its state is fed back, which adds up the errors of codes.' }),
    macs: (inputs, outputs) => (countOf(outputs[0]?.dims) ?? NaN) * (countOf(inputs[1]?.dims?.slice(2)) ?? NaN),
  });
}

function inferCausalConv(context: InferContext<typeof ATTRIBUTES>): TensorFact[] {
  const { activation, ndim, state_window } = context.attributes;
  if (ndim !== 1 || state_window !== 0) context.fail('only ndim 1 and state_window 0 are supported');
  if (ACTIVATIONS[activation] === undefined) {
    context.fail(`activation ${activation} is not one of ${Object.keys(ACTIVATIONS).join(', ')}`);
  }
  const { dtype } = context.input(0);
  const [x, w] = [dimsOfRank(context, 0, 3), dimsOfRank(context, 1, 3)];
  const state = stateDims(context, x, w);
  return [
    { dtype, dims: x },
    { dtype, dims: state },
  ].slice(0, Math.max(1, context.outputCount));
}

function stateDims(
  context: InferContext<typeof ATTRIBUTES>,
  x: readonly Dim[] | undefined,
  w: readonly Dim[] | undefined,
): readonly Dim[] | undefined {
  if (x === undefined || w === undefined) return undefined;
  const [batch, channels] = x as [Dim, Dim, Dim];
  sameDim(context, channels, w[0] as Dim, 'channels of the input and the weight');
  sameDim(context, 1, w[1] as Dim, `the second dim of the weight ${formatDims(w)}`);
  const taps = w[2] as Dim;
  const before = typeof taps === 'number' ? taps - 1 : context.symbol('state');
  const past = context.inputs[3]?.dims;
  if (past !== undefined) {
    if (past.length !== 3) context.fail(`past_state has shape ${formatDims(past)}, expected rank 3`);
    sameDim(context, before, past[2] as Dim, 'length of past_state and taps before the present one');
  }
  return [batch, channels, before];
}

function runCausalConv(context: RunContext<typeof ATTRIBUTES>): Tensor[] {
  const [x, w] = [context.input(0), context.input(1)];
  const [, , bias, past] = context.inputs;
  const [batch, channels, length] = x.dims as [number, number, number];
  const taps = w.dims[2] as number;
  const before = taps - 1;
  const activation = ACTIVATIONS[context.attributes.activation] as (x: number) => number; // infer checked the name
  const out = context.output(0, x.dtype, x.dims);
  const present = context.outputCount > 1 ? context.output(1, x.dtype, [batch, channels, before]) : undefined;
  const [from, weights, to] = [numbersOf(x), numbersOf(w), numbersOf(out)];
  const sequence = context.scratch('float64', before + length);
  for (let row = 0; row < batch * channels; row++) {
    for (let i = 0; i < before; i++)
      sequence[i] = past === undefined ? 0 : (numbersOf(past)[row * before + i] as number);
    for (let i = 0; i < length; i++) sequence[before + i] = from[row * length + i] as number;
    const c = row % channels;
    const start = bias === undefined ? 0 : (numbersOf(bias)[c] as number);
    for (let t = 0; t < length; t++) {
      let sum = start;
      for (let k = 0; k < taps; k++) sum += (weights[c * taps + k] as number) * (sequence[t + k] as number);
      to[row * length + t] = activation(sum);
    }
    if (present !== undefined) {
      for (let i = 0; i < before; i++) numbersOf(present)[row * before + i] = sequence[length + i] as number;
    }
  }
  return present === undefined ? [stored(out)] : [stored(out), stored(present)];
}

/** Convolutions that carry a state from one run to the next. */
export const causalConvOps: readonly OpDef[] = [causalConv('', 27), causalConv('com.microsoft', 1)];
