import type { Facts } from '../graph/fact.ts';
import type { Node } from '../graph/model.ts';

/** Kinds of MindSpore Lite's primitive Activation. */
export type ActivationKind =
  | 'Relu'
  | 'Relu6'
  | 'HSwish'
  | 'Sigmoid'
  | 'Tanh'
  | 'LeakyRelu'
  | 'Elu'
  | 'HSigmoid'
  | 'Softplus'
  | 'Gelu'
  | 'Selu'
  | 'Mish'
  | 'Celu';

/** What converter_lite makes of an ONNX node: the name of a primitive, and the kind of an Activation. */
export interface LitePrimitive {
  readonly type: string;
  readonly kind?: ActivationKind;
}

const ACTIVATIONS: Readonly<Record<string, ActivationKind>> = {
  Relu: 'Relu',
  HardSwish: 'HSwish',
  Sigmoid: 'Sigmoid',
  Tanh: 'Tanh',
  LeakyRelu: 'LeakyRelu',
  Elu: 'Elu',
  HardSigmoid: 'HSigmoid',
  Softplus: 'Softplus',
  Gelu: 'Gelu',
  Selu: 'Selu',
  Mish: 'Mish',
  Celu: 'Celu',
};

const RENAMED: Readonly<Record<string, string>> = {
  Gemm: 'FullConnection',
  LayerNormalization: 'LayerNorm',
  Flatten: 'Reshape',
};

/** The primitive of a node; one that converter_lite does not rename has its ONNX name. */
export function primitiveOf(node: Node, facts: Facts): LitePrimitive {
  const kind = node.domain === '' ? ACTIVATIONS[node.opType] : undefined;
  if (kind !== undefined) return { type: 'Activation', kind };
  if (node.opType === 'Clip' && isBetween(node, facts, 0, 6)) return { type: 'Activation', kind: 'Relu6' };
  if (node.opType === 'Conv' || node.opType === 'ConvTranspose') {
    const weight = node.inputs[1];
    const rank = weight === undefined ? undefined : facts.get(weight)?.dims?.length;
    return {
      type: rank === undefined ? node.opType : `${node.opType === 'Conv' ? 'Conv' : 'ConvTranspose'}${rank - 2}D`,
    };
  }
  return { type: RENAMED[node.opType] ?? node.opType };
}

/** Whether a Clip has just these constant bounds. */
function isBetween(node: Node, facts: Facts, lo: number, hi: number): boolean {
  const bound = (name: string, index: number): number | undefined => {
    const attribute = node.attributes.get(name);
    if (attribute?.kind === 'float') return attribute.value;
    const id = node.inputs[index];
    const constant = id === undefined ? undefined : facts.get(id)?.constant;
    return constant === undefined ? undefined : Number((constant.data as ArrayLike<number>)[0]);
  };
  return bound('min', 1) === lo && bound('max', 2) === hi;
}
