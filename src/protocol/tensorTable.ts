import type { SampleChoice } from './metrics.ts';

/** Figures of one side of a tensor, of the float model (origin) or the quantized one (dequant). */
export const SIDE_FIGURES = ['min', 'q1', 'median', 'q3', 'max', 'mean', 'variance', 'sparsity'] as const;
export type SideFigure = (typeof SIDE_FIGURES)[number];

/** Figures of a tensor of both models. */
export const PAIR_FIGURES = ['cosine', 'sqnrDb', 'mse', 'clipRate', 'saturation'] as const;
export type PairFigure = (typeof PAIR_FIGURES)[number];

/**
 * Figures of all tensors of all nodes. A row is a tensor of a node: those of the first node of the file come first, of each
 * node its inputs (those that are given), then its outputs. NaN is what was not measured or does not apply.
 */
export interface TensorTable {
  readonly of: SampleChoice;
  /** Samples they are of. */
  readonly samples: number;
  readonly rows: number;
  readonly origin: Readonly<Record<SideFigure, Float64Array>>;
  readonly dequant: Readonly<Record<SideFigure, Float64Array>>;
  readonly pair: Readonly<Record<PairFigure, Float64Array>>;
  /** The sample that figures are of where each tensor has another one; NaN for weights, which are the same on all. */
  readonly sample: Float64Array;
  /** Of the codes: least and greatest scale of all channels, zero point where all have the same, number of channels. */
  readonly scaleLeast: Float64Array;
  readonly scaleGreatest: Float64Array;
  readonly zeroPoint: Float64Array;
  readonly channels: Float64Array;
  /** Index into `codeTypes`, whose first is '', of a tensor without codes. */
  readonly codeType: Uint8Array;
  readonly codeTypes: readonly string[];
}

/** What is asked of all tensors at once. */
export interface TensorListRequests {
  /** Takes an evaluation of both models where it has not been asked before; progress arrives as `measure`. */
  'tensors/list': { params: { of: SampleChoice }; result: TensorTable };
}
