import { dtypeOfCode } from '../base/dtypeCodes.ts';
import type { QuantDType, QuantParams } from '../base/quantParams.ts';
import { sameDims, sizeOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import { Ids } from '../graph/build.ts';
import { constantsOf } from '../graph/constants.ts';
import type { Attribute, Graph, Model, Node, TensorSource, Value, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { evaluateNode } from '../ops/evaluate.ts';
import { rangeOf } from '../ops/numbers.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { findOp } from '../ops/registry.ts';

/** What the QuantizeLinear and DequantizeLinear nodes of a file say about its tensors. */
export interface FileQuantization {
  /** By value: before QuantizeLinear, codes, and after DequantizeLinear alike. */
  readonly params: ReadonlyMap<ValueId, QuantParams>;
  /** Codes by the activation they stand for. */
  readonly codes: ReadonlyMap<ValueId, ValueId>;
  /** The activation that a dequantized value stands for. */
  readonly sources: ReadonlyMap<ValueId, ValueId>;
  /** Constant codes by the dequantized value. */
  readonly weights: ReadonlyMap<ValueId, ValueId>;
  /** Activations whose codes reach no negative number: quantizers leave a ReLU in front of them to the code range. */
  readonly clamped: ReadonlySet<ValueId>;
}

/**
 * Undefined for a model without QuantizeLinear and DequantizeLinear of constant parameters. Constants and codes are seen
 * through Identity, and codes through a Cast to the type they have.
 */
export async function recoverQdq(graph: Graph): Promise<FileQuantization | undefined> {
  if (!graph.nodes.some((node) => isQuantize(node) || isDequantize(node))) return undefined;
  const made = new Set(graph.nodes.flatMap((node) => node.outputs));
  const constants = new Constants(graph);
  const params = new Map<ValueId, QuantParams>();
  const codes = new Map<ValueId, ValueId>();
  const sources = new Map<ValueId, ValueId>();
  const weights = new Map<ValueId, ValueId>();
  const clamped = new Set<ValueId>();
  const quantized = new Map<ValueId, { readonly source: ValueId; readonly params: QuantParams }>();
  for (const node of graph.nodes) {
    const [from] = node.inputs;
    const [to] = node.outputs;
    if (from === undefined || to === undefined) continue;
    const origin = quantized.get(from);
    if (origin !== undefined && passesOn(node, origin.params.scheme.dtype)) quantized.set(to, origin);
    if (!isQuantize(node) && !isDequantize(node)) continue;
    const known = await paramsOf(graph, constants, node);
    if (known === undefined) continue;
    params.set(to, known);
    params.set(from, known);
    const constant = constants.behind(from);
    if (isQuantize(node)) {
      if (!codes.has(from)) codes.set(from, to);
      if (startsAtZero(known) && made.has(from) && !graph.outputs.includes(from)) clamped.add(from);
      quantized.set(to, { source: from, params: known });
    } else if (constant !== undefined) {
      params.set(constant, known);
      weights.set(to, constant);
    } else if (origin !== undefined && sameParams(origin.params, known)) {
      sources.set(to, origin.source);
    }
  }
  return params.size === 0 ? undefined : { params, codes, sources, weights, clamped };
}

/** Whether codes of this type leave the node as they came. */
function passesOn({ domain, opType, attributes }: Node, dtype: QuantDType): boolean {
  const to = attributes.get('to');
  return domain === '' && (opType === 'Identity' || (opType === 'Cast' && dtypeOfAttribute(to) === dtype));
}

function dtypeOfAttribute(to: Attribute | undefined): string | undefined {
  return to?.kind === 'int' ? dtypeOfCode(to.value) : undefined;
}

/** Whether both stand for the same numbers. */
export function sameParams(a: QuantParams, b: QuantParams): boolean {
  const same = (x: ArrayLike<number>, y: ArrayLike<number>): boolean =>
    x.length === y.length && Array.from(x).every((value, i) => value === y[i]);
  const [g, h] = [a.scheme.granularity, b.scheme.granularity];
  const sameAxis = g.kind === h.kind && (g.kind !== 'perChannel' || h.kind !== 'perChannel' || g.axis === h.axis);
  return a.scheme.dtype === b.scheme.dtype && sameAxis && same(a.scale, b.scale) && same(a.zeroPoint, b.zeroPoint);
}

export interface StripOptions {
  readonly kernels: KernelSet;
  /** Float weights in place of dequantized codes, by the dequantized value. */
  readonly weights?: ReadonlyMap<ValueId, TensorSource>;
}

/** Whether the lowest code stands for 0. */
function startsAtZero({ scheme, zeroPoint }: QuantParams): boolean {
  return scheme.granularity.kind === 'perTensor' && zeroPoint[0] === scheme.qmin;
}

/**
 * The float model of a QDQ one: activations pass unquantized, constant codes become the numbers they stand for, and a
 * ReLU stands where the code range did its job. Nodes and values keep their ids; QuantizeLinear nodes are gone, and
 * DequantizeLinear behind them is an Identity.
 */
export function stripQdq(model: Model, quantization: FileQuantization, options: StripOptions): Model {
  const ids = new Ids(model);
  const editor = new GraphEditor(model.graph, ids);
  restoreRelus(editor, quantization.clamped);
  for (const node of model.graph.nodes) {
    const [to] = node.outputs;
    if (to === undefined || !isDequantize(node)) continue;
    const source = quantization.sources.get(to);
    if (source !== undefined) {
      editor.updateNode(node.id, { opType: 'Identity', domain: '', inputs: [source], attributes: new Map() });
      continue;
    }
    const codes = quantization.weights.get(to);
    if (codes !== undefined) {
      const constant = options.weights?.get(to) ?? dequantized(model, node, codes, options.kernels);
      editor.removeNode(node.id);
      editor.updateValue(to, { dtype: constant.dtype, dims: constant.dims, constant });
    }
  }
  const reads = new Set([...editor.nodes].flatMap((n) => n.inputs));
  for (const node of [...editor.nodes]) {
    const [codes] = node.outputs;
    const isRead = codes === undefined || reads.has(codes) || editor.outputs.includes(codes);
    if (isQuantize(node) && !isRead) editor.removeNode(node.id);
  }
  return { ...model, graph: editor.finish(), nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}

/** Puts a ReLU between what makes a clamped activation and all that reads it; the result keeps the activation's id. */
function restoreRelus(editor: GraphEditor, clamped: ReadonlySet<ValueId>): void {
  for (const node of [...editor.nodes]) {
    for (const id of node.outputs) {
      if (id === undefined || !clamped.has(id)) continue;
      const raw = editor.addValue({ ...typeOf(editor.value(id)), name: `${editor.value(id)?.name}_unclamped` });
      const quantizers = new Set([...editor.nodes].filter((n) => isQuantize(n) && n.inputs[0] === id).map((n) => n.id));
      editor.replaceUses(id, raw, { except: quantizers });
      editor.updateNode(node.id, { outputs: node.outputs.map((o) => (o === id ? raw : o)) });
      editor.addNode({ opType: 'Relu', inputs: [raw], outputs: [id], origin: [] });
    }
  }
}

function weightType({ dtype, dims }: TensorSource): Pick<Value, 'dtype' | 'dims'> {
  return { dtype, dims };
}

function typeOf(value: Value | undefined): Pick<Value, 'dtype' | 'dims'> {
  const { dtype, dims } = value ?? {};
  return { ...(dtype && { dtype }), ...(dims && { dims }) };
}

/**
 * Lets these nodes read their activations as they are before QuantizeLinear, behind a ReLU where the codes had one, and
 * float weights in place of dequantized ones where `weights` has them.
 */
export function bypassQdq(
  model: Pick<Model, 'graph' | 'nextNodeId' | 'nextValueId'>,
  { sources, clamped }: FileQuantization,
  nodes: Iterable<Node>,
  weights: ReadonlyMap<ValueId, TensorSource> = new Map(),
): Pick<Model, 'graph' | 'nextNodeId' | 'nextValueId'> {
  const ids = new Ids(model);
  const editor = new GraphEditor(model.graph, ids);
  const relus = new Map<ValueId, ValueId>();
  const floatOf = (id: ValueId): ValueId => {
    if (!clamped.has(id)) return id;
    const known = relus.get(id);
    if (known !== undefined) return known;
    const value = editor.value(id);
    const made = editor.addValue({ ...typeOf(value), name: `${value?.name}_clamped` });
    editor.addNode({ opType: 'Relu', inputs: [id], outputs: [made], origin: [] });
    relus.set(id, made);
    return made;
  };
  for (const node of nodes) {
    const inputs = node.inputs.map((id) => {
      const source = id === undefined ? undefined : sources.get(id);
      const weight = id === undefined ? undefined : weights.get(id);
      if (id === undefined || weight === undefined) return source === undefined ? id : floatOf(source);
      return editor.addValue({ name: `${editor.value(id)?.name}_float`, ...weightType(weight), constant: weight });
    });
    editor.updateNode(node.id, { inputs });
  }
  return { graph: editor.finish(), nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}

async function paramsOf(graph: Graph, constants: Constants, node: Node): Promise<QuantParams | undefined> {
  const [data, scaleId, zeroPointId] = node.inputs;
  const scale = await constants.load(scaleId);
  const zeroPoint = await constants.load(zeroPointId);
  if (scale?.dtype !== 'float32' || scale.dims.length > 1) return undefined;
  if (zeroPointId !== undefined && zeroPoint === undefined) return undefined;
  const codes = isQuantize(node) ? node.outputs[0] : data;
  const dtype = zeroPoint?.dtype ?? (codes === undefined ? undefined : graph.values.get(codes)?.dtype) ?? 'uint8';
  if (!isQuantDType(dtype)) return undefined;
  const scales = scale.data as Float32Array; // of dtype float32
  const zeros = zeroPoint === undefined ? new Int32Array(scales.length) : Int32Array.from(toNumbers(zeroPoint));
  const axis = node.attributes.get('axis');
  const [qmin, qmax] = rangeOf(dtype);
  const signed = qmin < 0;
  return {
    scheme: {
      dtype,
      mapping: signed && zeros.every((z) => z === 0) ? 'symmetric' : 'asymmetric',
      granularity:
        scales.length === 1
          ? { kind: 'perTensor' }
          : { kind: 'perChannel', axis: axis?.kind === 'int' ? axis.value : 1 },
      qmin,
      qmax,
    },
    scale: scales,
    zeroPoint: zeros,
  };
}

/** Constants of a graph: initializers and what Constant nodes make, also behind Identity. */
class Constants {
  readonly #values: Graph['values'];
  readonly #origins = new Map<ValueId, ValueId>();
  readonly #constants: ReadonlyMap<ValueId, TensorSource>;

  constructor(graph: Graph) {
    this.#values = graph.values;
    this.#constants = constantsOf(graph);
    for (const { domain, opType, inputs, outputs } of graph.nodes) {
      const [from] = inputs;
      const [to] = outputs;
      if (domain === '' && opType === 'Identity' && from !== undefined && to !== undefined)
        this.#origins.set(to, this.#originOf(from));
    }
  }

  /** The value of the initializer. */
  behind(id: ValueId): ValueId | undefined {
    const origin = this.#originOf(id);
    return this.#values.get(origin)?.constant === undefined ? undefined : origin;
  }

  async load(id: ValueId | undefined): Promise<Tensor | undefined> {
    const origin = id === undefined ? undefined : this.#originOf(id);
    const source = origin === undefined ? undefined : this.#constants.get(origin);
    return source?.tensor ?? source?.load();
  }

  #originOf(id: ValueId): ValueId {
    return this.#origins.get(id) ?? id;
  }
}

const QUANT_DTYPES: readonly string[] = ['int4', 'uint4', 'int8', 'uint8', 'int16', 'uint16', 'int32'];

function isQuantDType(dtype: string): dtype is QuantDType {
  return QUANT_DTYPES.includes(dtype);
}

/** The float constant that a DequantizeLinear of constants makes, computed when it is loaded. */
function dequantized(model: Model, node: Node, codes: ValueId, kernels: KernelSet): TensorSource {
  const opset = model.opsets.get(node.domain) ?? 1;
  const dims = model.graph.values.get(codes)?.constant?.dims ?? [];
  const constants = new Constants(model.graph);
  const load = async (): Promise<Tensor> => {
    const inputs: (Tensor | undefined)[] = [];
    for (const id of node.inputs) inputs.push(await constants.load(id));
    const def = findOp(node.domain, node.opType, opset);
    const fail = (message: string): never => {
      throw new Error(`invariant: ${node.handle}: ${message}`); // shape inference read the same attributes before
    };
    if (def === undefined) return fail('DequantizeLinear is an operator we run');
    const [made] = evaluateNode(def, node, inputs, { kernels, opset, isConstant: () => true, outputFacts: [], fail });
    if (made === undefined || !sameDims(made.dims, dims)) return fail('it keeps the shape of the codes');
    return made;
  };
  return { dtype: 'float32', dims, byteLength: 4 * sizeOf(dims), load };
}
