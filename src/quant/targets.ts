import type { ArithmeticName } from './qparams.ts';

/**
 * How a target treats an operator it quantizes.
 * `weighted`: integer product with a constant weight. `clamp`: folds into a quantized producer, else like `observed`.
 * `shares`: output takes the input's parameters, quantized only if the input is. `observed`: all float inputs and
 * outputs have parameters of their own. `normalization`: like `weighted` with the scale as weight, per tensor. `unitRange`: like `observed`, but the output's range is known to be [0, 1].
 */
export type Treatment = 'weighted' | 'normalization' | 'clamp' | 'shares' | 'observed' | 'unitRange';

/** What a target quantizes, and how. */
export interface Target {
  /** As reasons name it. */
  readonly name: string;
  readonly arithmetic: ArithmeticName;
  /** Where a float value is read in codes: all its consumers read those, or just the edges that want codes. */
  readonly castsAt: 'value' | 'edge';
  /** Operators of ai.onnx that are quantized. */
  readonly treatments: Readonly<Record<string, Treatment>>;
}

/**
 * What ONNX Runtime's QDQ quantizer handles by default.
 * @source ONNX Runtime 1.30, quantize_static with QuantFormat.QDQ.
 */
const ONNXRUNTIME: Target['treatments'] = {
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

export type TargetName = 'onnxruntime';

/** Targets by the name a config gives them. */
export const TARGETS: Readonly<Record<TargetName, Target>> = {
  onnxruntime: { name: 'onnxruntime', arithmetic: 'onnxruntime', castsAt: 'value', treatments: ONNXRUNTIME },
};
