import type { KernelSet } from '../kernelSet.ts';
import { broadcastF32, compare } from './broadcast.ts';
import { convF32, convQ8, convQ8Accumulators, packConvF32, packConvQ8 } from './conv.ts';
import { convert, roundTo } from './convert.ts';
import { convTransposeF32, convTransposeQ8, packConvTransposeF32, packConvTransposeQ8 } from './convTranspose.ts';
import { copyRows } from './copyRows.ts';
import { binaryF32, binaryQ8, chainF32, clampF32, lookup8, transpose, unaryF32 } from './elementwise.ts';
import { gemmF32, gemmQ8, gemmQ8Accumulators, packGemmF32, packGemmQ8 } from './gemm.ts';
import { histogramF32, histogramKeysF32 } from './histogram.ts';
import { JsMemory } from './jsMemory.ts';
import { normalizeRowsF32, scaleChannelsF32 } from './normalize.ts';
import { averagePoolF32, averagePoolQ8, maxPoolF32, maxPoolQ8 } from './pool.ts';
import { countClippedF32, countSaturated8, dequantizeQ8, dequantizeWide, quantizeF32, quantizeWideF32 } from './qdq.ts';
import { reduceF32, softmaxF32 } from './reduce.ts';
import { resampleF32 } from './resample.ts';
import {
  channelSumsF32,
  histogram8,
  momentsAndErrorF32,
  momentsF32,
  pairSumsF32,
  quartilesF32,
  squaredDeviationF32,
} from './statistics.ts';
import { copyCells, gatherBlocks, whereCells } from './stridedCopy.ts';

/** The readable reference: what every other engine must compute, bit for bit where the result is an integer. */
export function createJsKernels(): KernelSet {
  return {
    engine: 'js',
    threads: 1,
    memory: new JsMemory(),
    packConvF32,
    convF32,
    packConvTransposeF32,
    convTransposeF32,
    packGemmF32,
    gemmF32,
    maxPoolF32,
    averagePoolF32,
    binaryF32,
    unaryF32,
    chainF32,
    copyCells,
    gatherBlocks,
    whereCells,
    convert,
    roundTo,
    broadcastF32,
    compare,
    resampleF32,
    reduceF32,
    softmaxF32,
    normalizeRowsF32,
    scaleChannelsF32,
    clampF32,
    transposeF32: transpose,
    transpose8: transpose,
    quantizeF32,
    quantizeWideF32,
    dequantizeWide,
    dequantizeQ8,
    packConvQ8,
    convQ8,
    convQ8Accumulators,
    packConvTransposeQ8,
    convTransposeQ8,
    packGemmQ8,
    gemmQ8,
    gemmQ8Accumulators,
    lookup8,
    copyRows,
    binaryQ8,
    maxPoolQ8,
    averagePoolQ8,
    momentsAndErrorF32,
    momentsF32,
    quartilesF32,
    pairSumsF32,
    histogram8,
    histogramF32,
    histogramKeysF32,
    squaredDeviationF32,
    countClippedF32,
    countSaturated8,
    channelSumsF32,
  };
}
