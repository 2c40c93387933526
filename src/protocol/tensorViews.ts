/**
 * One tensor as the tensor viewer sees it: what it is, and those of its elements that are on screen. Elements are
 * addressed by their place in C order; arrays are of their own memory, so that they can be transferred.
 */

/** `difference` is dequantized minus float. */
export type TensorSide = 'float' | 'dequantized' | 'difference' | 'codes';

/** A tensor of a node of the user's file. */
export interface TensorRef {
  readonly nodeId: number;
  readonly valueId: number;
  readonly role: 'Input' | 'Output';
}

/** The same on an evaluation sample; `worst`: the one with the largest RMSE among those it is known of. */
export interface SampledTensorRef extends TensorRef {
  readonly sample: number | 'worst';
}

/** Least and largest finite element; null where there is none. */
export type Limits = readonly [number, number] | null;

export interface TensorHead extends TensorRef {
  readonly name: string;
  readonly kind: 'Weight' | 'Activation';
  /** Of the float side. */
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly elements: number;
  readonly sides: readonly TensorSide[];
  readonly limits: Readonly<Record<TensorSide, Limits>>;
  /** Elements of the float side that are NaN or infinite. */
  readonly notFinite: number;
  /** Of the dequantized side against the float one; null without it. */
  readonly error: TensorErrors | null;
  /** What the codes stand for; null without codes. */
  readonly quant: TensorCodes | null;
  /** The evaluation sample it was read on, and how many there are; null where it is the same on all. */
  readonly sample: { readonly index: number; readonly count: number } | null;
}

export interface TensorErrors {
  /** Largest absolute difference; Infinity where a side is NaN alone. */
  readonly largest: number;
  /** Over the elements whose difference is finite. */
  readonly rmse: number;
  /** Elements that differ at all. */
  readonly different: number;
}

export interface TensorCodes {
  readonly dtype: string;
  readonly qmin: number;
  readonly qmax: number;
  /** Least and largest; null where a table says what codes stand for. */
  readonly scale: readonly [number, number] | null;
  readonly zeroPoint: readonly [number, number] | null;
  /** Axis along which every index has parameters of its own. */
  readonly axis: number | null;
  readonly channels: number;
}

/** The evaluation samples of an activation. */
export interface TensorSamples {
  /** File names without folders, by sample. */
  readonly names: readonly string[];
  /** By sample; NaN where it was not measured. */
  readonly rmse: Float64Array;
  readonly cosine: Float64Array;
}

/** Which elements lie in the two directions of a page, by axis; -1: none, that direction has one element. */
export interface TensorPlane {
  readonly rowAxis: number;
  readonly columnAxis: number;
  /** Index per axis; those of shown axes are passed over. */
  readonly fixed: readonly number[];
}

/** From the first to just past the last. */
export type Span = readonly [number, number];

export interface SliceRequest extends SampledTensorRef {
  readonly plane: TensorPlane;
  readonly rows: Span;
  readonly columns: Span;
}

/** Elements row by row; null for a side the tensor does not have. */
export interface TensorSlice {
  readonly rows: Span;
  readonly columns: Span;
  /** In float64 where the type has more than 24 bits. */
  readonly float: Float32Array | Float64Array;
  readonly dequantized: Float32Array | null;
  readonly codes: Int32Array | null;
  /** Of the codes: one for all, or one per element. */
  readonly scale: Float32Array | null;
}

export type PictureSide = Exclude<TensorSide, 'codes'>;

/** Planes of a tensor, one after the other: the axes in `maps` are counted through, the first slowest. */
export interface PictureRequest extends SampledTensorRef {
  readonly side: PictureSide;
  readonly plane: TensorPlane;
  readonly maps: readonly number[];
  /** Maps to make, by their number. */
  readonly span: Span;
  /** Most rows and columns of a tile. */
  readonly most: readonly [number, number];
}

export interface TensorPicture {
  readonly span: Span;
  /** Rows and columns of a tile, at most as many as asked for. */
  readonly height: number;
  readonly width: number;
  /**
   * Tile after tile, row by row. A pixel that stands for several elements is their mean, of the difference the one
   * farthest from 0; NaN where none is finite.
   */
  readonly tiles: Float32Array;
  /** Least and largest finite element of every map, in turn; NaN where there is none. */
  readonly limits: Float32Array;
}

/** By |difference|, by |difference| / |float|, by |difference| / scale. */
export type WorstBy = 'absolute' | 'relative' | 'scale';

export interface WorstRequest extends SampledTensorRef {
  readonly by: WorstBy;
  readonly offset: number;
  readonly count: number;
}

/** Elements by falling error, then by their place. Those without any error are not among them. */
export interface WorstElements {
  readonly offset: number;
  /** How many can be asked for. */
  readonly listed: number;
  readonly places: Float64Array;
  readonly float: Float32Array | Float64Array;
  readonly dequantized: Float32Array;
  readonly codes: Int32Array | null;
  /** Of each element's codes. */
  readonly scale: Float32Array | null;
}

/** What is written to a file: one side of a page, or of the whole tensor. */
export interface TensorFile extends SampledTensorRef {
  readonly side: TensorSide;
  /** Null for the whole tensor. */
  readonly plane: TensorPlane | null;
  /** Numbers of a page line by line, or NumPy's format. */
  readonly format: 'csv' | 'npy';
}

/** Most elements of one {@link TensorSlice}. */
export const MOST_SLICE_ELEMENTS = 1 << 16;
/** Most pixels of one {@link TensorPicture}. */
export const MOST_PICTURE_PIXELS = 1 << 20;
/** Most elements that {@link WorstElements} go down to. */
export const MOST_WORST = 10_000;

/** What is asked of single tensors, by the webview of the host and by the host of the worker. */
export interface TensorRequests {
  'tensor/open': { params: SampledTensorRef; result: TensorHead };
  /** Null for what is the same on all samples. */
  'tensor/samples': { params: TensorRef; result: TensorSamples | null };
  'tensor/slice': { params: SliceRequest; result: TensorSlice };
  'tensor/picture': { params: PictureRequest; result: TensorPicture };
  'tensor/worst': { params: WorstRequest; result: WorstElements };
}
