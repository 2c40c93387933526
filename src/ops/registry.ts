import { activationOps } from './activation.ts';
import { affineGridOps } from './affineGrid.ts';
import { attentionOps } from './attention.ts';
import { bitCastOps } from './bitCast.ts';
import { castOps } from './cast.ts';
import { causalConvOps } from './causalConv.ts';
import { centerCropPadOps } from './centerCropPad.ts';
import { channelsLastOps } from './channelsLast.ts';
import { col2ImOps } from './col2Im.ts';
import { compareOps } from './compare.ts';
import { concatOps } from './concat.ts';
import { constantOps } from './constant.ts';
import { controlOps } from './control.ts';
import { convOps } from './conv.ts';
import { convIntegerOps } from './convInteger.ts';
import { convTransposeOps } from './convTranspose.ts';
import { cumulativeOps } from './cumulative.ts';
import { deformConvOps } from './deformConv.ts';
import { detectionOps } from './detection.ts';
import { determinantOps } from './determinant.ts';
import { dynamicQuantizedOps } from './dynamicQuantized.ts';
import { dynamicQuantizedLstmOps } from './dynamicQuantizedLstm.ts';
import { earlyOps } from './earlyVersions.ts';
import { einsumOps } from './einsum.ts';
import { elementwiseOps } from './elementwise.ts';
import { embedLayerNormOps } from './embedLayerNorm.ts';
import { flexAttentionOps } from './flexAttention.ts';
import { fourierOps } from './fourier.ts';
import { functionOps } from './functions.ts';
import { fusedConvOps } from './fusedConv.ts';
import { fusedGemmOps } from './fusedGemm.ts';
import { fusedMatMulOps } from './fusedMatMul.ts';
import { gatherOps } from './gather.ts';
import { geluOps } from './gelu.ts';
import { gemmOps } from './gemm.ts';
import { gridSampleOps } from './gridSample.ts';
import { groupQueryAttentionOps } from './groupQueryAttention.ts';
import { imageDecoderOps } from './imageDecoder.ts';
import { inverseOps } from './inverse.ts';
import { labelOps } from './labelEncoder.ts';
import { layerNormOps } from './layerNorm.ts';
import { linearAttentionOps } from './linearAttention.ts';
import { linearModelOps } from './linearModels.ts';
import { lossOps } from './losses.ts';
import { matMulOps } from './matMul.ts';
import { matMulIntegerOps } from './matMulInteger.ts';
import { matMulNBitsOps } from './matMulNBits.ts';
import { maxUnpoolOps } from './maxUnpool.ts';
import { microsoftAttentionOps } from './microsoftAttention.ts';
import { microsoftTwinOps } from './microsoftTwins.ts';
import { multiHeadAttentionOps } from './multiHeadAttention.ts';
import { normOps } from './norm.ts';
import type { OpDef } from './opDef.ts';
import { optimizerOps } from './optimizers.ts';
import { optionalOps } from './optional.ts';
import { padOps } from './pad.ts';
import { poolOps } from './pool.ts';
import { qAttentionOps } from './qattention.ts';
import { qGemmOps } from './qgemm.ts';
import { qLinearActivationOps } from './qlinearActivation.ts';
import { qLinearElementwiseOps } from './qlinearElementwise.ts';
import { qLinearMoveOps } from './qlinearMove.ts';
import { qLinearPoolOps } from './qlinearPool.ts';
import { qLinearReduceOps } from './qlinearReduce.ts';
import { quantizeOps } from './quantize.ts';
import { randomOps } from './random.ts';
import { rearrangeOps } from './rearrange.ts';
import { recurrentOps } from './recurrent.ts';
import { reduceOps } from './reduce.ts';
import { removedOps } from './removedOps.ts';
import { resizeOps } from './resize.ts';
import { roiAlignOps } from './roiAlign.ts';
import { rotaryEmbeddingOps } from './rotaryEmbedding.ts';
import { scanOps } from './scan.ts';
import { scatterOps } from './scatter.ts';
import { selectOps } from './select.ts';
import { sequenceOps } from './sequence.ts';
import { shapeOps } from './shape.ts';
import { signalWindowOps } from './signalWindows.ts';
import { skipLayerNormOps } from './skipLayerNorm.ts';
import { sliceOps } from './slice.ts';
import { softmaxOps } from './softmax.ts';
import { stringOps } from './strings.ts';
import { tableFeatureOps } from './tableFeatures.ts';
import { tensorScatterOps } from './tensorScatter.ts';
import { tfIdfOps } from './tfIdf.ts';
import { transposeOps } from './transpose.ts';
import { treeEnsembleOps } from './treeEnsemble.ts';
import { treeModelOps } from './treeModels.ts';
import { uniqueOps } from './unique.ts';

