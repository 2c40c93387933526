import type { Node } from '../graph/model.ts';
import type { BiasRule } from './plan.ts';
import type { PlanDraft } from './planDraft.ts';
import type { ArithmeticName } from './qparams.ts';

/**
 * How a target treats an operator it quantizes.
 * `weighted`: integer product with a constant weight. `clamp`: folds into a quantized producer, else like `observed`.
 * `shares`: output takes the input's parameters, quantized only if the input is. `observed`: all float inputs and
 * outputs have parameters of their own. `normalization`: like `weighted` with the scale as weight. `unitRange`: like
 * `observed`, but the output's range is known to be [0, 1]. `reads`: takes codes where there are some; its output has none.
 */
export type Treatment = 'weighted' | 'normalization' | 'clamp' | 'shares' | 'observed' | 'unitRange' | 'reads';

/** How a node is treated, or why it stays float. */
export type Selection =
  | {
      readonly treatment: Treatment;
      /** Its constants have one scale each, whatever the config says. */
      readonly perLayer?: boolean;
    }
  | { readonly float: string };

/** What a target quantizes, and how. */
export interface Target {
  /** As reasons name it. */
  readonly name: string;
  readonly arithmetic: ArithmeticName;
  readonly biases: BiasRule;
  /** Where a float value is read in codes: all its consumers read those, or just the edges that want codes. */
  readonly castsAt: 'value' | 'edge';
  treatmentOf(node: Node, draft: PlanDraft): Selection;
  /** The clamp behind a product that runs as its activation: codes are made of its output alone. */
  fusedClamp?(node: Node, draft: PlanDraft): Node | undefined;
}

/**
 * What ONNX Runtime's QDQ quantizer handles by default.
 * @source ONNX Runtime 1.30, quantize_static with QuantFormat.QDQ.
 */
export const ONNXRUNTIME_OPERATORS: Readonly<Record<string, Treatment>> = {
  ArgMax: 'observed',
  Add: 'observed',
  AveragePool: 'shares',
  BatchNormalization: 'normalization',
  Clip: 'clamp',
  Concat: 'observed',
  Conv: 'weighted',
  ConvTranspose: 'weighted',
  Flatten: 'shares',
  Gather: 'shares',
  Gemm: 'weighted',
  GlobalAveragePool: 'observed',
  InstanceNormalization: 'normalization',
  LayerNormalization: 'normalization',
  LeakyRelu: 'observed',
  MatMul: 'weighted',
  MaxPool: 'shares',
  Mul: 'observed',
  Pad: 'shares',
  Relu: 'clamp',
  Reshape: 'shares',
  Resize: 'shares',
  Sigmoid: 'observed',
  Slice: 'shares',
  Softmax: 'unitRange',
  Split: 'shares',
  Squeeze: 'shares',
  Transpose: 'shares',
  Unsqueeze: 'shares',
  Where: 'observed',
};

/** The rules of ONNX Runtime's QDQ quantizer. */
export const onnxruntimeTarget: Target = {
  name: 'onnxruntime',
  arithmetic: 'onnxruntime',
  biases: 'exact',
  castsAt: 'value',
  treatmentOf: (node, draft) => {
    const treatment = node.domain === '' ? ONNXRUNTIME_OPERATORS[node.opType] : undefined;
    if (treatment === undefined) return { float: `target onnxruntime does not quantize ${node.opType}` };
    const why = floatReason(node, draft, treatment);
    return why === undefined ? { treatment } : { float: why };
  },
};

/** Why a node of a treated type stays float whatever the user says; undefined when it can be quantized. */
function floatReason(node: Node, draft: PlanDraft, treatment: Treatment): string | undefined {
  const data = node.inputs[0];
  if (data === undefined) return 'it has no input';
  const dtype = draft.facts.get(data)?.dtype;
  if (dtype !== 'float32') return `its input is ${dtype ?? 'of unknown type'}, not float32`;
  if (treatment === 'shares' && !draft.hasCodes(data))
    return `it only moves data, and its input ${draft.nameOf(data)} is not quantized`;
  if (treatment === 'clamp' && !draft.hasCodes(data))
    return `its input ${draft.nameOf(data)} is not quantized, so there is no code range to clamp to`;
  return undefined;
}
