import type { DType, DTypeArrays, NumericDType } from '../base/dtype.ts';
import type { RequantizerFlavour } from '../base/fixedPoint.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Graph, TensorSource } from '../graph/model.ts';
import type { ClampRange, KernelSet, UnaryKernel } from '../kernels/kernelSet.ts';

/** How an attribute is read; one without `default` is undefined when absent, or an error when `required`. */
export type AttributeSpec =
  | { readonly kind: 'float'; readonly default?: number; readonly required?: true }
  | { readonly kind: 'int'; readonly default?: number; readonly required?: true }
  | { readonly kind: 'string'; readonly default?: string; readonly required?: true }
  | { readonly kind: 'floats'; readonly default?: readonly number[]; readonly required?: true }
  | { readonly kind: 'ints'; readonly default?: readonly number[]; readonly required?: true }
  | { readonly kind: 'strings'; readonly default?: readonly string[]; readonly required?: true }
  | { readonly kind: 'tensor'; readonly required?: true }
  | { readonly kind: 'graph'; readonly required?: true };

interface AttributeKinds {
  float: number;
  int: number;
  string: string;
  floats: readonly number[];
  ints: readonly number[];
  strings: readonly string[];
  tensor: TensorSource;
  graph: Graph;
}

export type AttributeSpecs = Readonly<Record<string, AttributeSpec>>;

/** The values of `S`: undefined only where there is neither a default nor `required`. */
export type AttributeValues<S extends AttributeSpecs> = {
  readonly [K in keyof S]:
    | AttributeKinds[S[K]['kind']]
    | (S[K] extends { readonly default: unknown } | { readonly required: true } ? never : undefined);
};

/** How the elements of a rank-4 value lie in memory: as declared (C order), or channels last. */
export type StorageLayout = 'plain' | 'nhwc';

/**
 * Which layouts an operator works on.
 * `plain`: all inputs and outputs in C order. `nhwc`: image inputs (those listed) and outputs channels last.
 * `any`: element-wise; runs on the layout of its inputs, with all rank-4 inputs and outputs in the same one.
 */
export type LayoutRule =
  | { readonly kind: 'plain' }
  | { readonly kind: 'nhwc'; readonly inputs: readonly number[] }
  | { readonly kind: 'any' };

/** What an operator allows a quantizer to do; a target decides whether it does. */
export type QuantRule =
  /** Integer matrix product: activation times weight plus int32 bias. `channelAxis` indexes the weight's dims. */
  | {
      readonly kind: 'weighted';
      readonly activation: number;
      readonly weight: number;
      readonly bias?: number;
      readonly channelAxis: number;
    }
  /** All float inputs and outputs have parameters of their own. */
  | { readonly kind: 'observed' }
  /** Moves data: output parameters are the input's, quantized only if the input is. */
  | { readonly kind: 'sharesInput' }
  /** Like `observed`, with a known output range (softmax: [0, 1]). */
  | { readonly kind: 'fixedRange'; readonly lo: number; readonly hi: number }
  /** A clamp: after a quantized producer with asymmetric codes it is removed, the code range does its job. */
  | { readonly kind: 'clamp' }
  | { readonly kind: 'float'; readonly why: string };

/** Facts by position; undefined for what is omitted or unknown. */
export type MaybeFacts = readonly (TensorFact | undefined)[];

export interface InferContext<S extends AttributeSpecs> {
  readonly attributes: AttributeValues<S>;
  readonly inputs: readonly (TensorFact | undefined)[];
  readonly outputCount: number;
  readonly opset: number;
  /** The fact of a required input. */
  input(index: number): TensorFact;
  /** A fresh symbol for an unknown dimension. */
  symbol(hint: string): string;
  /** Facts of the outputs of the graph in attribute `name`, run on inputs of these facts; undefined where nothing is known. */
  body(name: string, inputs: readonly (TensorFact | undefined)[]): readonly (TensorFact | undefined)[];
  /** Reports SHP… at this node and unwinds. */
  fail(message: string): never;
}

export interface RunContext<S extends AttributeSpecs, P = unknown> {
  readonly attributes: AttributeValues<S>;
  readonly kernels: KernelSet;
  /**
   * Inputs as they lie in memory. For a step in layout `nhwc`, image inputs have physical dims [N, H, W, C].
   */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputCount: number;
  readonly opset: number;
  /** Layout of this step: for rule `any` what its inputs have, otherwise the rule's own. */
  readonly layout: StorageLayout;
  /** What `prepare` returned. */
  readonly prepared: P;
  /** Clamp fused into this step (ReLU, Clip); only operators with `fusesClamp` get one that limits. */
  readonly clamp: ClampRange;
  input(index: number): Tensor;
  /** Memory for output `index`, of these physical dims: planned in the arena, or on the heap. Not cleared. */
  output<D extends DType>(index: number, dtype: D, dims: readonly number[]): Tensor<D>;
  /** Scratch that lives until the step ends. */
  scratch<D extends NumericDType>(dtype: D, length: number): DTypeArrays[D];
  /** Runs the graph in attribute `name` on plain tensors; its outputs are plain tensors in memory of their own. */
  body(name: string, inputs: readonly Tensor[]): readonly Tensor[];
  /** Reports EXE… at this node and unwinds: only for what data alone can decide (an index out of range). */
  fail(message: string): never;
}

