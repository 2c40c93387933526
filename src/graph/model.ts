import type { DType, StoredDType } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';

declare const nodeBrand: unique symbol;
declare const valueBrand: unique symbol;

/** Identity of a node, unique in a model, subgraphs included. Names are labels; this is the identity. */
export type NodeId = number & { readonly [nodeBrand]: true };
/** Identity of a value (an edge of the graph), unique in a model, subgraphs included. */
export type ValueId = number & { readonly [valueBrand]: true };

/** A dimension: a length, or the name of a symbol that stands for one. */
export type Dim = number | string;

/** Constant data that is read when it is needed: an initializer's bytes stay in the file until `load`. */
export interface TensorSource {
  readonly dtype: StoredDType;
  readonly dims: readonly number[];
  /** Bytes as stored in the file. */
  readonly byteLength: number;
  /** The tensor, where it is decoded already. Tensors of attributes always are, so that operators need not wait. */
  readonly tensor?: Tensor;
  /** @throws DiagnosticError ONX… when the bytes are missing, too few, or outside the model's folder. */
  load(): Promise<Tensor>;
  /**
   * As `load`, at once; undefined where the source cannot be read at once. Nothing is kept: each call reads again.
   * @throws as `load`.
   */
  loadNow?(): Tensor | undefined;
}

/** The type of what a sequence or an optional holds; `dims` undefined where not even the rank is known. */
export interface ElementType {
  readonly dtype: DType;
  readonly dims: readonly Dim[] | undefined;
  readonly element?: ElementType;
}

/** A value: graph input, constant, or output of a node. */
export interface Value {
  readonly id: ValueId;
  readonly name: string;
  /** Type and shape as the file declares them. */
  readonly dtype?: DType;
  readonly dims?: readonly Dim[];
  /** Of a sequence or an optional. */
  readonly element?: ElementType;
  readonly constant?: TensorSource;
}

export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: TensorSource }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly TensorSource[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** An attribute kind we keep but do not interpret (type_proto, sparse_tensor, a reference in a function). */
  | { readonly kind: 'other'; readonly value: string };

export interface Node {
  readonly id: NodeId;
  /** ONNX name; may be empty or repeated. */
  readonly name: string;
  /** Unique, addressable label, safe in a config: see {@link assignHandles}. */
  readonly handle: string;
  readonly opType: string;
  readonly domain: string;
  /** `undefined` is an omitted optional input. */
  readonly inputs: readonly (ValueId | undefined)[];
  readonly outputs: readonly (ValueId | undefined)[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Nodes of the user's file this one stands for; itself when it is one of them. */
  readonly origin: readonly NodeId[];
}

/**
 * One graph, nodes in topological order. Immutable: a pass returns a new graph (see patch.ts).
 * A subgraph refers to a captured outer value by that value's id; such ids are not keys of its `values`.
 */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<ValueId, Value>;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}

export interface Model {
  readonly graph: Graph;
  /** Domain ('' is ai.onnx) to version. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly irVersion: number;
  readonly producer: string;
  /** Of a producer that is written without it; what was read has it in `producer`. */
  readonly producerVersion?: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** The first id no node or value has: passes number new ones from here. */
  readonly nextNodeId: number;
  readonly nextValueId: number;
  /** Model-local functions by `domain::name` whose calls could not be expanded, with the reason; not run, by name. */
  readonly functions: ReadonlyMap<string, string>;
}
