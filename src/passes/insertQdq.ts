import type { DType } from '../base/dtype.ts';
import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { sourceOf } from '../graph/build.ts';
import type { Attribute, Graph, Node, NodeId, TensorSource, Value, ValueId } from '../graph/model.ts';

/** What shall be codes in the new graph. */
export interface QdqAssignment {
  /** Activations with their parameters, per tensor. */
  readonly activations: ReadonlyMap<ValueId, QuantParams>;
  /** Constant inputs of nodes, stored as codes behind a DequantizeLinear. */
  readonly constants: readonly { readonly node: NodeId; readonly input: number; readonly quantized: QuantizedTensor }[];
  /** Clamps to remove: their producer then makes the clamp's output. */
  readonly folded: ReadonlyMap<NodeId, { readonly from: ValueId; readonly to: ValueId }>;
}

export interface QdqOptions {
  /** First free ids of the model. */
  readonly nextNodeId: number;
  readonly nextValueId: number;
  /** Sources by the codes and parameters they hold: pass the same map again, and equal plans share their constants. */
  readonly sources: WeakMap<object, TensorSource>;
}

export interface QdqGraph {
  readonly graph: Graph;
  /** The codes of each quantized activation, by the value of the float graph. */
  readonly codes: ReadonlyMap<ValueId, ValueId>;
  readonly nextNodeId: number;
  readonly nextValueId: number;
}

/**
 * Puts QuantizeLinear and DequantizeLinear around what `assignment` quantizes, named as ONNX Runtime names them.
 * All consumers of a quantized activation read the dequantized one; a graph output keeps its name on it.
 * Values of the float graph keep their ids, except a folded clamp's input, which is gone.
 */
export function insertQdq(graph: Graph, assignment: QdqAssignment, options: QdqOptions): QdqGraph {
  const draft = new Draft(graph, assignment, options);
  for (const id of graph.inputs) draft.quantizeAfter(id, id);
  for (const node of graph.nodes) draft.copy(node);
  return draft.finish();
}

class Draft {
  readonly #graph: Graph;
  readonly #assignment: QdqAssignment;
  readonly #nodes: Node[] = [];
  readonly #values: Map<ValueId, Value>;
  readonly #codes = new Map<ValueId, ValueId>();
  readonly #outputs: ReadonlySet<ValueId>;
  /** What consumers of a value read instead. */
  readonly #readAs = new Map<ValueId, ValueId>();
  /** What a producer makes instead: a folded clamp's output. */
  readonly #madeAs = new Map<ValueId, ValueId>();
  readonly #constantInputs = new Map<string, QuantizedTensor>();
  readonly #dequantized = new Map<QuantizedTensor, ValueId>();
  readonly #parameters = new Map<QuantParams, { readonly scale: ValueId; readonly zeroPoint: ValueId }>();
  readonly #sources: WeakMap<object, TensorSource>;
  #nextNode: number;
  #nextValue: number;

  constructor(graph: Graph, assignment: QdqAssignment, options: QdqOptions) {
    this.#graph = graph;
    this.#assignment = assignment;
    this.#values = new Map(graph.values);
    this.#outputs = new Set(graph.outputs);
    this.#nextNode = options.nextNodeId;
    this.#nextValue = options.nextValueId;
    this.#sources = options.sources;
    for (const { from, to } of assignment.folded.values()) this.#madeAs.set(from, to);
    for (const c of assignment.constants) this.#constantInputs.set(`${c.node}:${c.input}`, c.quantized);
  }

