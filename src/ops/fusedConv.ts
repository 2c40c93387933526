import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { convOps } from './conv.ts';
import { sameDim } from './facts.ts';
import { activate, type FusedActivation, fusedActivation } from './fusedActivation.ts';
import { numbersOf, stored } from './numbers.ts';
import { type AttributeSpecs, type AttributeValues, defineOp, type OpDef } from './opDef.ts';

const conv = convOps[0] as OpDef; // Conv

const ACTIVATION = {
  activation: { kind: 'string', default: '' },
  activation_params: { kind: 'floats', default: [] },
} as const;

/**
 * y = activation(conv(x, w) + bias + z): Conv with what ONNX Runtime's optimizer fused into it; z (input 3) has y's
 * shape. What `passes/unfuse` knows the activation of runs as Conv.
 *
 * @source ONNX Runtime, com.microsoft.FusedConv.
 */
const fusedConv = defineOp<typeof ACTIVATION & AttributeSpecs, unknown>({
  type: 'FusedConv',
  domain: 'com.microsoft',
  since: 1,
  arity: [2, 4],
  attributes: { ...conv.attributes, ...ACTIVATION },
  layout: { kind: 'nhwc', inputs: [0, 3] },
  infer: (context) => {
    activationOf(context.attributes, context.fail);
    const facts = conv.infer(context as never); // has Conv's attributes and inputs
    const [y, z] = [facts[0]?.dims, context.inputs[3]?.dims];
    if (y !== undefined && z !== undefined) {
      if (y.length !== z.length) context.fail(`z has shape ${formatDims(z)}, expected ${formatDims(y)}`);
      z.forEach((d, i) => {
        sameDim(context, y[i] as typeof d, d, `dim ${i} of the result and z`);
      });
    }
    return facts;
  },
  prepare: (context) => conv.prepare?.(context as never), // as above
  run: (context) => {
    const activation = activationOf(context.attributes, context.fail);
    const z = context.inputs[3];
    const clamp = z === undefined ? activation.clamp : { lo: -Infinity, hi: Infinity };
    const [y] = conv.run({ ...context, clamp } as never) as [Tensor]; // as above
    return [activate(context.kernels, z === undefined ? y : added(y, z, activation), activation)];
  },
  quant: () => ({ kind: 'float', why: 'Its activation is none that can be taken apart from the convolution.' }),
  macs: (inputs, outputs, attributes) => conv.macs?.(inputs, outputs, attributes) ?? NaN,
});

function activationOf(
  attributes: AttributeValues<typeof ACTIVATION>,
  fail: (message: string) => never,
): FusedActivation {
  const { activation, activation_params: parameters } = attributes;
  return fusedActivation(activation, parameters) ?? fail(`activation ${activation} is not known`);
}

/** y + z, clamped, in place. */
function added(y: Tensor, z: Tensor, { clamp }: FusedActivation): Tensor {
  const [sum, other] = [numbersOf(y), numbersOf(z)];
  for (let i = 0; i < sum.length; i++) {
    sum[i] = Math.min(Math.max((sum[i] as number) + (other[i] as number), clamp.lo), clamp.hi);
  }
  return stored(y);
}

/** Convolutions with fused neighbours. */
export const fusedConvOps: readonly OpDef[] = [fusedConv];
