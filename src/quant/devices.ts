import type { GeneralChoice } from './choices.ts';
import type { ActivationKind } from './lite.ts';

export type Device = 'CPU' | 'KIRIN' | 'NVGPU' | 'DSP' | 'ASCEND';

/** What MindSpore Lite quantizes for a device, and to which codes. */
export interface DeviceRules {
  /** Primitives that are quantized; `all` with a float32 output. */
  readonly primitives: ReadonlySet<string> | 'all';
  /** Kinds of Activation that are quantized, where Activation is. */
  readonly activations: ReadonlySet<ActivationKind> | 'all';
  /** Primitives whose constants have parameters per channel, where the config asks for it. */
  readonly perChannel: ReadonlySet<string>;
  readonly codes: Pick<
    GeneralChoice,
    'activationType' | 'activationSymmetry' | 'weightSymmetry' | 'perLayerWeightSymmetry' | 'floatWeights'
  >;
  /** Whether biases are corrected where the config asks for it. */
  readonly correctsBiases: boolean;
}

const SIGNED: DeviceRules['codes'] = {
  activationType: 'int8',
  activationSymmetry: 'asymmetric',
  weightSymmetry: 'symmetric',
  perLayerWeightSymmetry: 'asymmetric',
  floatWeights: false,
};

const NONE: ReadonlySet<ActivationKind> = new Set();

/** @source MindSpore Lite, tools/converter/quantizer, commit 2b2887057ebe. */
export const DEVICES: Readonly<Record<Device, DeviceRules>> = {
  CPU: {
    primitives: new Set(['Conv2D', 'FullConnection', 'MatMul', 'Reshape', 'Transpose', 'Shape', 'Unsqueeze']),
    activations: NONE,
    perChannel: new Set(['Conv2D', 'ConvTranspose2D', 'MatMul', 'FullConnection', 'LayerNorm']),
    codes: SIGNED,
    correctsBiases: true,
  },
  KIRIN: {
    primitives: new Set(['Conv2D', 'FullConnection']),
    activations: NONE,
    perChannel: new Set(['Conv2D']),
    codes: { ...SIGNED, activationType: 'uint8' },
    correctsBiases: false,
  },
  NVGPU: {
    primitives: new Set(['Conv2D', 'MatMul', 'Activation', 'ConvTranspose2D']),
    activations: 'all',
    perChannel: new Set(),
    codes: { ...SIGNED, activationSymmetry: 'symmetric', floatWeights: true },
    correctsBiases: false,
  },
  DSP: {
    primitives: 'all',
    activations: new Set(['Relu', 'Relu6', 'Sigmoid', 'Tanh']),
    perChannel: new Set(['Conv2D', 'ConvTranspose2D']),
    codes: SIGNED,
    correctsBiases: true,
  },
  ASCEND: {
    primitives: new Set(['Conv2D', 'MatMul']),
    activations: NONE,
    perChannel: new Set(['Conv2D', 'MatMul']),
    codes: { ...SIGNED, perLayerWeightSymmetry: 'symmetric' },
    correctsBiases: true,
  },
};