const ALL: readonly OpDef[] = [
  ...activationOps,
  ...attentionOps,
  ...flexAttentionOps,
  ...microsoftAttentionOps,
  ...multiHeadAttentionOps,
  ...groupQueryAttentionOps,
  ...microsoftTwinOps,
  ...inverseOps,
  ...causalConvOps,
  ...linearAttentionOps,
  ...rotaryEmbeddingOps,
  ...tensorScatterOps,
  ...concatOps,
  ...constantOps,
  ...convOps,
  ...elementwiseOps,
  ...geluOps,
  ...skipLayerNormOps,
  ...embedLayerNormOps,
  ...fusedConvOps,
  ...fusedGemmOps,
  ...fusedMatMulOps,
  ...gemmOps,
  ...poolOps,
  ...quantizeOps,
  ...shapeOps,
  ...softmaxOps,
  ...castOps,
  ...compareOps,
  ...functionOps,
  ...gatherOps,
  ...normOps,
  ...padOps,
  ...reduceOps,
  ...sliceOps,
  ...resizeOps,
  ...convTransposeOps,
  ...rearrangeOps,
  ...convIntegerOps,
  ...recurrentOps,
  ...scatterOps,
  ...selectOps,
  ...detectionOps,
  ...einsumOps,
  ...gridSampleOps,
  ...layerNormOps,
  ...cumulativeOps,
  ...matMulOps,
  ...qLinearElementwiseOps,
  ...qLinearActivationOps,
  ...qLinearMoveOps,
  ...qLinearPoolOps,
  ...qLinearReduceOps,
  ...qGemmOps,
  ...channelsLastOps,
  ...matMulNBitsOps,
  ...qAttentionOps,
  ...matMulIntegerOps,
  ...dynamicQuantizedOps,
  ...dynamicQuantizedLstmOps,
  ...transposeOps,
  ...sequenceOps,
  ...scanOps,
  ...optionalOps,
  ...controlOps,
  ...lossOps,
  ...uniqueOps,
  ...stringOps,
  ...tfIdfOps,
  ...fourierOps,
  ...signalWindowOps,
  ...centerCropPadOps,
  ...col2ImOps,
  ...maxUnpoolOps,
  ...affineGridOps,
  ...roiAlignOps,
  ...deformConvOps,
  ...determinantOps,
  ...bitCastOps,
  ...randomOps,
  ...optimizerOps,
  ...labelOps,
  ...tableFeatureOps,
  ...treeEnsembleOps,
  ...treeModelOps,
  ...linearModelOps,
  ...removedOps,
  ...imageDecoderOps,
  ...earlyOps,
];

/** Definitions by domain and type, newest first. */
const BY_TYPE: ReadonlyMap<string, readonly OpDef[]> = byType(ALL);

/**
 * The definition of operator `type` that holds for a model's opset: the newest not above it.
 *
 * @param domain '' or 'ai.onnx' for the standard operators.
 * @returns undefined for an operator we do not run, or an opset older than all we know of it.
 */
export function findOp(domain: string, type: string, opset: number): OpDef | undefined {
  return BY_TYPE.get(keyOf(domain, type))?.find((def) => def.since <= opset);
}

/** The oldest version of an operator that we know; undefined for an unknown one. */
export function firstVersion(domain: string, type: string): number | undefined {
  return BY_TYPE.get(keyOf(domain, type))?.at(-1)?.since;
}

/** Every definition, by domain, type and opset. */
export function supportedOps(): readonly OpDef[] {
  return [...BY_TYPE.values()].flatMap((defs) => [...defs].reverse());
}

function byType(definitions: readonly OpDef[]): Map<string, OpDef[]> {
  const map = new Map<string, OpDef[]>();
  const sorted = [...definitions].sort((a, b) => compare(keyOf(a.domain, a.type), keyOf(b.domain, b.type)));
  for (const def of sorted) {
    const key = keyOf(def.domain, def.type);
    map.set(
      key,
      [...(map.get(key) ?? []), def].sort((a, b) => b.since - a.since),
    );
  }
  return map;
}

function keyOf(domain: string, type: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}::${type}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
