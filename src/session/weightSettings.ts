import type { Config } from '../config/config.ts';
import type { ClusterChoice } from '../quant/clusterWeights.ts';
import type { WeightOptions } from '../quant/weightOnly/weightOptions.ts';

/** What a config says of WEIGHT_QUANT. */
export interface WeightSettings extends WeightOptions {
  /** Undefined: `init_scale` is taken as it is. */
  readonly autoTune: AutoTune | undefined;
}

export interface AutoTune {
  /** Mean cosine similarity of the outputs that is kept. */
  readonly target: number;
  /** Candidates to try. */
  readonly maxIterations: number;
  /** Whether images stand in where no samples are named. */
  readonly useCvData: boolean;
}

export function weightSettingsOf({ common, weight, mixedBit, quantscope }: Config): WeightSettings {
  const { autoTune, maxIterations, useCvData } = mixedBit;
  return {
    bits: common.bitNum,
    minSize: common.minQuantWeightSize,
    minChannels: common.minQuantWeightChannel,
    perChannel: weight.perChannel,
    correction: weight.biasCorrection,
    encode: common.enableEncode,
    onTheFly: weight.dequantStrategy === 'ON_THE_FLY',
    maxSegments: weight.maxSegments,
    initScale: mixedBit.initScale,
    clusters: clustersOf(quantscope),
    gptq: weight.quantStrategy === 'GPTQ',
    strict: quantscope.strictReference,
    autoTune:
      autoTune && common.bitNum === 0 && quantscope.clusters === undefined
        ? { target: quantscope.autoTuneTarget, maxIterations, useCvData }
        : undefined,
  };
}

/** How a config clusters weights; undefined where it does not. */
export function clustersOf({ clusters, clusterCentroids: start }: Config['quantscope']): ClusterChoice | undefined {
  return clusters === undefined ? undefined : { clusters, start };
}
