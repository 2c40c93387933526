import type { DTypeArrays, NumericDType } from '../base/dtype.ts';
import type { FixedPoint } from '../base/fixedPoint.ts';

/**
 * What an engine can compute: typed arrays in, typed arrays out, no ONNX. Two implementations, `js` (the readable
 * reference) and `wasm` (SIMD), are bit-identical on integers; a face chooses one, once.
 *
 * Image tensors are NHWC: [N, H, W, C]. Kernels write only into `out`. Arrays need not come from
 * {@link KernelMemory}, but those that do are not copied.
 */
export interface KernelSet extends FloatKernels, IntegerKernels, CopyKernels, StatisticsKernels {
  readonly engine: 'js' | 'wasm';
  readonly threads: number;
  readonly memory: KernelMemory;
}

/** Memory the kernels work on without copying. Blocks start on 64 bytes and may be read 64 bytes past their end. */
export interface KernelMemory {
  /** Zero-filled. @throws DiagnosticError EXE… when the engine's address space is exhausted. */
  allocate<D extends NumericDType>(dtype: D, length: number): DTypeArrays[D];
  /** Gives back what `allocate` gave (the same array). */
  free(array: DTypeArrays[NumericDType]): void;
  /** A typed window of an array that `allocate` gave; lengths in elements of `dtype`, offset in bytes. */
  view<D extends NumericDType>(block: Uint8Array, dtype: D, byteOffset: number, length: number): DTypeArrays[D];
  readonly bytesInUse: number;
  readonly peakBytes: number;
  /** How much programs should use of it, so that they leave weights in the file rather than exceed it. */
  readonly budgetBytes: number;
}

/** Splits kernel work over threads. Floor 7 implements it; without one, kernels run on the caller's thread. */
export interface ThreadPool {
  /** Workers and the caller; 1 while the workers rest. */
  readonly threads: number;
  /**
   * Calls the wasm export `name` once per argument list, spread over the threads, and returns when all are done.
   * The lists must write to disjoint memory.
   */
  run(name: string, argumentLists: readonly (readonly number[])[]): void;
}

/** Closed range a result is clamped to; [-Infinity, Infinity] for none. ReLU is [0, Infinity]. */
export interface ClampRange {
  readonly lo: number;
  readonly hi: number;
}

