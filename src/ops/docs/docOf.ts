import { ELEMENTWISE_DOCS } from './elementwise.ts';
import { LAYER_DOCS } from './layers.ts';
import { MOVING_DOCS } from './moving.ts';
import type { OperatorDoc, OperatorDocs } from './operatorDocs.ts';
import { ML_DOCS, PREVIEW_DOCS, PROGRAM_DOCS, TRAINING_DOCS } from './programs.ts';
import { MICROSOFT_DOCS, QUANTIZED_DOCS } from './quantized.ts';

/** Documentation of every operator that runs, by domain and type; '' is ai.onnx. */
export const OPERATOR_DOCS: ReadonlyMap<string, OperatorDocs> = new Map([
  ['', { ...ELEMENTWISE_DOCS, ...LAYER_DOCS, ...MOVING_DOCS, ...PROGRAM_DOCS, ...QUANTIZED_DOCS }],
  ['ai.onnx.ml', ML_DOCS],
  ['ai.onnx.preview', PREVIEW_DOCS],
  ['ai.onnx.preview.training', TRAINING_DOCS],
  ['com.microsoft', MICROSOFT_DOCS],
]);

/** @param domain '' or 'ai.onnx' for the standard operators. */
export function docOf(domain: string, type: string): OperatorDoc | undefined {
  const docs = OPERATOR_DOCS.get(domain === 'ai.onnx' ? '' : domain);
  return docs !== undefined && Object.hasOwn(docs, type) ? docs[type] : undefined;
}

/** Standard operators without a page: of opset 1 and gone since, or written by ONNX Runtime alone. */
const WITHOUT_PAGE: ReadonlySet<string> = new Set([
  'Affine',
  'Crop',
  'ImageScaler',
  'ParametricSoftplus',
  'ScaledTanh',
  'SimplifiedLayerNormalization',
]);

/** Address of the operator's specification; undefined where there is none. */
export function specificationOf(domain: string, type: string): string | undefined {
  const name = encodeURIComponent(type);
  if (domain === 'com.microsoft')
    return `https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.${name}`;
  if (domain === '' || domain === 'ai.onnx')
    return WITHOUT_PAGE.has(type) ? undefined : `https://onnx.ai/onnx/operators/onnx__${name}.html`;
  if (!domain.startsWith('ai.onnx.')) return undefined;
  return `https://onnx.ai/onnx/operators/onnx_${domain.replaceAll('.', '')}_${name}.html`;
}
