import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Graph, Node, ValueId } from '../graph/model.ts';
import type { Wiring } from '../graph/topo.ts';
import type { ChainLink, ClampRange } from '../kernels/kernelSet.ts';
import type { AttributeSpecs, AttributeValues, OpDef, QuantInfo, StorageLayout } from '../ops/opDef.ts';
import type { StepForm } from './program.ts';

/** A clamp that limits nothing. */
export const NO_CLAMP: ClampRange = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };

/** What the quantized side of a node looks like, for its integer form. */
export interface IntegerSide {
  readonly inputFacts: readonly (TensorFact | undefined)[];
  readonly outputFacts: readonly TensorFact[];
  readonly inputQuants: readonly (QuantInfo | undefined)[];
  readonly outputQuants: readonly QuantInfo[];
  readonly constants: readonly (Tensor | undefined)[];
}

/** A step while it is planned. */
export interface Draft {
  readonly form: StepForm;
  readonly node: Node;
  readonly group: readonly Node[];
  readonly def: OpDef;
  readonly attributes: AttributeValues<AttributeSpecs>;
  readonly opset: number;
  /** The node's inputs, then {@link captures}. */
  readonly inputs: readonly (ValueId | undefined)[];
  /** Values around the node that its graphs (If, Loop, Scan) use. */
  readonly captures: readonly ValueId[];
  readonly outputs: readonly (ValueId | undefined)[];
  readonly clamp: ClampRange;
  readonly integer?: IntegerSide;
  /** The table that the step applies, where it stands for a chain of element-wise steps. */
  readonly lookup?: Uint8Array;
  /** What the step does to each element, where it stands for a chain of element-wise float steps. */
  readonly links?: readonly ChainLink[];
  readonly why?: string;
}

/** What planning knows of the graph. */
export interface PlanContext {
  readonly file: string;
  readonly graph: Graph;
  readonly opsets: ReadonlyMap<string, number>;
  readonly facts: ReadonlyMap<ValueId, TensorFact>;
  /** Loaded constants, results of Constant nodes included. */
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  /** Values that must exist: graph outputs and those the caller keeps. */
  readonly kept: ReadonlySet<ValueId>;
  /** What codes stand for that operators on codes make. */
  readonly codes: ReadonlyMap<ValueId, QuantInfo>;
  readonly wiring: Wiring;
}

/** A planned step with its layout settled; `layout` steps have no operator of their own. */
export interface PlacedDraft extends Omit<Draft, 'def'> {
  readonly def: OpDef | undefined;
  readonly layout: StorageLayout;
}
