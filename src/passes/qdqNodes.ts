import type { DType, StoredDType } from '../base/dtype.ts';
import { DTYPES } from '../base/dtypeCodes.ts';
import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { sourceOf } from '../graph/build.ts';
import type { Attribute, Graph, Node, NodeId, TensorSource, Value, ValueId } from '../graph/model.ts';

export interface QdqOptions {
  /** First free ids of the model. */
  readonly nextNodeId: number;
  readonly nextValueId: number;
  /** Sources by the codes and parameters they hold: pass the same map again, and equal plans share their constants. */
  readonly sources: WeakMap<object, TensorSource>;
}

export type HalfType = 'float16' | 'bfloat16';

/** A QuantizeLinear and its DequantizeLinear. */
export interface QdqPair {
  /** What their names start with. */
  readonly label: string;
  readonly from: ValueId;
  readonly to: ValueId;
  readonly params: QuantParams;
}

/** Nodes and values of a graph that gets conversions: named as ONNX Runtime names them, no name twice. */
export class QdqNodes {
  readonly nodes: Node[] = [];
  readonly values: Map<ValueId, Value>;
  readonly #valueNames: Set<string>;
  readonly #nodeNames: Set<string>;
  readonly #dequantized = new Map<QuantizedTensor, ValueId>();
  readonly #parameters = new Map<QuantParams, { readonly scale: ValueId; readonly zeroPoint: ValueId }>();
  readonly #sources: WeakMap<object, TensorSource>;
  nextNode: number;
  nextValue: number;

  constructor(graph: Graph, options: QdqOptions) {
    this.values = new Map(graph.values);
    this.#valueNames = new Set([...graph.values.values()].map((v) => v.name));
    this.#nodeNames = new Set(graph.nodes.map((n) => n.name));
    this.nextNode = options.nextNodeId;
    this.nextValue = options.nextValueId;
    this.#sources = options.sources;
  }

  nameOf(id: ValueId): string {
    return this.values.get(id)?.name ?? `value_${id}`;
  }

  /** A value of the type and shape of another, or of a type of its own. */
  value(name: string, like: ValueId | undefined, own?: DType): ValueId {
    const { dims, dtype: same } = (like === undefined ? undefined : this.values.get(like)) ?? {};
    const dtype = own ?? same;
    const id = this.nextValue++ as ValueId;
    this.values.set(id, {
      id,
      name: fresh(name, this.#valueNames),
      ...(dtype === undefined ? {} : { dtype }),
      ...(dims === undefined ? {} : { dims }),
    });
    return id;
  }

  /** Puts both conversions between two values. @returns the codes */
  addQdq({ label, from, to, params }: QdqPair): ValueId {
    const { scale, zeroPoint } = this.#parametersOf(params, label);
    const codes = this.value(`${label}_QuantizeLinear_Output`, from, params.scheme.dtype);
    this.#add(`${label}_QuantizeLinear`, 'QuantizeLinear', [from, scale, zeroPoint], codes);
    this.#add(`${label}_DequantizeLinear`, 'DequantizeLinear', [codes, scale, zeroPoint], to);
    return codes;
  }

  /** Codes behind a DequantizeLinear, made once. @param like the float constant, where there is one. */
  dequantized(q: QuantizedTensor, name: string, like: ValueId | undefined): ValueId {
    const known = this.#dequantized.get(q);
    if (known !== undefined) return known;
    const { scale, zeroPoint } = this.#parametersOf(q.params, name);
    const codes = this.#constant(`${name}_quantized`, q.codes, () => q.codes);
    const { granularity } = q.params.scheme;
    const attributes = new Map<string, Attribute>(
      granularity.kind === 'perChannel' ? [['axis', { kind: 'int', value: granularity.axis }]] : [],
    );
    const out = this.value(`${name}_DequantizeLinear_Output`, like, 'float32');
    this.#add(`${name}_DequantizeLinear`, 'DequantizeLinear', [codes, scale, zeroPoint], out, attributes);
    this.#dequantized.set(q, out);
    return out;
  }

  /** A constant stored in half precision, as float32. */
  widened(constant: Tensor, type: HalfType, like: ValueId): ValueId {
    const name = this.nameOf(like);
    const stored = this.#constant(`${name}_${type}`, constant, () => constant);
    return this.#cast({ name: `${name}_${type}_float32`, from: stored, dtype: 'float32', like });
  }

  /** Casts a float32 value to half precision and back. */
  castThrough(type: HalfType, name: string, from: ValueId, to?: ValueId): ValueId {
    const narrow = this.#cast({ name: `${name}_${type}`, from, dtype: type, like: from });
    return this.#cast({ name: `${name}_${type}_float32`, from: narrow, dtype: 'float32', like: from, to });
  }

  #cast({ name, from, dtype, like, to = this.value(name, like, dtype) }: CastParts): ValueId {
    const attributes = new Map<string, Attribute>([['to', { kind: 'int', value: DTYPES.indexOf(dtype) }]]);
    this.#add(`${name}_Cast`, 'Cast', [from], to, attributes);
    return to;
  }

  #parametersOf(params: QuantParams, name: string) {
    let ids = this.#parameters.get(params);
    if (ids === undefined) {
      const dims = params.scheme.granularity.kind === 'perChannel' ? [params.scale.length] : [];
      const { dtype } = params.scheme;
      const zeros = (): Tensor => zeroPointTensor(dtype, dims, params.zeroPoint);
      ids = {
        scale: this.#constant(`${name}_scale`, params.scale, () => tensor('float32', dims, params.scale)),
        zeroPoint: this.#constant(`${name}_zero_point`, params.zeroPoint, zeros),
      };
      this.#parameters.set(params, ids);
    }
    return ids;
  }

  #add(
    name: string,
    opType: string,
    inputs: readonly ValueId[],
    output: ValueId,
    attributes: ReadonlyMap<string, Attribute> = new Map(),
  ): void {
    const id = this.nextNode++ as NodeId;
    const handle = fresh(name, this.#nodeNames);
    const outputs = [output];
    this.nodes.push({ id, name: handle, handle, opType, domain: '', inputs, outputs, attributes, origin: [] });
  }

  /** @param key what the constant stands for: with the same one its source is shared. */
  #constant(name: string, key: object, make: () => Tensor): ValueId {
    let constant = this.#sources.get(key);
    if (constant === undefined) {
      constant = sourceOf(make());
      this.#sources.set(key, constant);
    }
    const id = this.nextValue++ as ValueId;
    const { dtype, dims } = constant;
    this.values.set(id, { id, name: fresh(name, this.#valueNames), dtype, dims, constant });
    return id;
  }
}

interface CastParts {
  readonly name: string;
  readonly from: ValueId;
  readonly dtype: StoredDType;
  readonly like: ValueId;
  readonly to?: ValueId | undefined;
}

/** The name, or with the first number behind it that makes it new. */
function fresh(name: string, taken: Set<string>): string {
  let made = name;
  for (let i = 2; taken.has(made); i++) made = `${name}_${i}`;
  taken.add(made);
  return made;
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
