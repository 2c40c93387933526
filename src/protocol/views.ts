/**
 * What the faces see: plain data, safe to post. Ids are those of the user's own graph; a number that was not
 * measured is null, and an infinite SQNR is `Infinity` here and null in JSON files.
 */
import type { Diagnostic } from '../base/diagnostics.ts';
import type { ConfigChange } from './changes.ts';
import type { ChoicesView } from './choiceViews.ts';

export interface GraphView {
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly name: string;
  /** `ai.onnx 13, com.microsoft 1`. */
  readonly opsets: string;
  readonly producer: string;
  readonly nodes: readonly NodeView[];
  readonly values: readonly ValueView[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Everything found while reading, shapes and coverage included. */
  readonly diagnostics: readonly Diagnostic[];
  /** How the file itself is quantized; null for a float model. */
  readonly quantization: FileQuantizationView | null;
  /** Whether it can be executed: no error among the coverage diagnostics. */
  readonly runnable: boolean;
}

/** A model that was quantized elsewhere. */
export interface FileQuantizationView {
  readonly format: 'QDQ' | 'QOperator' | 'dynamic';
  /** Activations between QuantizeLinear and DequantizeLinear, and the types of their codes. */
  readonly activations: number;
  readonly activationTypes: readonly string[];
  /** Constants behind DequantizeLinear, biases included. */
  readonly weights: number;
  readonly weightTypes: readonly string[];
  /** Nodes that take codes themselves: QLinearConv, MatMulInteger and the like. */
  readonly integerOperators: number;
}

export interface NodeView {
  readonly id: number;
  /** The name a user addresses it by, also in `skip_quant_node`. */
  readonly handle: string;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly (number | null)[];
  readonly outputs: readonly number[];
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly supported: boolean;
}

export interface ValueView {
  readonly id: number;
  readonly name: string;
  readonly kind: 'input' | 'constant' | 'activation';
  /** `float32`, or '' when unknown. */
  readonly dtype: string;
  /** Lengths and symbols; null when even the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
}

/** How a node ran in the quantized model. */
export type NodeForm = 'integer' | 'float' | 'fused' | 'skipped' | 'constant';

export interface NodeFigures {
  readonly nodeId: number;
  readonly handle: string;
  readonly opType: string;
  readonly quantized: boolean;
  readonly form: NodeForm;
  /** What it computes in, `int4` to `float32`; null where a file, or a method without such choices, decides. */
  readonly precision: string | null;
  /** One sentence: why it is quantized or not, or into which node it was fused. */
  readonly why: string;
  /** Whether the user may toggle it (the target would quantize it). */
  readonly canSkip: boolean;
  readonly skipped: boolean;
  /** Cumulative: float model against quantized model; worst of the evaluation samples' means over outputs. */
  readonly cosine: number | null;
  readonly sqnrDb: number | null;
  /** Its float inputs, quantized alone. */
  readonly localSqnrDb: number | null;
  /** Fraction 0..1 of the output's float elements outside the code range. */
  readonly clipRate: number | null;
  /** 1 - cosine at the model's output when only this node is quantized. */
  readonly sensitivity: number | null;
}

export interface OutputFigures {
  readonly name: string;
  readonly cosine: number;
  /** Mean of the samples' decibels, as reports have it. */
  readonly sqnrDb: number;
  /** Mean of the samples' ratios of noise to signal, which the judge of SQNR goes by; not in runs kept long ago. */
  readonly noiseToSignal?: number;
}

export interface Accuracy {
  readonly samples: number;
  /** Fractions 0..1. */
  readonly top1: { readonly float: number; readonly quantized: number };
  /** The right class is among the five with the largest scores; null for fewer than six classes. */
  readonly top5: { readonly float: number; readonly quantized: number } | null;
  /** Samples that only one of the two models gets right (top-1), by which: what a sign test needs. */
  readonly discordant: { readonly float: number; readonly quantized: number };
}

/** A weight all of whose elements are centroids. */
export interface ClusteredTensorView {
  readonly tensor: string;
  /** Handle of the first node that reads it. */
  readonly node: string;
  readonly elements: number;
  readonly centroids: number;
  /** Of an index. */
  readonly bits: number;
  /** Packed indices and float32 centroids. */
  readonly bytes: number;
  /** Of both after gzip. */
  readonly gzipBytes: number;
  /** Of the centroids against the elements. */
  readonly sqnrDb: number;
  /** How often k-means moved the centroids. */
  readonly rounds: number;
}

/** Weights replaced by centroids before anything else was quantized. */
export interface ClustersView {
  /** Asked for, of each weight. */
  readonly clusters: number;
  readonly start: 'linear' | 'density' | 'kmeans++';
  readonly tensors: readonly ClusteredTensorView[];
}

/** How the sums of a node become codes: times M0 2^-n, which is near the real multiplier. */
export interface RequantizerView {
  readonly nodeId: number;
  readonly handle: string;
  readonly opType: string;
  /** Multipliers: one per output channel, one of an average or a product; of a sum those of both operands and its own. */
  readonly channels: number;
  /** The channel whose M0 2^-n is relatively farthest from its multiplier. */
  readonly worst: {
    readonly channel: number;
    readonly multiplier: number;
    /** M0. */
    readonly mantissa: number;
    /** n. */
    readonly shift: number;
    /** |M0 2^-n - multiplier| / multiplier. */
    readonly relativeError: number;
  };
  /** Least and most n of all channels. */
  readonly shifts: readonly [number, number];
  /** Whether every channel keeps `tolerance`; null without one. */
  readonly withinTolerance: boolean | null;
  /** Codes that the two flavours make of the same integers; null where that was not asked for. */
  readonly differences: { readonly codes: number; readonly different: number; readonly most: number } | null;
}

/** Requantization of a run: the flavour that ran, and the fixed-point form that it is or would be. */
export interface RequantizersView {
  readonly flavour: 'fp32' | 'fixedPoint';
  /** `multiplier_bits`. */
  readonly bits: number;
  /** `multiplier_error`; null: M0 has all its bits. */
  readonly tolerance: number | null;
  /** Samples on which the flavours were compared; null when they were not. */
  readonly comparedOn: number | null;
  /** Nodes of the user's file whose integer form sums products, in its order. */
  readonly nodes: readonly RequantizerView[];
}

/** What auto_tune tried. */
export interface AutoTuneView {
  /** Mean cosine similarity of the outputs that is kept. */
  readonly target: number;
  /** Samples that the candidates were judged on. */
  readonly samples: number;
  /** `search`: each step has the relative error init_scale; `converter_lite`: its own rule, never below 1.4 %. */
  readonly rule: 'search' | 'converter_lite';
  readonly best: AutoTuneCandidate;
  /** In the order they were tried. */
  readonly tried: readonly AutoTuneCandidate[];
}

export interface AutoTuneCandidate {
  /** 1 / initScale; an integer by the rule of converter_lite. */
  readonly scale: number;
  /** Relative error of the weights; by the rule of converter_lite that of its step to the norm of a weight, but a floor. */
  readonly initScale: number;
  /** Of one that misses the target, over the samples after which that was certain. */
  readonly cosine: number;
  /** Bytes of the float constants by those of the quantized ones. */
  readonly ratio: number;
}

/** Bytes of the constants of both models. */
export interface SizesView {
  /** As stored. */
  readonly float: number;
  readonly quantized: number;
  /** After gzip, each constant compressed by itself; null where they are too many to try. */
  readonly floatGzip: number | null;
  readonly quantizedGzip: number | null;
  /** Bits per element of the coded weights, parameters included; null where none is stored in a form of its own. */
  readonly effectiveBits: number | null;
  /** Weights that are stored packed, entropy-coded or as centroids. */
  readonly weights: readonly WeightSizeView[];
}

/** What one weight takes. */
export interface WeightSizeView {
  readonly name: string;
  readonly encoding: 'float32' | 'plain' | 'index' | 'sparse' | 'entropy' | 'clusters';
  /** Bits of a code as asked for; 0: as many as entropy coding needs. */
  readonly bits: number;
  readonly elements: number;
  readonly floatBytes: number;
  /** Codes, with what decodes them. */
  readonly codeBytes: number;
  /** Scales, zero points, corrections. */
  readonly parameterBytes: number;
  /** Both after gzip. */
  readonly gzipBytes: number;
  /** Bits per element, parameters included. */
  readonly effectiveBits: number;
}

/** Something that strict_reference=true does otherwise in this model than strict_reference=false. */
export interface DifferenceView {
  readonly what: string;
  /** Handles of the nodes it concerns. */
  readonly nodes: readonly string[];
}

/** Multiply-accumulates on one sample, by what they run in. */
export interface MacsView {
  /** On codes of 8 bits or fewer. */
  readonly integer: number;
  /**
   * On activations of 16-bit codes: integers on devices with such kernels, floats between conversions where we run it.
   * Absent in a kept run of an earlier version, where these count as float.
   */
  readonly wide?: number;
  readonly float: number;
  /** Estimated time by precision, that of all in float32 being 1: int8 0.25, 16-bit types 0.5. */
  readonly cost: number;
}

/** Mean cosine over the outputs on one sample. */
export interface SampleCosine {
  readonly name: string;
  readonly cosine: number;
}

/** One "Quantize with config…", or one trial after it. */
export interface RunView {
  readonly runId: number;
  readonly model: string;
  readonly config: string;
  readonly quantType: string;
  /** `FULL_QUANT, target onnxruntime, activations uint8 asymmetric by MAX_MIN, …`: what the config says of the method. */
  readonly method: string;
  /** Null where the model's file decides; absent in a kept run of an earlier version. */
  readonly choices?: ChoicesView | null;
  /** `calibration samples 0-7` or the evaluation folder: what the figures were measured on. */
  readonly evaluatedOn: string;
  readonly samples: number;
  readonly outputs: readonly OutputFigures[];
  readonly nodes: readonly NodeFigures[];
  readonly accuracy: Accuracy | null;
  readonly sizes: SizesView;
  /** Absent in a kept run of an earlier version, as {@link perSample}. */
  readonly macs?: MacsView;
  /** From the first sample; no more than a thousand. */
  readonly perSample?: readonly SampleCosine[];
  /** Null where no scale was searched. */
  readonly autoTune: AutoTuneView | null;
  /** Null where weights are not clustered. */
  readonly clusters: ClustersView | null;
  /** Null where no node requantizes sums. */
  readonly requantizers: RequantizersView | null;
  /** Between converter_lite's ways and ours; null where the method tells them in its diagnostics. */
  readonly differences: readonly DifferenceView[] | null;
  readonly elapsedMs: number;
  readonly diagnostics: readonly Diagnostic[];
  /** Folder the CSVs went to, or null. */
  readonly reportFolder: string | null;
}

/** A toggle's result beside what it is compared with. */
export interface TrialView {
  readonly run: RunView;
  /** Outputs of the run before this change, and of the last full run. */
  readonly before: readonly OutputFigures[];
  readonly base: readonly OutputFigures[];
  /** Handles newly skipped and newly quantized again. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What leads from the config before to this one. */
  readonly change: ConfigChange;
  readonly effort: TrialEffort;
}

/** What a trial took from the last run, and what it ran anew. */
export interface TrialEffort {
  /** Samples whose float results were kept, of how many. */
  readonly reusedSamples: number;
  readonly samples: number;
  /** Steps of the quantized model that ran, of how many over all samples. */
  readonly executed: number;
  readonly total: number;
  /** Of the others, how many had something before them changed, but read the same tensors as before. */
  readonly stopped: number;
  /** Steps of the float model that ran again, over evaluation and over calibration samples, because they were not kept. */
  readonly floatSteps: number;
  readonly calibrationSteps: number;
  /** Bytes of the tensors that are kept, of at most how many, and whether that holds all of them. */
  readonly cacheBytes: number;
  readonly cacheLimit: number;
  readonly isWhole: boolean;
}

/** Five numbers, mean and more of one tensor over one sample. */
export interface StatsView {
  readonly min: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly max: number;
  readonly mean: number;
  readonly variance: number;
  readonly sparsity: number;
}

export interface TensorView {
  readonly valueId: number;
  readonly name: string;
  readonly role: 'Input' | 'Output';
  readonly kind: 'Weight' | 'Activation';
  readonly dtype: string;
  readonly dims: readonly (number | string)[] | null;
  /** Quantization parameters: one pair, or one per channel along `axis`. Null when it stays float. */
  readonly quant: {
    readonly dtype: string;
    readonly scale: readonly number[];
    readonly zeroPoint: readonly number[];
    readonly axis: number | null;
    readonly range: readonly [number, number] | null;
  } | null;
  /** Parameters that the opened file has, where it was quantized elsewhere and they are not those in `quant`. */
  readonly fileQuant: TensorView['quant'];
  /** What it takes where it is stored in a form of its own. */
  readonly stored: WeightSizeView | null;
  readonly origin: StatsView | null;
  readonly dequant: StatsView | null;
  readonly cosine: number | null;
  readonly sqnrDb: number | null;
  readonly mse: number | null;
  readonly clipRate: number | null;
  readonly saturation: number | null;
}

export interface NodeDetails {
  readonly node: NodeView;
  readonly figures: NodeFigures | null;
  readonly tensors: readonly TensorView[];
  /** Null where the node requantizes no sums. */
  readonly requantizer: RequantizerView | null;
}

/** Of a run, the first six in this order; the others come when they are asked for. */
export type Stage =
  | 'read'
  | 'calibrate'
  | 'quantize'
  | 'correct'
  | 'evaluate'
  | 'report'
  | 'sensitivity'
  | 'search'
  | 'diagnose'
  | 'measure'
  | 'time';

export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
  /** Node or sample in work. */
  readonly text: string;
}
