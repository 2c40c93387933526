import type { DType, StoredDType } from '../base/dtype.ts';
import { DTYPES } from '../base/dtypeCodes.ts';
import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { sourceOf } from '../graph/build.ts';
import type { Attribute, Graph, Node, NodeId, TensorSource, Value, ValueId } from '../graph/model.ts';

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
      readonly type: 'float16' | 'bfloat16';
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

export interface QdqOptions {
  /** First free ids of the model. */
  readonly nextNodeId: number;
  readonly nextValueId: number;
  /** Sources by the codes and parameters they hold: pass the same map again, and equal plans share their constants. */
  readonly sources: WeakMap<object, TensorSource>;
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

/** A QuantizeLinear and its DequantizeLinear. */
interface QdqPair {
  /** What their names start with. */
  readonly label: string;
  /** The float value that the codes stand for. */
  readonly value: ValueId;
  readonly from: ValueId;
  readonly to: ValueId;
  readonly params: QuantParams;
}

class Draft {
  readonly #graph: Graph;
  readonly #assignment: QdqAssignment;
  readonly #nodes: Node[] = [];
  readonly #values: Map<ValueId, Value>;
  readonly #codes = new Map<ValueId, ValueId>();
  readonly #floatOf = new Map<ValueId, ValueId>();
  readonly #outputs: ReadonlySet<ValueId>;
  /** What consumers of a value read instead. */
  readonly #readAs = new Map<ValueId, ValueId>();
  /** What a producer makes instead: a folded clamp's output. */
  readonly #madeAs = new Map<ValueId, ValueId>();
  readonly #constantInputs = new Map<string, QuantizedTensor>();
  readonly #conversionAt = new Map<string, QdqAssignment['conversions'][number]>();
  /** What converted and rounded inputs read, once made. */
  readonly #conversions = new Map<QdqAssignment['conversions'][number], ValueId>();
  readonly #halves = new Map<string, ValueId>();
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
    for (const { from, to, clamp } of assignment.folded.values()) if (clamp === 'removed') this.#madeAs.set(from, to);
    for (const c of assignment.constants) this.#constantInputs.set(`${c.node}:${c.input}`, c.quantized);
    for (const c of assignment.conversions)
      for (const { node, input } of c.uses) this.#conversionAt.set(`${node}:${input}`, c);
  }

