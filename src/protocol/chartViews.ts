import type { OperatorRequest, OperatorView } from './operatorViews.ts';
import type { SampledTensorRef, TensorRef } from './tensorViews.ts';

/** The charts of one tensor on one evaluation sample. */
export interface TensorChartsRequest extends SampledTensorRef {
  /** Whose entries are the channels; null: the axis of the parameters, or the one that is most likely the channels'. */
  readonly axis: number | null;
}

/** Everything the charts of one tensor show; arrays are of their own memory, so that they can be transferred. */
export interface TensorCharts extends TensorRef {
  readonly name: string;
  readonly kind: 'Weight' | 'Activation';
  readonly dims: readonly number[];
  /** The evaluation sample it was read on, and how many there are; null where it is the same on all. */
  readonly sample: { readonly index: number; readonly name: string; readonly count: number } | null;
  /** Null without finite elements. */
  readonly histogram: HistogramView | null;
  /** Null for a tensor without axes or elements. */
  readonly channels: ChannelsView | null;
}

/** How many elements fall where, float and dequantized over the same bins. Only finite elements count. */
export interface HistogramView {
  /** Lower edge of the first bin. */
  readonly low: number;
  readonly width: number;
  readonly origin: Uint32Array;
  /** Null where nothing stands for it. */
  readonly dequant: Uint32Array | null;
  /** Elements of both sides that are NaN or infinite. */
  readonly notFinite: number;
  /** Null where the tensor has no codes, or no one scale for all of them. */
  readonly grid: GridView | null;
  /** How often each code was taken; null where there are none of at most 8 bits. */
  readonly codes: { readonly first: number; readonly counts: Uint32Array } | null;
}

/** Where the codes of a tensor lie: `scale * (q - zeroPoint)` for q in [qmin, qmax]. */
export interface GridView {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly qmin: number;
  readonly qmax: number;
}

/** Figures of each channel, by its index along the axis; of finite pairs of elements alone, NaN where there are none. */
export interface ChannelsView {
  readonly axis: number;
  /** Entries along the axis; where they are more than {@link MOST_CHANNELS} the arrays are empty. */
  readonly count: number;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** What stands for them; null where nothing does. */
  readonly quantized: {
    readonly min: Float64Array;
    readonly max: Float64Array;
    readonly rmse: Float64Array;
    /** Infinity without error. */
    readonly sqnrDb: Float64Array;
    /** Fraction of the float elements outside the codes' range; NaN without codes. */
    readonly clipRate: Float64Array;
  } | null;
  /** Of each channel; null where the parameters do not go by this axis. */
  readonly scale: Float32Array | null;
}

/** Most channels of one {@link ChannelsView}. */
export const MOST_CHANNELS = 1 << 16;

export interface TensorSpreadRequest extends TensorRef {
  /** Of the evaluation samples, from the first. */
  readonly samples: number;
}

/** An activation on one sample after the other. */
export interface TensorSpread extends TensorRef {
  /** How many evaluation samples there are. */
  readonly count: number;
  /** File names by sample, as many as were read. */
  readonly names: readonly string[];
  /** By sample: least, first quartile, median, third quartile, largest. */
  readonly origin: Float64Array;
  readonly dequant: Float64Array;
  readonly rmse: Float64Array;
}

/** Figures of an activation over all evaluation samples. */
export interface TensorFigures {
  /** Evaluated in all. */
  readonly count: number;
  /** File names of those samples, from the first, that are known one by one. */
  readonly names: readonly string[];
  readonly figures: readonly SampledFigureView[];
}

export interface SampledFigureView {
  readonly metric: 'cosine' | 'sqnrDb' | 'mse' | 'clipRate' | 'saturation' | 'cumulativeError';
  readonly worst: number;
  /** -1 where it is not among those known one by one. */
  readonly worstSample: number;
  readonly mean: number;
  /** By sample. */
  readonly each: Float64Array;
}

/** What charts and the inspector ask, by the webview of the host and by the host of the worker. */
export interface ChartRequests {
  'tensor/charts': { params: TensorChartsRequest; result: TensorCharts };
  /** Null for what is the same on all samples. */
  'tensor/spread': { params: TensorSpreadRequest; result: TensorSpread | null };
  /** Null for what is the same on all samples, or is in one of the models only. */
  'tensor/figures': { params: TensorRef; result: TensorFigures | null };
  'operator/doc': { params: OperatorRequest; result: OperatorView };
}
