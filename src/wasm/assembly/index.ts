export { convF32, convQs8Qc8w } from './conv';
export { depthwiseF32, depthwiseQs8Qc8w } from './depthwise';
export { addF32, binaryQ8, clampF32, divF32, lookup8, maxF32, minF32, mulF32, subF32 } from './elementwise';
export { averagePoolF32, averagePoolQ8, maxPoolF32, maxPoolQ8 } from './pool';
export { countClippedF32, countSaturated8, dequantizeQ8, quantizeF32 } from './qdq';
export { quartilesF32 } from './quartiles';
export { channelSumsF32, momentsF32, pairSumsF32, squaredDeviationF32 } from './statistics';
export { transpose8, transposeF32 } from './transpose';