  copy(node: Node): void {
    const fold = this.#assignment.folded.get(node.id);
    if (fold !== undefined) {
      this.#values.delete(fold.from);
      return;
    }
    const inputs = node.inputs.map((id, index) => {
      const codes = this.#constantInputs.get(`${node.id}:${index}`);
      if (id === undefined)
        return codes === undefined ? undefined : this.#dequantizeConstant(undefined, codes, `${node.handle}_bias`);
      return codes === undefined ? (this.#readAs.get(id) ?? id) : this.#dequantizeConstant(id, codes);
    });
    for (let index = inputs.length; this.#constantInputs.has(`${node.id}:${index}`); index++)
      inputs.push(
        this.#dequantizeConstant(undefined, this.#constantInputs.get(`${node.id}:${index}`)!, `${node.handle}_bias`),
      );
    const made = node.outputs.map((id) => (id === undefined ? undefined : (this.#madeAs.get(id) ?? id)));
    const outputs = made.map((id) => (id === undefined ? undefined : this.#rawOf(id)));
    this.#nodes.push({ ...node, inputs, outputs });
    made.forEach((id, index) => {
      if (id !== undefined) this.quantizeAfter(id, outputs[index] as ValueId);
    });
  }

  /** A quantized graph output keeps its id on the dequantized value, so its producer makes a new one. */
  #rawOf(id: ValueId): ValueId {
    if (!this.#outputs.has(id) || !this.#assignment.activations.has(id)) return id;
    return this.#newValue(`${this.#nameOf(id)}_QuantizeLinear_Input`, this.#values.get(id));
  }

  quantizeAfter(id: ValueId, raw: ValueId): void {
    const params = this.#assignment.activations.get(id);
    if (params === undefined) return;
    const name = this.#nameOf(id);
    const fact = this.#values.get(id);
    const { scale, zeroPoint } = this.#parametersOf(params, name);
    const codes = this.#newValue(`${name}_QuantizeLinear_Output`, fact, params.scheme.dtype);
    const dequantized = raw === id ? this.#newValue(`${name}_DequantizeLinear_Output`, fact) : id;
    this.#addNode(`${name}_QuantizeLinear`, 'QuantizeLinear', [raw, scale, zeroPoint], codes);
    this.#addNode(`${name}_DequantizeLinear`, 'DequantizeLinear', [codes, scale, zeroPoint], dequantized);
    this.#codes.set(id, codes);
    this.#readAs.set(id, dequantized);
  }

  /** @param id the float constant; undefined for a bias that the float graph has not, which is then called `name`. */
  #dequantizeConstant(id: ValueId | undefined, q: QuantizedTensor, name = this.#nameOf(id as ValueId)): ValueId {
    const known = this.#dequantized.get(q);
    if (known !== undefined) return known;
    const { scale, zeroPoint } = this.#parametersOf(q.params, name);
    const codes = this.#newConstant(
      `${name}_quantized`,
      this.#sharedSource(q.codes, () => q.codes),
    );
    const { granularity } = q.params.scheme;
    const attributes = new Map<string, Attribute>(
      granularity.kind === 'perChannel' ? [['axis', { kind: 'int', value: granularity.axis }]] : [],
    );
    const like: Value | undefined = id === undefined ? undefined : this.#values.get(id);
    const out = this.#newValue(`${name}_DequantizeLinear_Output`, like, 'float32');
    this.#addNode(`${name}_DequantizeLinear`, 'DequantizeLinear', [codes, scale, zeroPoint], out, attributes);
    this.#dequantized.set(q, out);
    return out;
  }

  #parametersOf(params: QuantParams, name: string) {
    let ids = this.#parameters.get(params);
    if (ids === undefined) {
      const dims = params.scheme.granularity.kind === 'perChannel' ? [params.scale.length] : [];
      const { dtype } = params.scheme;
      ids = {
        scale: this.#newConstant(
          `${name}_scale`,
          this.#sharedSource(params.scale, () => tensor('float32', dims, params.scale)),
        ),
        zeroPoint: this.#newConstant(
          `${name}_zero_point`,
          this.#sharedSource(params.zeroPoint, () => zeroPointTensor(dtype, dims, params.zeroPoint)),
        ),
      };
      this.#parameters.set(params, ids);
    }
    return ids;
  }

  #addNode(
    name: string,
    opType: string,
    inputs: readonly ValueId[],
    output: ValueId,
    attributes: ReadonlyMap<string, Attribute> = new Map(),
  ): void {
    const id = this.#nextNode++ as NodeId;
    this.#nodes.push({ id, name, handle: name, opType, domain: '', inputs, outputs: [output], attributes, origin: [] });
  }

  #newValue(name: string, like: Value | undefined, dtype: DType | undefined = like?.dtype): ValueId {
    const id = this.#nextValue++ as ValueId;
    const value: Value = {
      id,
      name,
      ...(dtype === undefined ? {} : { dtype }),
      ...(like?.dims === undefined ? {} : { dims: like.dims }),
    };
    this.#values.set(id, value);
    return id;
  }

  #newConstant(name: string, constant: TensorSource): ValueId {
    const id = this.#nextValue++ as ValueId;
    this.#values.set(id, { id, name, dtype: constant.dtype, dims: constant.dims, constant });
    return id;
  }

  #sharedSource(key: object, make: () => Tensor): TensorSource {
    let source = this.#sources.get(key);
    if (source === undefined) {
      source = sourceOf(make());
      this.#sources.set(key, source);
    }
    return source;
  }

  #nameOf(id: ValueId): string {
    return this.#values.get(id)?.name ?? `value_${id}`;
  }

  finish(): QdqGraph {
    const { name, inputs, outputs } = this.#graph;
    return {
      graph: { name, inputs, outputs, nodes: this.#nodes, values: this.#values },
      codes: this.#codes,
      nextNodeId: this.#nextNode,
      nextValueId: this.#nextValue,
    };
  }
}

function zeroPointTensor(
  dtype: QuantParams['scheme']['dtype'],
  dims: readonly number[],
  zeroPoint: Int32Array,
): Tensor {
  switch (dtype) {
    case 'int8':
    case 'int4':
      return tensor(dtype, dims, Int8Array.from(zeroPoint));
    case 'uint8':
    case 'uint4':
      return tensor(dtype, dims, Uint8Array.from(zeroPoint));
    case 'int16':
      return tensor(dtype, dims, Int16Array.from(zeroPoint));
    case 'uint16':
      return tensor(dtype, dims, Uint16Array.from(zeroPoint));
    case 'int32':
      return tensor(dtype, dims, zeroPoint);
  }
}