export interface PrepareContext<S extends AttributeSpecs> {
  readonly attributes: AttributeValues<S>;
  readonly kernels: KernelSet;
  /** Constant inputs are loaded; others are undefined. Constants are plain (C order). */
  readonly constants: readonly (Tensor | undefined)[];
  readonly facts: readonly (TensorFact | undefined)[];
  readonly outputs: readonly TensorFact[];
}

/** Parameters of one quantized input or output of an integer step, as stored in the graph. */
export interface QuantInfo {
  /** Two and four bits: weights only, one element per byte. */
  readonly dtype: 'int2' | 'uint2' | 'int4' | 'uint4' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32';
  /** One element, or one per channel along `axis`. */
  readonly scale: Float32Array;
  readonly zeroPoint: Int32Array;
  readonly axis?: number;
}

/** What an integer form sees of a node whose inputs are dequantized and whose outputs are quantized. */
export interface IntegerContext<S extends AttributeSpecs> {
  readonly attributes: AttributeValues<S>;
  readonly kernels: KernelSet;
  readonly flavour: RequantizerFlavour;
  /** Facts of the float values: inputs without their DequantizeLinear, outputs before their QuantizeLinear. */
  readonly inputs: readonly (TensorFact | undefined)[];
  readonly outputs: readonly TensorFact[];
  /** Parameters per input; undefined where an input is not dequantized (absent, or an integer such as a shape). */
  readonly inputQuants: readonly (QuantInfo | undefined)[];
  readonly outputQuants: readonly QuantInfo[];
  /** Codes of constant dequantized inputs, and the tensors of other constant inputs; plain layout. */
  readonly constants: readonly (Tensor | undefined)[];
  /**
   * Real-valued clamp (ReLU, Clip) that stood between the operator and its QuantizeLinear: codes are clamped to its
   * quantized bounds. Limits only operators with `fusesClamp`; the same range reaches `run`.
   */
  readonly clamp: ClampRange;
}

/** The operator on integer codes, used where {@link accepts} says true. */
export interface IntegerForm<S extends AttributeSpecs, P> {
  /** Inputs that may be float constants; any other float input must have codes. */
  readonly floats?: readonly number[];
  /** True, or why the node runs as float between DequantizeLinear and QuantizeLinear (a whole sentence for the plan). */
  accepts(context: IntegerContext<S>): true | string;
  prepare(context: IntegerContext<S>): P;
  /** Of a form that requantizes sums: the real multiplier of each output channel. */
  multipliers?(context: IntegerContext<S>): Float64Array | undefined;
  /** Whether it computes in float32 between codes, not on integers or by a table. */
  dequantizes?(context: IntegerContext<S>): boolean;
  /** Inputs and outputs are codes. */
  run(context: RunContext<S, P>): readonly Tensor[];
}

/** One operator from one opset version on: shape, execution and quantization, side by side. */
export interface OpDef<S extends AttributeSpecs = AttributeSpecs, P = unknown> {
  readonly type: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** First opset version this definition holds for; the highest not above the model's wins. */
  readonly since: number;
  /** Least and most inputs. */
  readonly arity: readonly [number, number];
  readonly attributes: S;
  readonly layout: LayoutRule;
  /** Whether `run` honours `clamp`. */
  readonly fusesClamp?: boolean;
  /** Whether outputs are drawn at random: an expected output says nothing of their elements. */
  readonly random?: boolean;
  /** Input whose memory the output may share (Reshape, Identity): `run` then returns a view. */
  readonly aliases?: number;
  /** Types of the outputs from those of the inputs, undefined where unknown; the only place shapes are judged. */
  infer(context: InferContext<S>): readonly (TensorFact | undefined)[];
  /** Packs constant weights once; whatever it returns reaches `run`. Its `release`, if any, is called with the program. */
  prepare?(context: PrepareContext<S>): P;
  /** Computes; no shape checks, no allocation policy. Returns the outputs in order. */
  run(context: RunContext<S, P>): readonly Tensor[];
  quant(attributes: AttributeValues<S>): QuantRule;
  /** The kernel that is all of `run` on float32: steps with one can be chained. */
  unaryKernel?(attributes: AttributeValues<S>): UnaryKernel;
  readonly integer?: IntegerForm<S, never>;
  /** Multiply-accumulates of one run, from static shapes; NaN where they are not known. */
  macs?(inputs: MaybeFacts, outputs: MaybeFacts, attributes: AttributeValues<S>): number;
}

/** Checks a definition as a whole and forgets its attribute types, so that definitions fit one table. */
export function defineOp<const S extends AttributeSpecs, P = undefined, I = undefined>(
  definition: Omit<OpDef<S, P>, 'integer'> & { readonly integer?: IntegerForm<S, I> },
): OpDef {
  return definition as unknown as OpDef; // S, P and I only flow from a definition's own functions into its own functions
}
