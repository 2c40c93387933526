import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import { type HalfType, QdqNodes, type QdqOptions } from './qdqNodes.ts';

/** What shall be codes in the new graph. */
export interface QdqAssignment {
  /** Activations with their parameters, per tensor. */
  readonly activations: ReadonlyMap<ValueId, QuantParams>;
  /** Inputs that read a value through codes of their own: on that edge alone it is quantized and dequantized (again). */
  readonly conversions: readonly {
    readonly value: ValueId;
    readonly params: QuantParams;
    readonly uses: readonly { readonly node: NodeId; readonly input: number }[];
  }[];
  /** Constant inputs of nodes, stored as codes behind a DequantizeLinear. */
  readonly constants: readonly { readonly node: NodeId; readonly input: number; readonly quantized: QuantizedTensor }[];
  /** Nodes whose inputs and outputs pass a Cast to half precision and back; constant inputs are stored in it. */
  readonly halves: ReadonlyMap<
    NodeId,
    {
      readonly type: HalfType;
      readonly inputs: readonly number[];
      readonly outputs: readonly number[];
      readonly constants: ReadonlyMap<number, Tensor>;
    }
  >;
  /** Clamps that are part of their producer; one that is `removed` leaves its output to it. */
  readonly folded: ReadonlyMap<
    NodeId,
    { readonly from: ValueId; readonly to: ValueId; readonly clamp: 'removed' | 'activation' }
  >;
}

export interface QdqGraph {
  readonly graph: Graph;
  /** The codes of each value of the float graph: its own, or those it is first read in where it is float itself. */
  readonly codes: ReadonlyMap<ValueId, ValueId>;
  /** The value that codes stand for; of some values there are codes of several types. */
  readonly floatOf: ReadonlyMap<ValueId, ValueId>;
  readonly nextNodeId: number;
  readonly nextValueId: number;
}

/**
 * Puts QuantizeLinear and DequantizeLinear around what `assignment` quantizes, named as ONNX Runtime names them.
 * All consumers of a quantized activation read the dequantized one, but for the edges that convert; a graph output keeps
 * its name on it. Half precision is a Cast to the type and back around an operator on float32: what operators on the type
 * itself compute, and any runtime loads it.
 * Values of the float graph keep their ids, except a folded clamp's input, which is gone.
 */
export function insertQdq(graph: Graph, assignment: QdqAssignment, options: QdqOptions): QdqGraph {
  const draft = new Draft(graph, assignment, options);
  for (const id of graph.inputs) draft.quantizeAfter(id, id);
  for (const node of graph.nodes) draft.copy(node);
  return draft.finish();
}

type Conversion = QdqAssignment['conversions'][number];

class Draft {
  readonly #graph: Graph;
  readonly #assignment: QdqAssignment;
  readonly #made: QdqNodes;
  readonly #codes = new Map<ValueId, ValueId>();
  readonly #floatOf = new Map<ValueId, ValueId>();
  readonly #outputs: ReadonlySet<ValueId>;
  /** What consumers of a value read instead. */
  readonly #readAs = new Map<ValueId, ValueId>();
  /** What a producer makes instead: a folded clamp's output. */
  readonly #madeAs = new Map<ValueId, ValueId>();
  readonly #constantInputs = new Map<string, QuantizedTensor>();
  readonly #conversionAt = new Map<string, Conversion>();
  /** What converted and rounded inputs read, once made. */
  readonly #conversions = new Map<Conversion, ValueId>();
  readonly #halves = new Map<string, ValueId>();

  constructor(graph: Graph, assignment: QdqAssignment, options: QdqOptions) {
    this.#graph = graph;
    this.#assignment = assignment;
    this.#made = new QdqNodes(graph, options);
    this.#outputs = new Set(graph.outputs);
    for (const { from, to, clamp } of assignment.folded.values()) if (clamp === 'removed') this.#madeAs.set(from, to);
    for (const c of assignment.constants) this.#constantInputs.set(`${c.node}:${c.input}`, c.quantized);
    for (const c of assignment.conversions)
      for (const { node, input } of c.uses) this.#conversionAt.set(`${node}:${input}`, c);
  }

