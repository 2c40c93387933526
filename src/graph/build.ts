import { bitsInFile, type DType, type NumericDType, type StoredDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { hasDType, type Tensor } from '../base/tensor.ts';
import type { Attribute, Dim, Graph, Node, NodeId, TensorSource, Value, ValueId } from './model.ts';
import { sortNodes } from './topo.ts';

/** Hands out ids that no other node or value of the model has. */
export class Ids {
  /** The next unused ids; what `Model` stores. */
  nextNodeId: number;
  nextValueId: number;

  constructor(from: { readonly nextNodeId: number; readonly nextValueId: number } = { nextNodeId: 0, nextValueId: 0 }) {
    this.nextNodeId = from.nextNodeId;
    this.nextValueId = from.nextValueId;
  }

  node(): NodeId {
    return this.nextNodeId++ as NodeId; // the only place that brands node ids
  }

  value(): ValueId {
    return this.nextValueId++ as ValueId; // the only place that brands value ids
  }
}

/** A value to add, without its id. */
export type ValueSpec = Omit<Value, 'id'>;

/** A node to add. `origin` defaults to the node itself, `attributes` to none, `domain` to ai.onnx. */
export interface NodeSpec {
  readonly name?: string;
  readonly handle: string;
  readonly opType: string;
  readonly domain?: string;
  readonly inputs: readonly (ValueId | undefined)[];
  readonly outputs: readonly (ValueId | undefined)[];
  readonly attributes?: ReadonlyMap<string, Attribute> | Readonly<Record<string, Attribute>>;
  readonly origin?: readonly NodeId[];
}

/** Collects the parts of one graph; ids come from `ids`, which the graphs of one model share. */
export class GraphBuilder {
  readonly ids: Ids;
  readonly name: string;
  readonly #values = new Map<ValueId, Value>();
  readonly #nodes: Node[] = [];
  readonly #inputs: ValueId[] = [];
  readonly #outputs: ValueId[] = [];

  constructor(name: string, ids: Ids) {
    this.name = name;
    this.ids = ids;
  }

  /** Adds a value and returns its id. */
  value(spec: ValueSpec): ValueId {
    const id = this.ids.value();
    this.#values.set(id, { ...spec, id });
    return id;
  }

  /** Adds a graph input. */
  input(name: string, dtype?: DType, dims?: readonly Dim[]): ValueId {
    const id = this.value({ name, ...(dtype && { dtype }), ...(dims && { dims }) });
    this.#inputs.push(id);
    return id;
  }

  /** Adds a constant held in memory. */
  constant(name: string, tensor: Tensor): ValueId {
    return this.value({ name, dtype: tensor.dtype, dims: tensor.dims, constant: sourceOf(tensor) });
  }

  /** Adds a node under a fresh id, or under `id` where it was drawn before from the same `ids`. */
  node(spec: NodeSpec, id: NodeId = this.ids.node()): NodeId {
    this.#nodes.push(nodeOf(spec, id));
    return id;
  }

  /** Makes an existing value a graph input. */
  markInput(id: ValueId): void {
    this.#inputs.push(id);
  }

  /** Makes a value (of this graph, or captured) a graph output. */
  output(id: ValueId): void {
    this.#outputs.push(id);
  }

  /** The graph, its nodes sorted; a cycle is left to the caller, see {@link sortNodes}. */
  build(): Graph {
    return {
      name: this.name,
      nodes: sortNodes(this.#nodes).nodes,
      values: this.#values,
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }

  /** The nodes so far, in the order they were added. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }
}

/** A node from its parts. */
export function nodeOf(spec: NodeSpec, id: NodeId): Node {
  const attributes = spec.attributes ?? new Map<string, Attribute>();
  return {
    id,
    name: spec.name ?? spec.handle,
    handle: spec.handle,
    opType: spec.opType,
    domain: spec.domain ?? '',
    inputs: spec.inputs,
    outputs: spec.outputs,
    attributes: attributes instanceof Map ? attributes : new Map(Object.entries(attributes)),
    origin: spec.origin ?? [id],
  };
}

/** A constant that is already in memory. */
export function sourceOf(tensor: Tensor): TensorSource {
  return {
    dtype: tensor.dtype as StoredDType,
    dims: tensor.dims,
    byteLength: byteLengthOf(tensor),
    load: async () => tensor,
  };
}

function byteLengthOf(tensor: Tensor): number {
  if (hasDType(tensor, 'string')) return tensor.data.reduce((sum, s) => sum + s.length, 0);
  return Math.ceil((sizeOf(tensor.dims) * bitsInFile(tensor.dtype as NumericDType)) / 8); // strings are counted above, and nothing else is stored
}
