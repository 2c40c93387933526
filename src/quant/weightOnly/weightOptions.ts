import type { ClusterChoice } from '../clusterWeights.ts';

/** How weights are quantized and stored, where a node has no words of its own. */
export interface WeightOptions {
  /** 1 to 16; 0: a step per weight, entropy-coded. */
  readonly bits: number;
  /** A weight needs more elements than this. */
  readonly minSize: number;
  /** A convolution's weight needs more output channels than this. */
  readonly minChannels: number;
  readonly perChannel: boolean;
  /** Whether mean and deviation are restored. */
  readonly correction: boolean;
  /** Whether stored codes take the smallest of three forms; else 8 and 16 bits are stored as they are. */
  readonly encode: boolean;
  /** Whether weights stay codes until they are needed: below 8 bits entropy-coded. */
  readonly onTheFly: boolean;
  /** Parts of an entropy-coded weight that can be decoded at the same time. */
  readonly maxSegments: number;
  /** Relative error that mixed bits aim at, in (0, 1). */
  readonly initScale: number;
  /** Centroids instead of codes of `bits`. */
  readonly clusters: ClusterChoice | undefined;
  /** Whether weights of matrix products are rounded by what their inputs make of it. */
  readonly gptq: boolean;
  /** Does what converter_lite does, also where it errs. */
  readonly strict: boolean;
}
