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
 * y = activation(conv(x, w) + bias + z): Conv with what ONNX Runtime's optimizer fused into it; z (input 3) has y's shape.
 *
 * @source ONNX Runtime, com.microsoft.FusedConv.
 */
const fusedConv = defineOp<typeof ACTIVATION & AttributeSpecs, unknown, unknown>({
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
  quant: (attributes) => conv.quant(attributes),
  integer: {
    accepts: (context) => {
      if (context.inputs[3] !== undefined) return 'A convolution that another tensor is added to has no integer form.';
      const activation = fusedActivation(context.attributes.activation, context.attributes.activation_params);
      if (activation?.f !== undefined)
        return `A convolution with a fused ${context.attributes.activation} has no integer form.`;
      return conv.integer?.accepts(context as never) ?? 'invariant: Conv has an integer form';
    },
    prepare: (context) => {
      const { clamp } = activationOf(context.attributes, unchecked);
      return conv.integer?.prepare({ ...context, clamp } as never); // as above
    },
    run: (context) => conv.integer?.run(context as never) ?? [],
  },
  macs: (inputs, outputs, attributes) => conv.macs?.(inputs, outputs, attributes) ?? NaN,
});

function activationOf(
  attributes: AttributeValues<typeof ACTIVATION>,
  fail: (message: string) => never,
): FusedActivation {
  const { activation, activation_params: parameters } = attributes;
  return fusedActivation(activation, parameters) ?? fail(`activation ${activation} is not known`);
}

function unchecked(message: string): never {
  throw new Error(`invariant: infer checked that ${message}`);
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