/** A 2-D window over NHWC data. A 1-D one has height 1. Padding is zero (zero point for integers), -Infinity for max. */
export interface WindowGeometry {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

export interface PoolGeometry extends WindowGeometry {
  readonly channels: number;
}

export interface ConvGeometry extends WindowGeometry {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/** Weights rearranged for an engine; opaque, owned by whoever packed it until `release`. */
export interface Packed {
  readonly byteLength: number;
  release(): void;
}

export type BinaryOp = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min';

/** Functions of two numbers that broadcast; `prelu` is a, or b a where a < 0. */
export type BroadcastOp = BinaryOp | 'prelu';
export type Comparison = 'equal' | 'less' | 'lessOrEqual';

/** One loop over a broadcast: iterations, and how many elements each operand moves; the innermost by 1 or 0. */
export interface BroadcastLevel {
  readonly size: number;
  readonly a: number;
  readonly b: number;
}

/**
 * Functions of one float32. `swish` is x sigmoid(alpha x), `selu` beta elu(x), `hardSigmoid` takes slope and offset, `clamp`
 * least and most. By a number: x + alpha `plus`, alpha - x `minusFrom`, x alpha `times`, x / alpha `over`, alpha / x `under`;
 * x alpha + beta `affine`, x min(max(x + alpha, 0), beta) / beta `hardGate`, each operation rounded as it is written here.
 */
export type UnaryOp =
  | 'abs'
  | 'neg'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'sqrt'
  | 'reciprocal'
  | 'square'
  | 'exp'
  | 'log'
  | 'sigmoid'
  | 'tanh'
  | 'erf'
  | 'gelu'
  | 'geluTanh'
  | 'swish'
  | 'hardSigmoid'
  | 'hardSwish'
  | 'leakyRelu'
  | 'elu'
  | 'selu'
  | 'celu'
  | 'clamp'
  | 'plus'
  | 'minusFrom'
  | 'times'
  | 'over'
  | 'under'
  | 'affine'
  | 'hardGate';

/** A function of one float32 with its parameters. */
export interface UnaryKernel {
  readonly op: UnaryOp;
  readonly alpha?: number;
  readonly beta?: number;
}

/** One step of a chain: a function of what the step before made, or its product with what the chain started from. */
export type ChainLink = UnaryKernel | { readonly op: 'timesStart' };

/** `sumSquare`, `l1` and `l2` are of squares, magnitudes, and the root of the first. */
export type ReduceOp = 'sum' | 'mean' | 'max' | 'min' | 'sumSquare' | 'l1' | 'l2';

/** How rows are normalized, and where what was found goes: one element per row. */
export interface RowStatistics {
  /** Subtract the mean; otherwise it counts as 0 (root mean square). */
  readonly centred: boolean;
  readonly epsilon: number;
  readonly mean: Float64Array;
  /** 1 / sqrt(mean of (x - mean)^2 + epsilon). */
  readonly inverse: Float64Array;
}

export interface ResampleShape {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** Of the middle dimension of the output. */
  readonly length: number;
}

/** What each position of the output adds up: `count` positions of the input, [length * count], and their weights. */
export interface ResampleTaps {
  readonly count: number;
  readonly index: Int32Array;
  readonly weight: Float32Array;
}

export interface FloatKernels {
  /** @param weights [O, I/groups, kH, kW]; @param bias [O] or undefined (zero). */
  packConvF32(weights: Float32Array, bias: Float32Array | undefined, geometry: ConvGeometry): Packed;
  /** @param x [N, H, W, I]; @param out [N, H', W', O]. The packed weights must be of the same kernel, strides, dilations, groups and channels. */
  convF32(x: Float32Array, packed: Packed, out: Float32Array, geometry: ConvGeometry, clamp: ClampRange): void;
  /** @param weights [I, O/groups, kH, kW]; `geometry` has in/out of the transposed convolution (out is the larger). */
  packConvTransposeF32(weights: Float32Array, bias: Float32Array | undefined, geometry: ConvGeometry): Packed;
  convTransposeF32(x: Float32Array, packed: Packed, out: Float32Array, geometry: ConvGeometry, clamp: ClampRange): void;
  /** @param b [K, N], or [N, K] when `transposed`; @param bias [N] or undefined. */
  packGemmF32(b: Float32Array, bias: Float32Array | undefined, shape: GemmShape): Packed;
  /** out[M, N] = a[M, K] b + bias. */
  gemmF32(a: Float32Array, packed: Packed, out: Float32Array, m: number, clamp: ClampRange): void;
  maxPoolF32(x: Float32Array, out: Float32Array, geometry: PoolGeometry): void;
  /** @param countPadding divide by the whole window (count_include_pad) or by what lies inside. */
  averagePoolF32(x: Float32Array, out: Float32Array, geometry: PoolGeometry, countPadding: boolean): void;
  /** out[r, i] = op(a[r, i], b[...]) where each operand is whole (`rows x inner`), one row (`inner`) or one element. */
  binaryF32(op: BinaryOp, a: Float32Array, b: Float32Array, out: Float32Array, rows: number, inner: number): void;
  /** out[i] = op(x[i]); the function and its error bound stand at `unaryFunction`. `out` may be `x`. */
  unaryF32(op: UnaryOp, x: Float32Array, out: Float32Array, alpha?: number, beta?: number): void;
  /** The links one after the other, each in float32, on every element of x. `out` is not `x`. */
  chainF32(links: readonly ChainLink[], x: Float32Array, out: Float32Array): void;
  /** out, written in order of the loops, is op(a, b). NaN wins over any number. */
  broadcastF32(
    op: BroadcastOp,
    a: Float32Array,
    b: Float32Array,
    out: Float32Array,
    levels: readonly BroadcastLevel[],
  ): void;
  /** 1 or 0 per element; nothing holds of NaN. */
  compare<T extends Float32Array | Int32Array>(
    op: Comparison,
    a: T,
    b: T,
    out: Uint8Array,
    levels: readonly BroadcastLevel[],
  ): void;
  /** Resamples the middle dimension of x [outer, size, inner] to that of `out`, in float32, taps in their order. */
  resampleF32(x: Float32Array, out: Float32Array, shape: ResampleShape, taps: ResampleTaps): void;
  /** out[outer, inner] = op over the middle dimension of x [outer, count, inner]; sums in float64, NaN wins. */
  reduceF32(op: ReduceOp, x: Float32Array, out: Float32Array, outer: number, count: number, inner: number): void;
  /** Over the middle dimension of [outer, count, inner]: float32 exponentials, their sum in float64. Within 3 units of the last place of e^x / sum. */
  softmaxF32(
    kind: 'softmax' | 'logSoftmax',
    x: Float32Array,
    out: Float32Array,
    outer: number,
    count: number,
    inner: number,
  ): void;
  /** (x - mean) * inverse * scale + shift per row of x [rows, count]; @param scale [count]; @param shift [count] or undefined. */
  normalizeRowsF32(
    x: Float32Array,
    scale: Float32Array,
    shift: Float32Array | undefined,
    out: Float32Array,
    statistics: RowStatistics,
  ): void;
  /** out = x * factor[c] + offset[c] for x [rows, C], in float64, rounded once. */
  scaleChannelsF32(x: Float32Array, factor: Float64Array, offset: Float64Array, out: Float32Array): void;
  clampF32(x: Float32Array, out: Float32Array, clamp: ClampRange): void;
  /** Per batch [rows, columns] to [columns, rows]: NCHW to NHWC is (N, C, H*W), back is (N, H*W, C). */
  transposeF32(x: Float32Array, out: Float32Array, batch: number, rows: number, columns: number): void;
  transpose8(
    x: Int8Array | Uint8Array,
    out: Int8Array | Uint8Array,
    batch: number,
    rows: number,
    columns: number,
  ): void;
}

export interface GemmShape {
  readonly k: number;
  readonly n: number;
  /** b is [N, K]. */
  readonly transposed: boolean;
}

/** Scale and zero point of one int8 or uint8 tensor (int8 when `signed`). */
export interface TensorQuant {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly signed: boolean;
}

/** Where the codes of a requantizer lie. */
interface CodeBounds {
  readonly zeroPoint: number;
  readonly signed: boolean;
  /** Codes are clamped to [lo, hi], inside the dtype; a folded ReLU raises lo. */
  readonly lo: number;
  readonly hi: number;
}

/** clamp(rint(fround(fround(acc) * multiplier[c])) + zeroPoint), multiplier = fround(fround(sa * sb[c]) / sy). */
export interface Fp32Requantizer extends CodeBounds {
  readonly flavour: 'fp32';
  /** [O]. */
  readonly multiplier: Float32Array;
}

/** clamp(floor((acc * M0[c] + 2^(n[c]-1)) / 2^n[c]) + zeroPoint), M0 2^-n near the real sa * sb[c] / sy. */
export interface FixedPointRequantizer extends CodeBounds {
  readonly flavour: 'fixedPoint';
  /** [O]. */
  readonly multiplier: readonly FixedPoint[];
}

/** From int32 accumulators to 8-bit codes, equation (R). */
export type Requantizer = Fp32Requantizer | FixedPointRequantizer;

export interface ConvQ8Weights {
  /** [O, I/groups, kH, kW]; for gemm [K, N], or [N, K] when `transposed`. */
  readonly codes: Int8Array | Uint8Array;
  /** [O] or one element. */
  readonly zeroPoint: Int32Array;
  /** int32 [O], already including any bias correction; undefined is zero. */
  readonly bias: Int32Array | undefined;
}

/** Rows of bytes that lie `fromStride` apart in one array and `toStride` in another. */
export interface RowCopy {
  readonly rows: number;
  /** Of one row. */
  readonly length: number;
  readonly fromStride: number;
  readonly toStride: number;
}

type Codes = Int8Array | Uint8Array;
/** Codes of 16 bits: int16 where they are signed. */
export type WideCodes = Int16Array | Uint16Array;

export interface IntegerKernels {
  /** Equation (Q). NaN becomes the zero point. @returns how many elements left [lo, hi] before clamping. */
  quantizeF32(x: Float32Array, q: TensorQuant, out: Codes): number;
  /** Equation (D). */
  dequantizeQ8(x: Codes, q: TensorQuant, out: Float32Array): void;
  /** Equation (Q) to 16 bits. NaN becomes the zero point. */
  quantizeWideF32(x: Float32Array, q: TensorQuant, out: WideCodes): void;
  /** Equation (D) of codes of 16 bits. */
  dequantizeWide(x: WideCodes, q: TensorQuant, out: Float32Array): void;
  /** @param inputZeroPoint zero point of x, subtracted on the fly, so that padding is the real 0. */
  packConvQ8(weights: ConvQ8Weights, geometry: ConvGeometry, inputZeroPoint: number): Packed;
  /** @param x [N, H, W, I] codes, signed or not by its array type; @param out [N, H', W', O]. */
  convQ8(x: Codes, packed: Packed, requantizer: Requantizer, out: Codes, geometry: ConvGeometry): void;
  /**
   * The accumulators of convQ8, bias included, before (R): [N, H', W', O].
   *
   * @param inputZeroPoint of x, in place of the packed one; depthwise weights have theirs packed in and take no other.
   */
  convQ8Accumulators(x: Codes, packed: Packed, out: Int32Array, geometry: ConvGeometry, inputZeroPoint?: number): void;
  /**
   * @param weights codes [I, O/groups, kH, kW]; per-channel zero points and bias are [O].
   * @param geometry that of the run, but for the batch.
   */
  packConvTransposeQ8(weights: ConvQ8Weights, geometry: ConvGeometry, inputZeroPoint: number): Packed;
  convTransposeQ8(x: Codes, packed: Packed, requantizer: Requantizer, out: Codes, geometry: ConvGeometry): void;
  packGemmQ8(weights: ConvQ8Weights, shape: GemmShape, inputZeroPoint: number): Packed;
  gemmQ8(a: Codes, packed: Packed, requantizer: Requantizer, out: Codes, m: number): void;
  gemmQ8Accumulators(a: Codes, packed: Packed, out: Int32Array, m: number): void;
  /** out[i] = table[x[i] & 255]; any element-wise function of one 8-bit tensor, requantization included. */
  lookup8(x: Codes, table: Uint8Array, out: Codes): void;
  /** Copies rows of bytes, whatever they hold; through a table of 256 bytes where one is given. Other bytes of `to` stay. */
  copyRows(from: Uint8Array, to: Uint8Array, copy: RowCopy, table?: Uint8Array): void;
  /**
   * clamp(rint(fround(op(sa (a - za), sb (b - zb)) / sy)) + zy): float32 arithmetic, what a float operator between
   * DequantizeLinear and QuantizeLinear computes. Operands repeat as in `binaryF32`.
   */
  binaryQ8(
    op: BinaryOp,
    a: Codes,
    qa: TensorQuant,
    b: Codes,
    qb: TensorQuant,
    out: Codes,
    qy: TensorQuant,
    rows: number,
    inner: number,
  ): void;
  maxPoolQ8(x: Codes, out: Codes, geometry: PoolGeometry): void;
  /** Integer sums, then one float32 multiplication by sx / (sy * count), rounding and the zero point. */
  averagePoolQ8(
    x: Codes,
    qx: TensorQuant,
    out: Codes,
    qy: TensorQuant,
    geometry: PoolGeometry,
    countPadding: boolean,
  ): void;
}

/** Elements as bit patterns of their width. */
export type Cells = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** One loop of a copy; steps in cells, 0 repeats, negative ones run backwards. */
export interface CopyLevel {
  readonly size: number;
  readonly source: number;
  readonly target: number;
}

/** Nested loops over a box of cells, and the indices of the first cell on both sides. */
export interface StridedCopy {
  readonly levels: readonly CopyLevel[];
  readonly source: number;
  readonly target: number;
}

/** Changes of the element type that have a kernel; `u8` stands for bool, too, except as `bool`. */
export type Conversion =
  | 'u8 to f32'
  | 'i8 to f32'
  | 'i32 to f32'
  | 'i64 to f32'
  | 'f32 to bool'
  | 'f32 to i32'
  | 'i64 to i32'
  | 'i32 to i64'
  | 'u8 to i32'
  | 'u8 to i64';
export type ConvertibleArray = Uint8Array | Int8Array | Int32Array | BigInt64Array | Float32Array;

export interface CopyKernels {
  /** Copies a box between arrays of one width, which must not overlap; every cell is written at most once. */
  copyCells(from: Cells, to: Cells, copy: StridedCopy): void;
  /** `to`, written whole, gets blocks of `length` cells from rows[r] + columns[c] on, row after row. */
  gatherBlocks(from: Cells, to: Cells, rows: Int32Array, columns: Int32Array, length: number): void;
  /** out[i] = condition[i] ? x[i] : y[i], arrays of one length and width. */
  whereCells(condition: Uint8Array, x: Cells, y: Cells, out: Cells): void;
  /** Rounds in place to what the type can hold, ties to even. */
  roundTo(type: 'float16' | 'bfloat16', x: Float32Array): void;
  /** Stores each number of x in `out` as its array does: towards zero, modulo its range. `bool` makes 1 of all but 0. */
  convert(kind: Conversion, x: ConvertibleArray, out: ConvertibleArray): void;
}

/** One pass over a tensor; sums in float64, NaN and infinities counted and left out of everything else. */
export interface Moments {
  /** All elements, finite or not. */
  readonly count: number;
  /** Infinity, and `max` -Infinity, without finite elements. */
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Elements exactly equal to 0 (of either sign). */
  readonly zeros: number;
  readonly nan: number;
  readonly inf: number;
}

/** Sums over pairs, in float64; NaN in either operand makes them NaN. */
export interface PairSums {
  readonly dot: number;
  readonly aa: number;
  readonly bb: number;
  /** Sum of (a - b)^2. */
  readonly squaredError: number;
  readonly maxAbsError: number;
}

/** Magnitudes that are as good as 0: 2^-52, which is C's DBL_EPSILON. */
export const NEGLIGIBLE = 2 ** -52;

/** Bin floor((v - origin) / step), difference and quotient in float32, for the elements or their magnitudes. */
export interface UniformBins {
  readonly of: 'values' | 'magnitudes';
  readonly origin: number;
  /** float32, > 0. */
  readonly step: number;
}

/** Bits [shift, shift + bits) of the sorting keys ({@link keyOfFloat}) whose higher bits equal `prefix`. */
export interface KeyDigit {
  readonly shift: number;
  /** At most 16. */
  readonly bits: number;
  readonly prefix: number;
}

export interface StatisticsKernels {
  momentsF32(x: Float32Array): Moments;
  /**
   * Exact order statistics: the element at rank floor(q * n) of the finite elements for q = 0.25, 0.5, 0.75; NaN when there
   * are none. @param moments of `x`, where they are known: they save work.
   */
  quartilesF32(x: Float32Array, moments?: Moments): readonly [q1: number, median: number, q3: number];
  pairSumsF32(a: Float32Array, b: Float32Array): PairSums;
  /** The moments of x, and the sum of (x - y)^2 in float64: NaN with a NaN in either operand. */
  momentsAndErrorF32(x: Float32Array, y: Float32Array): { readonly moments: Moments; readonly squaredError: number };
  /** How many codes have each byte, 256 counts: of signed codes, that of code c is at c & 255. */
  histogram8(x: Codes): Float64Array;
  /**
   * Adds to `counts` how many finite elements fall into each of its bins. Elements of at most {@link NEGLIGIBLE} are left
   * out; those beyond the first or last bin count there.
   */
  histogramF32(x: Float32Array, bins: UniformBins, counts: Float64Array): void;
  /** Adds to `counts`, 2^bits bins, how many finite elements have each value of a digit of their key. */
  histogramKeysF32(x: Float32Array, digit: KeyDigit, counts: Float64Array): void;
  /** Sum of (x - mean)^2, in float64, for the variance. */
  squaredDeviationF32(x: Float32Array, mean: number): number;
  /** How many elements have rint(x / scale) + zeroPoint outside the dtype's range: the numerator of the clip rate. */
  countClippedF32(x: Float32Array, q: TensorQuant): number;
  /** How many codes equal the lowest or the highest: the numerator of the saturation rate. */
  countSaturated8(x: Codes, lo: number, hi: number): number;
  /** Sums over the rows per channel, [C] float64, of x [rows, C]: channel means of NHWC data. */
  channelSumsF32(x: Float32Array, rows: number, channels: number, out: Float64Array): void;
}