  copy(node: Node): void {
    const fold = this.#assignment.folded.get(node.id);
    if (fold?.clamp === 'removed') {
      this.#values.delete(fold.from);
      return;
    }
    const inputs = node.inputs.map((id, index) => this.#inputOf(node, index, id));
    for (let index = inputs.length; this.#constantInputs.has(`${node.id}:${index}`); index++)
      inputs.push(this.#inputOf(node, index, undefined));
    const made = node.outputs.map((id) => (id === undefined ? undefined : (this.#madeAs.get(id) ?? id)));
    const outputs = made.map((id) => (id === undefined ? undefined : this.#rawOf(id)));
    const half = this.#assignment.halves.get(node.id);
    const computed = outputs.map((id, index) =>
      id !== undefined && half?.outputs.includes(index)
        ? this.#newValue(`${this.#nameOf(id)}_exact`, this.#values.get(id))
        : id,
    );
    this.#nodes.push({ ...node, inputs, outputs: computed });
    computed.forEach((id, index) => {
      const target = outputs[index];
      if (half !== undefined && id !== undefined && target !== undefined && id !== target)
        this.#roundOutput(half.type, id, target);
    });
    made.forEach((id, index) => {
      if (id !== undefined) this.quantizeAfter(id, outputs[index] as ValueId);
    });
  }

  /** What makes `target` of the exact output; consumers in the same precision then read it as it is. */
  #roundOutput(type: 'float16' | 'bfloat16', exact: ValueId, target: ValueId): void {
    this.#castThrough(type, `${this.#nameOf(target)}_made`, exact, target);
    this.#halves.set(`${target}:${type}`, target);
  }

  /** What a node reads as input `index`. */
  #inputOf(node: Node, index: number, id: ValueId | undefined): ValueId | undefined {
    const codes = this.#constantInputs.get(`${node.id}:${index}`);
    if (codes !== undefined)
      return this.#dequantizeConstant(id, codes, id === undefined ? `${node.handle}_bias` : this.#nameOf(id));
    if (id === undefined) return undefined;
    const conversion = this.#conversionAt.get(`${node.id}:${index}`);
    if (conversion !== undefined) return this.#converted(conversion);
    const half = this.#assignment.halves.get(node.id);
    if (half?.inputs.includes(index)) return this.#halved(id, half.type, half.constants.get(index));
    return this.#readAs.get(id) ?? id;
  }

  /** A value through codes of their own: made once, whoever reads them. */
  #converted(conversion: QdqAssignment['conversions'][number]): ValueId {
    const { value, params } = conversion;
    let read = this.#conversions.get(conversion);
    if (read === undefined) {
      const name = this.#nameOf(value);
      const label = this.#codes.has(value) ? `${name}_${params.scheme.dtype}` : name;
      const dequantized = this.#newValue(`${label}_DequantizeLinear_Output`, this.#values.get(value));
      this.#addQdq({ label, value, from: this.#readAs.get(value) ?? value, to: dequantized, params });
      read = dequantized;
      this.#conversions.set(conversion, read);
    }
    return read;
  }

  /** A value rounded to half precision; a constant is stored in it. */
  #halved(id: ValueId, type: 'float16' | 'bfloat16', constant: Tensor | undefined): ValueId {
    const source = this.#readAs.get(id) ?? id;
    const key = `${source}:${type}`;
    let read = this.#halves.get(key);
    if (read === undefined) {
      const name = this.#nameOf(id);
      if (constant === undefined) read = this.#castThrough(type, name, source);
      else {
        const stored = this.#newConstant(
          `${name}_${type}`,
          this.#sharedSource(constant, () => constant),
        );
        read = this.#cast(`${name}_${type}_float32`, stored, 'float32', this.#values.get(id));
      }
      this.#halves.set(key, read);
    }
    return read;
  }

  /** Casts a float32 value to half precision and back. */
  #castThrough(type: 'float16' | 'bfloat16', name: string, from: ValueId, to?: ValueId): ValueId {
    const like = this.#values.get(from);
    const narrow = this.#cast(`${name}_${type}`, from, type, like);
    return this.#cast(`${name}_${type}_float32`, narrow, 'float32', like, to);
  }

  #cast(
    name: string,
    from: ValueId,
    dtype: StoredDType,
    like: Value | undefined,
    to = this.#newValue(name, like, dtype),
  ): ValueId {
    const attributes = new Map<string, Attribute>([['to', { kind: 'int', value: DTYPES.indexOf(dtype) }]]);
    this.#addNode(`${name}_Cast`, 'Cast', [from], to, attributes);
    return to;
  }

  /** A quantized graph output keeps its id on the dequantized value, so its producer makes a new one. */
  #rawOf(id: ValueId): ValueId {
    if (!this.#outputs.has(id) || !this.#assignment.activations.has(id)) return id;
    return this.#newValue(`${this.#nameOf(id)}_QuantizeLinear_Input`, this.#values.get(id));
  }

  quantizeAfter(id: ValueId, raw: ValueId): void {
    const params = this.#assignment.activations.get(id);
    if (params === undefined) return;
    const label = this.#nameOf(id);
    const dequantized = raw === id ? this.#newValue(`${label}_DequantizeLinear_Output`, this.#values.get(id)) : id;
    this.#addQdq({ label, value: id, from: raw, to: dequantized, params });
    this.#readAs.set(id, dequantized);
  }

  #addQdq({ label, value, from, to, params }: QdqPair): void {
    const { scale, zeroPoint } = this.#parametersOf(params, label);
    const codes = this.#newValue(`${label}_QuantizeLinear_Output`, this.#values.get(value), params.scheme.dtype);
    this.#addNode(`${label}_QuantizeLinear`, 'QuantizeLinear', [from, scale, zeroPoint], codes);
    this.#addNode(`${label}_DequantizeLinear`, 'DequantizeLinear', [codes, scale, zeroPoint], to);
    if (!this.#codes.has(value)) this.#codes.set(value, codes);
    this.#floatOf.set(codes, value);
  }

  /** @param id the float constant; undefined for a bias that the float graph has not. */
  #dequantizeConstant(id: ValueId | undefined, q: QuantizedTensor, name: string): ValueId {
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
      floatOf: this.#floatOf,
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
