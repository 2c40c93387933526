import type { Tensor } from '../base/tensor.ts';
import { activate, fusedActivation } from './fusedActivation.ts';
import { gemmOps } from './gemm.ts';
import { type AttributeSpecs, type AttributeValues, defineOp, type OpDef } from './opDef.ts';

const gemm = gemmOps.at(-1) as OpDef; // Gemm with an optional C

const ACTIVATION = {
  activation: { kind: 'string', default: '' },
  activation_alpha: { kind: 'float' },
  activation_beta: { kind: 'float' },
  activation_gamma: { kind: 'float' }, // of no activation that is fused
} as const;

/**
 * y = activation(alpha A B + beta C). What `passes/unfuse` knows the activation of runs as Gemm.
 *
 * @source ONNX Runtime, com.microsoft.FusedGemm.
 */
const fusedGemm = defineOp<typeof ACTIVATION & AttributeSpecs, unknown>({
  type: 'FusedGemm',
  domain: 'com.microsoft',
  since: 1,
  arity: [2, 3],
  attributes: { ...gemm.attributes, ...ACTIVATION },
  layout: { kind: 'plain' },
  infer: (context) => {
    activationOf(context.attributes, context.fail);
    return gemm.infer(context as never); // has Gemm's attributes and inputs
  },
  prepare: (context) => gemm.prepare?.(context as never), // as above
  run: (context) => {
    const activation = activationOf(context.attributes, context.fail);
    const [y] = gemm.run({ ...context, clamp: activation.clamp } as never) as [Tensor]; // as above
    return [activate(context.kernels, y, activation)];
  },
  quant: () => ({ kind: 'float', why: 'Its activation is none that can be taken apart from the product.' }),
  macs: (inputs, outputs, attributes) => gemm.macs?.(inputs, outputs, attributes) ?? NaN,
});

function activationOf(attributes: AttributeValues<typeof ACTIVATION>, fail: (message: string) => never) {
  const { activation, activation_alpha: alpha, activation_beta: beta } = attributes;
  return fusedActivation(activation, [alpha, beta]) ?? fail(`activation ${activation} is not known`);
}

/** Matrix products with fused neighbours. */
export const fusedGemmOps: readonly OpDef[] = [fusedGemm];
