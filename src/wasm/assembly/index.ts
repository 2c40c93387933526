export { chainF32 } from './chain';
export { convF32, convQs8Qc8w } from './conv';
export { convRowsQs8Qc8w } from './convRowsQ8';
export { copyRows, lookupRows } from './copyRows';
export { depthwiseQs8Qc8w } from './depthwiseQ8';
export { depthwiseF32, depthwisePixel_1x8, depthwiseTile_4x8, depthwiseTileX3_4x8 } from './depthwiseF32';
export { addF32, binaryQ8, clampF32, divF32, lookup8, maxF32, minF32, mulF32, subF32 } from './elementwise';
export { gemmF32Panel_4x8 } from './gemmF32';
export { histogramF32, histogramKeysF32 } from './histogram';
export { depthwisePanelsQ8, panelsF32, panelsQ8 } from './panels';
export { averagePoolF32, averagePoolQ8, maxPoolF32, maxPoolQ8 } from './pool';
export { countClippedF32, countSaturated8, dequantizeQ8, dequantizeWide, quantizeF32, quantizeWideF32 } from './qdq';
export { quartilesF32 } from './quartiles';
export {
  bracketsF32,
  countBinsF32,
  fillPackTable,
  findBins,
  keepBinsF32,
  sampleF32,
  twoBracketsF32,
} from './select';
export {
  channelSumsF32,
  histogram8,
  momentsAndErrorF32,
  momentsF32,
  pairSumsF32,
  squaredDeviationF32,
} from './statistics';
export { transpose8, transposeF32 } from './transpose';
export { copyCells, gatherBlocks } from './stridedCopy';
export { normalizeRowsF32, scaleChannelsF32 } from './normalize';
export { reduceF32 } from './reduce';
export { softmaxF32 } from './softmax';
export * from './unary';
export { winogradF32 } from './winograd';
export { broadcast32 } from './broadcast';
export { roundToNarrow } from './narrow';
export { resampleF32 } from './resample';
export { convertCells } from './convert';
export { whereCells } from './where';