  copy(node: Node): void {
    const fold = this.#assignment.folded.get(node.id);
    if (fold?.clamp === 'removed') {
      this.#made.values.delete(fold.from);
      return;
    }
    const inputs = node.inputs.map((id, index) => this.#inputOf(node, index, id));
    for (let index = inputs.length; this.#constantInputs.has(`${node.id}:${index}`); index++)
      inputs.push(this.#inputOf(node, index, undefined));
    const made = node.outputs.map((id) => (id === undefined ? undefined : (this.#madeAs.get(id) ?? id)));
    const raw = made.map((id) => (id === undefined ? undefined : this.#rawOf(id)));
    const half = this.#assignment.halves.get(node.id);
    const exact = raw.map((id, index) =>
      id !== undefined && half?.outputs.includes(index) ? this.#made.value(`${this.#made.nameOf(id)}_exact`, id) : id,
    );
    this.#made.nodes.push({ ...node, inputs, outputs: exact });
    for (const [index, id] of exact.entries()) {
      const target = raw[index];
      if (half !== undefined && id !== undefined && target !== undefined && id !== target)
        this.#roundOutput(half.type, id, target);
    }
    for (const [index, id] of made.entries()) if (id !== undefined) this.quantizeAfter(id, raw[index] as ValueId);
  }

  quantizeAfter(id: ValueId, raw: ValueId): void {
    const params = this.#assignment.activations.get(id);
    if (params === undefined) return;
    const label = this.#made.nameOf(id);
    const to = raw === id ? this.#made.value(`${label}_DequantizeLinear_Output`, id) : id;
    this.#standFor(id, this.#made.addQdq({ label, from: raw, to, params }));
    this.#readAs.set(id, to);
  }

  /** A quantized graph output keeps its id on the dequantized value, so its producer makes a new one. */
  #rawOf(id: ValueId): ValueId {
    if (!this.#outputs.has(id) || !this.#assignment.activations.has(id)) return id;
    return this.#made.value(`${this.#made.nameOf(id)}_QuantizeLinear_Input`, id);
  }

  /** What makes `target` of the exact output; consumers in the same precision then read it as it is. */
  #roundOutput(type: HalfType, exact: ValueId, target: ValueId): void {
    this.#made.castThrough(type, `${this.#made.nameOf(target)}_made`, exact, target);
    this.#halves.set(`${target}:${type}`, target);
  }

  /** What a node reads as input `index`. */
  #inputOf(node: Node, index: number, id: ValueId | undefined): ValueId | undefined {
    const codes = this.#constantInputs.get(`${node.id}:${index}`);
    const name = id === undefined ? `${node.handle}_bias` : this.#made.nameOf(id);
    if (codes !== undefined) return this.#made.dequantized(codes, name, id);
    if (id === undefined) return undefined;
    const conversion = this.#conversionAt.get(`${node.id}:${index}`);
    if (conversion !== undefined) return this.#converted(conversion);
    const half = this.#assignment.halves.get(node.id);
    if (half?.inputs.includes(index)) return this.#halved(id, half.type, half.constants.get(index));
    return this.#readAs.get(id) ?? id;
  }

  /** A value through codes of their own: made once, whoever reads them. */
  #converted(conversion: Conversion): ValueId {
    const known = this.#conversions.get(conversion);
    if (known !== undefined) return known;
    const { value, params } = conversion;
    const name = this.#made.nameOf(value);
    const label = this.#codes.has(value) ? `${name}_${params.scheme.dtype}` : name;
    const to = this.#made.value(`${label}_DequantizeLinear_Output`, value);
    this.#standFor(value, this.#made.addQdq({ label, from: this.#readAs.get(value) ?? value, to, params }));
    this.#conversions.set(conversion, to);
    return to;
  }

  /** A value rounded to half precision; a constant is stored in it. */
  #halved(id: ValueId, type: HalfType, constant: Tensor | undefined): ValueId {
    const source = this.#readAs.get(id) ?? id;
    const key = `${source}:${type}`;
    let read = this.#halves.get(key);
    if (read === undefined) {
      const name = this.#made.nameOf(id);
      read =
        constant === undefined ? this.#made.castThrough(type, name, source) : this.#made.widened(constant, type, id);
      this.#halves.set(key, read);
    }
    return read;
  }

  #standFor(value: ValueId, codes: ValueId): void {
    if (!this.#codes.has(value)) this.#codes.set(value, codes);
    this.#floatOf.set(codes, value);
  }

  finish(): QdqGraph {
    const { name, inputs, outputs } = this.#graph;
    const { nodes, values, nextNode, nextValue } = this.#made;
    return {
      graph: { name, inputs, outputs, nodes, values },
      codes: this.#codes,
      floatOf: this.#floatOf,
      nextNodeId: nextNode,
      nextValueId: nextValue,
    };
  }
}
