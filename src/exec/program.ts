import type { AbortSignalLike } from '../base/abort.ts';
import type { DType } from '../base/dtype.ts';
import type { RequantizerFlavour } from '../base/fixedPoint.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim, Graph, Node, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { QuantInfo, StorageLayout } from '../ops/opDef.ts';
import { isDequantize } from '../ops/quantNodes.ts';
import type { SignatureTable } from './signatures.ts';

/** How a step computes: on floats, on integer codes, or only changing a layout. */
export type StepForm = 'float' | 'integer' | 'layout';

/**
 * One unit of execution: a node, or a fused group (Conv with its ReLU; DequantizeLinear, Conv and QuantizeLinear).
 */
export interface Step {
  readonly index: number;
  readonly form: StepForm;
  /** The node that computes; a `layout` step has the node that asked for it. */
  readonly node: Node;
  /** All nodes of the compiled graph that this step carries out, in order; `node` among them. */
  readonly group: readonly Node[];
  readonly inputs: readonly (ValueId | undefined)[];
  readonly outputs: readonly ValueId[];
  /** Why a node between DequantizeLinear and QuantizeLinear runs as float; undefined elsewhere. */
  readonly why?: string;
  /** Of an integer step that requantizes sums: the real multiplier of each output channel. */
  readonly multipliers?: Float64Array;
  /** Set for an integer step that computes in float32 between its codes. */
  readonly dequantizes?: true;
  /**
   * Equal signatures compute equal tensors for equal feeds, across programs of one model: it names the operator,
   * its constants, parameters and layout, and the signatures of its inputs.
   */
  readonly signature: number;
  /** Names the operator, its constants, parameters and layout without what feeds it. */
  readonly own: number;
  /** By input position; 0 for one that is left out. */
  readonly inputSignatures: readonly number[];
}

/** How a value lies in memory while a program runs. */
export interface Slot {
  readonly id: ValueId;
  readonly dtype: DType;
  /** Logical dims as far as known before the run. */
  readonly dims: readonly Dim[] | undefined;
  readonly layout: StorageLayout;
  /** Signature of the step that makes it; feeds and constants have one too. */
  readonly signature: number;
  /** Set for codes: what they stand for. */
  readonly quant?: QuantInfo;
}

/** Whether a step computes on codes: in the integer form of its operator, or as one that takes codes. */
export function computesOnCodes(
  { form, node, inputs }: Pick<Step, 'form' | 'node' | 'inputs'>,
  slots: ReadonlyMap<ValueId, Slot>,
): boolean {
  if (form !== 'float' || isDequantize(node)) return form === 'integer';
  return inputs.some((id) => id !== undefined && slots.get(id)?.quant !== undefined);
}

/** A tensor as it lies in memory: for layout `nhwc` and rank 4, `tensor.dims` are [N, H, W, C]. */
export interface Stored {
  readonly tensor: Tensor;
  readonly layout: StorageLayout;
}

export interface Program {
  readonly graph: Graph;
  readonly kernels: KernelSet;
  readonly steps: readonly Step[];
  readonly slots: ReadonlyMap<ValueId, Slot>;
  /** Bytes of the planned arena (peak of live activations), and of packed constants. */
  readonly arenaBytes: number;
  readonly constantBytes: number;
  /** Bytes of weights that every run reads from the file, because they do not fit the budget of the kernels' memory. */
  readonly streamedBytes: number;
  /** That its signatures come from. */
  readonly signatures: SignatureTable;
  /** What, with its graph, compiles it once more. */
  readonly recipe: Recipe;
  /** Starts a run; nothing is computed before the first {@link Run.advance}. One run at a time: runs share the arena. */
  start(feeds: ReadonlyMap<ValueId, Tensor>, options?: RunOptions): Run;
  /**
   * Executes one step alone and returns a copy of its first output. Inputs that are not constants come from `given`, in
   * the layout of their slots. May be called while a run is under way.
   */
  runStep(step: Step, given: ReadonlyMap<ValueId, Stored>): Stored;
  /** As {@link Program.runStep}, without the copy: what the step made is there during `use`. */
  useStep<T>(step: Step, given: ReadonlyMap<ValueId, Stored>, use: (made: Stored) => T): T;
  /** Gives back arena and packed constants. */
  release(): void;
}

/** Of how a program was compiled, what does not belong to a thread. */
export type Recipe = Pick<CompileOptions, 'opsets' | 'file' | 'inputDims' | 'requantizer' | 'keep' | 'apart' | 'codes'>;

export interface RunOptions {
  readonly signal?: AbortSignalLike;
  /**
   * Values to take as they are instead of computing them, keyed by value, with the layout of their slot. A step all of
   * whose outputs are given, or are not needed by any other step or output, does not run.
   */
  readonly given?: ReadonlyMap<ValueId, Stored>;
  /** Values that are wanted beside the graph outputs: the steps that make them run. */
  readonly wanted?: ReadonlySet<ValueId>;
  /** Runs for what is `wanted` alone: graph outputs only where they are among it. */
  readonly onlyWanted?: true;
  /** Called before each step. */
  readonly onStep?: (step: Step) => void;
  /** Overwrites float memory with NaN (codes with 0x7f) when its value dies, to prove that nothing reads it again. */
  readonly poison?: true;
}

/** One pass over a program's steps; lets two programs be run in lockstep. */
export interface Run {
  /** The step that `advance` would execute next; undefined at the end. */
  readonly next: Step | undefined;
  /**
   * Executes the next step and returns it. A value is valid until the advance after the one that ran its last consumer.
   * @throws Cancelled
   */
  advance(): Step | undefined;
  /** How many steps it would still execute. */
  readonly left: number;
  /** Takes further values as they are, in the layouts of their slots, and from here on runs only what makes `wanted`. */
  narrow(given: ReadonlyMap<ValueId, Stored>, wanted: ReadonlySet<ValueId>): void;
  /** A value that is alive: a feed, a constant, or an output whose consumers have not all run. Graph outputs stay. */
  value(id: ValueId): Stored | undefined;
  /** Runs to the end and returns the graph outputs, copied, in C order. */
  finish(): ReadonlyMap<ValueId, Tensor>;
}

export interface CompileOptions {
  readonly kernels: KernelSet;
  readonly opsets: ReadonlyMap<string, number>;
  readonly file: string;
  /** Shapes of the graph inputs; every symbol must be bound. */
  readonly inputDims: ReadonlyMap<ValueId, readonly number[]>;
  readonly requantizer: RequantizerFlavour;
  /** Values that must exist as such and stay comparable, so are not fused away. Graph outputs always do. */
  readonly keep?: ReadonlySet<ValueId>;
  /** Keeps element-wise float steps apart, so that all they make can be looked at; otherwise chains of them are one step. */
  readonly apart?: true;
  /** What codes stand for that operators on codes (QLinearConv, …) take and make. */
  readonly codes?: ReadonlyMap<ValueId, QuantInfo>;
  /** Share one among the programs of one model, so that their signatures can be compared. A new one when absent. */
  readonly signatures?: SignatureTable;
  readonly signal?: AbortSignalLike;
}
