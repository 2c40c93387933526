import type { QuantizedTensor } from '../base/quantParams.ts';
import { sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { Ids } from '../graph/build.ts';
import type { Facts } from '../graph/fact.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import { addDynamicCodes, type DynamicCodes, type DynamicForm } from './insertDynamicCodes.ts';
import { DynamicNodes, type DynamicSources } from './insertDynamicNodes.ts';
import type { QdqGraph } from './insertQdq.ts';

/** A constant as [..., M, K] or [..., K, N] codes, or an activation, perhaps to be transposed first. */
export type ProductOperand =
  | { readonly kind: 'weight'; readonly value: ValueId; readonly quantized: QuantizedTensor }
  | { readonly kind: 'activation'; readonly value: ValueId; readonly transposed: boolean };

/** A MatMul or Gemm to carry out on codes: alpha * left * right + beta * bias. */
export interface IntegerProduct {
  readonly node: NodeId;
  readonly left: ProductOperand;
  readonly right: ProductOperand;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: ValueId | undefined;
}

/** A Conv to carry out on codes; its weight is symmetric, per tensor or per output channel. */
export interface IntegerConvolution {
  readonly node: NodeId;
  readonly activation: ValueId;
  /** The float weight. */
  readonly value: ValueId;
  readonly quantized: QuantizedTensor;
  readonly bias: ValueId | undefined;
}

/** A Gather whose table is kept as codes, per tensor or along the axis it gathers from. */
export interface CodedTable {
  readonly node: NodeId;
  readonly value: ValueId;
  readonly quantized: QuantizedTensor;
}

export interface DynamicAssignment {
  readonly form: DynamicForm;
  readonly products: readonly IntegerProduct[];
  /** Of form `range` only. */
  readonly convolutions: readonly IntegerConvolution[];
  readonly tables: readonly CodedTable[];
}

export interface DynamicOptions {
  readonly nextNodeId: number;
  readonly nextValueId: number;
  readonly facts: Facts;
  readonly opset: number;
  readonly sources: DynamicSources;
}

/**
 * Puts products on integers: activations are quantized when the model runs, by DynamicQuantizeLinear or nodes that say
 * what it cannot, multiplied by MatMulInteger, and scaled. Nodes keep their name, values their id.
 */
export function insertDynamic(graph: Graph, assignment: DynamicAssignment, options: DynamicOptions): QdqGraph {
  const ids = new Ids(options);
  const nodes = new DynamicNodes(graph, ids, options.opset, options.sources);
  fill(new Draft(nodes, assignment.form, options.facts, undefined), assignment);
  return {
    graph: nodes.editor.finish(),
    codes: new Map(),
    floatOf: new Map(),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
  };
}

/** The float graph, with what each quantized node makes of float inputs as further outputs. */
export interface AloneGraph {
  readonly graph: Graph;
  /** What a quantized node makes alone, by the value that the float one makes. */
  readonly alone: ReadonlyMap<ValueId, ValueId>;
}

/** Puts integer products and coded tables beside the float ones, so that errors do not add up from node to node. */
export function insertDynamicApart(graph: Graph, assignment: DynamicAssignment, options: DynamicOptions): AloneGraph {
  const nodes = new DynamicNodes(graph, new Ids(options), options.opset, options.sources);
  const alone = new Map<ValueId, ValueId>();
  fill(new Draft(nodes, assignment.form, options.facts, alone), assignment);
  nodes.editor.setOutputs([...new Set([...graph.outputs, ...alone.values()])]);
  return { graph: nodes.editor.finish(), alone };
}

function fill(draft: Draft, { products, convolutions, tables }: DynamicAssignment): void {
  for (const product of products) draft.product(product);
  for (const convolution of convolutions) draft.convolution(convolution);
  for (const table of tables) draft.table(table);
}

type Side = 'left' | 'right';

const ZERO_128 = Uint8Array.of(128);

/** Forms in which the codes of an activation are the same on both sides of a product. */
const PER_TENSOR: ReadonlySet<DynamicForm> = new Set(['range', 'referenceRange']);

/** An operand as the integer product reads it. */
interface Operand extends DynamicCodes {
  /** Whether there is one scale for the whole operand. */
  readonly isScalar: boolean;
  /** Whether the scales are [..., 1, N] of an activation. */
  readonly isColumns: boolean;
  /** Sums over K of a weight's codes, float64: [N] of a right operand, [M, 1] of a left one. */
  readonly sums: (() => ValueId) | undefined;
}

class Draft {
  readonly #nodes: DynamicNodes;
  readonly #form: DynamicForm;
  readonly #facts: Facts;
  readonly #alone: Map<ValueId, ValueId> | undefined;
  readonly #activations = new Map<string, DynamicCodes>();

  /** @param alone gets the values of nodes that are put beside the float ones; undefined puts them in their place. */
  constructor(nodes: DynamicNodes, form: DynamicForm, facts: Facts, alone: Map<ValueId, ValueId> | undefined) {
    this.#nodes = nodes;
    this.#form = form;
    this.#facts = facts;
    this.#alone = alone;
  }

  /** What makes the float value's counterpart. */
  #outputOf(value: ValueId): ValueId {
    if (this.#alone === undefined) return value;
    const made = this.#nodes.value(`${this.#nodes.nameOf(value)}_alone`, 'float32');
    this.#alone.set(value, made);
    return made;
  }

  #place(id: NodeId, change: Pick<Node, 'opType' | 'inputs' | 'outputs' | 'attributes'>): void {
    const { editor } = this.#nodes;
    if (this.#alone === undefined) editor.updateNode(id, change);
    else editor.addNode({ ...change, name: `${editor.node(id)?.handle}_alone`, origin: [] });
  }

  product({ node: id, left, right, alpha, beta, bias }: IntegerProduct): void {
    const { editor } = this.#nodes;
    const node = editor.node(id);
    const made = node?.outputs[0];
    if (node === undefined || made === undefined) return;
    const output = this.#outputOf(made);
    const a = this.#operand(left, 'left');
    const b = this.#operand(right, 'right');
    const name = this.#nodes.nameOf(output);
    const sums =
      a.shift !== undefined && b.shift !== undefined ? this.#shifted(id, a, b, name) : this.#sums(id, a, b, name);
    const factors = this.#factors(a, b, name);
    if (alpha !== 1) factors.push(this.#nodes.scalar('float32', alpha));
    const hasBias = bias !== undefined && beta !== 0;
    const last = factors.length - 1;
    const scaled = factors.reduce(
      (product, factor, i) =>
        this.#nodes.add('Mul', [product, factor], {
          name: `${name}_scaled`,
          dtype: 'float32',
          ...(i === last && !hasBias && { output }),
        }),
      sums,
    );
    if (!hasBias) return;
    const added =
      beta === 1 ? bias : this.#nodes.float('Mul', [bias, this.#nodes.scalar('float32', beta)], `${name}_beta`);
    this.#nodes.add('Add', [scaled, added], { name: `${name}_biased`, dtype: 'float32', output });
  }

  /**
   * What the sums are multiplied by, in turn. One product of scales where the left one is a scalar: ONNX Runtime fuses
   * that, and takes for granted that it is one.
   */
  #factors(a: Operand, b: Operand, name: string): ValueId[] {
    if (!a.isScalar || b.isColumns) return [b.scale, a.scale];
    return [this.#nodes.float('Mul', [a.scale, b.scale], `${name}_scales`)];
  }

  /** The integer sums as float32; the node keeps its name. */
  #sums(id: NodeId, a: Operand, b: Operand, name: string): ValueId {
    const nodes = this.#nodes;
    const sums = nodes.value(`${name}_quantized`, 'int32');
    const zeros = [a.zeroPoint, b.zeroPoint];
    while (zeros.length > 0 && zeros.at(-1) === undefined) zeros.pop();
    this.#place(id, {
      opType: 'MatMulInteger',
      inputs: [a.codes, b.codes, ...zeros],
      outputs: [sums],
      attributes: new Map(),
    });
    const shift = a.shift ?? b.shift;
    const codeSums = a.shift === undefined ? a.sums : b.sums;
    if (shift === undefined || codeSums === undefined) return nodes.cast(sums, 'float32', `${name}_quantized_float`);
    const exact = nodes.cast(sums, 'float64', `${name}_quantized_double`);
    const share = nodes.double('Mul', [shift, codeSums()], `${name}_shift`);
    const shifted = nodes.double('Sub', [exact, share], `${name}_shifted`);
    return nodes.cast(shifted, 'float32', `${name}_quantized_float`);
  }

  /** Both zero points may be no int8: integers in float64, which holds such sums exactly. */
  #shifted(id: NodeId, a: Operand, b: Operand, name: string): ValueId {
    const nodes = this.#nodes;
    const steps = ({ codes, shift }: Operand, side: Side): ValueId => {
      const double = nodes.cast(codes, 'float64', `${name}_${side}_double`);
      return nodes.double('Sub', [double, shift as ValueId], `${name}_${side}_steps`); // the caller saw both
    };
    const sums = nodes.value(`${name}_quantized`, 'float64');
    this.#place(id, {
      opType: 'MatMul',
      inputs: [steps(a, 'left'), steps(b, 'right')],
      outputs: [sums],
      attributes: new Map(),
    });
    return nodes.cast(sums, 'float32', `${name}_quantized_float`);
  }

  #operand(operand: ProductOperand, side: Side): Operand {
    if (operand.kind === 'weight') return this.#weight(operand.value, operand.quantized, side);
    const { value, transposed } = operand;
    const key = `${value}:${transposed}:${PER_TENSOR.has(this.#form) ? '' : side}`;
    let found = this.#activations.get(key);
    if (found === undefined) {
      const x = transposed ? this.#nodes.add('Transpose', [value], transposition(this.#nodes.nameOf(value))) : value;
      const rank = this.#facts.get(value)?.dims?.length ?? 2;
      found = addDynamicCodes(this.#nodes, this.#form, x, side === 'left' ? rank - 1 : Math.max(0, rank - 2));
      this.#activations.set(key, found);
    }
    const isScalar = PER_TENSOR.has(this.#form);
    return { ...found, sums: undefined, isScalar, isColumns: !isScalar && side === 'right' };
  }

  #weight(value: ValueId, { codes, params }: QuantizedTensor, side: Side): Operand {
    const name = this.#nodes.nameOf(value);
    const ofRows = side === 'left' && params.scale.length > 1 ? [params.scale.length, 1] : [params.scale.length];
    const scaleDims = params.scheme.granularity.kind === 'perChannel' ? ofRows : [];
    const scale = this.#nodes.constant(`${name}_scale`, params, () => tensor('float32', scaleDims, params.scale));
    const isScalar = scaleDims.length === 0;
    if (side === 'left' && this.#form === 'range') return { ...this.#unsigned(name, codes), scale, isScalar };
    return {
      codes: this.#nodes.constant(`${name}_quantized`, codes, () => codes),
      scale,
      isScalar,
      isColumns: false,
      zeroPoint: undefined,
      shift: undefined,
      sums: () =>
        this.#nodes.constant(`${name}_sums`, codes.data, () => codeSums(codes.data as Int8Array, codes.dims, side)),
    };
  }

  /** The same codes as uint8 around 128: ONNX Runtime has no fused product of int8 by uint8. */
  #unsigned(name: string, { data, dims }: Tensor): Omit<Operand, 'scale' | 'isScalar'> {
    const unsigned = (): Tensor =>
      tensor(
        'uint8',
        dims,
        Uint8Array.from(data as Int8Array, (q) => q + 128),
      );
    const zeroPoint = this.#nodes.constant('uint8_128', ZERO_128, () => tensor('uint8', [], ZERO_128));
    const codes = this.#nodes.constant(`${name}_quantized`, data, unsigned);
    return { codes, zeroPoint, shift: undefined, sums: undefined, isColumns: false };
  }

  convolution({ node: id, activation, value, quantized, bias }: IntegerConvolution): void {
    const nodes = this.#nodes;
    const node = nodes.editor.node(id);
    const made = node?.outputs[0];
    if (node === undefined || made === undefined) return;
    const output = this.#outputOf(made);
    const name = nodes.nameOf(output);
    const x = this.#operand({ kind: 'activation', value: activation, transposed: false }, 'left');
    const { codes, params } = quantized;
    const channels = codes.dims.map((_, axis) => (axis === 1 ? -1 : 1));
    const perChannel = codes.dims.map((_, axis) => (axis === 1 ? params.scale.length : 1)); // of the rank of images, whose layout it then follows
    const scaleDims = params.scheme.granularity.kind === 'perChannel' ? perChannel : [];
    const weight = nodes.nameOf(value);
    const inputs = [x.codes, nodes.constant(`${weight}_quantized`, codes, () => codes), x.zeroPoint];
    const scale = nodes.constant(`${weight}_scale`, params, () => tensor('float32', scaleDims, params.scale));
    const sums = nodes.value(`${name}_quantized`, 'int32');
    this.#place(id, { opType: 'ConvInteger', inputs, outputs: [sums], attributes: node.attributes });
    const float = nodes.cast(sums, 'float32', `${name}_quantized_float`);
    const scales = nodes.float('Mul', [x.scale, scale], `${name}_scales`);
    if (bias === undefined) {
      nodes.add('Mul', [float, scales], { name: `${name}_scaled`, dtype: 'float32', output });
      return;
    }
    const scaled = nodes.float('Mul', [float, scales], `${name}_scaled`);
    const shaped = nodes.float('Reshape', [bias, nodes.ints(channels)], `${name}_bias`);
    nodes.add('Add', [scaled, shaped], { name: `${name}_biased`, dtype: 'float32', output });
  }

  table({ node: id, value, quantized }: CodedTable): void {
    const { editor } = this.#nodes;
    const node = editor.node(id);
    const made = node?.outputs[0];
    const indices = node?.inputs[1];
    if (node === undefined || made === undefined || indices === undefined) return;
    const output = this.#outputOf(made);
    const { codes, params } = quantized;
    const { granularity } = params.scheme;
    const table = this.#nodes.nameOf(value);
    const dims = granularity.kind === 'perChannel' ? codes.dims.map((d, i) => (i === granularity.axis ? d : 1)) : [];
    const zeros = params.zeroPoint;
    const ids = {
      codes: this.#nodes.constant(`${table}_quantized`, codes, () => codes),
      scale: this.#nodes.constant(`${table}_scale`, params, () => tensor('float32', dims, params.scale)),
      zeroPoint: this.#nodes.constant(`${table}_zero_point`, zeros, () => tensor('int8', dims, Int8Array.from(zeros))),
    };
    const name = this.#nodes.nameOf(output);
    const gathered = this.#nodes.value(`${name}_quantized`, 'int8');
    const { opType, attributes: place } = node;
    this.#place(id, { opType, inputs: [ids.codes, indices], outputs: [gathered], attributes: place });
    if (granularity.kind !== 'perChannel') {
      const inputs = [gathered, ids.scale, ids.zeroPoint];
      this.#nodes.add('DequantizeLinear', inputs, { name: `${name}_dequantized`, dtype: 'float32', output });
      return;
    }
    const attributes = Object.fromEntries(node.attributes);
    const gather = (from: ValueId, part: string, dtype: 'float32' | 'int8'): ValueId =>
      this.#nodes.add('Gather', [from, indices], { name: `${name}_${part}`, dtype, attributes });
    const scale = gather(ids.scale, 'scale', 'float32');
    const zeroPoint = this.#nodes.cast(
      gather(ids.zeroPoint, 'zero_point', 'int8'),
      'float32',
      `${name}_zero_point_float`,
    );
    const float = this.#nodes.cast(gathered, 'float32', `${name}_quantized_float`);
    const steps = this.#nodes.float('Sub', [float, zeroPoint], `${name}_steps`);
    this.#nodes.add('Mul', [steps, scale], { name: `${name}_dequantized`, dtype: 'float32', output });
  }
}

function transposition(name: string) {
  const perm = { kind: 'ints', value: [1, 0] } as const; // of a Gemm's matrix
  return { name: `${name}_transposed`, dtype: 'float32', attributes: { perm } } as const;
}

/** Sums of codes [..., K, N] over K, or of [..., M, K] over K, the other axes as they are; the summed one has length 1. */
function codeSums(codes: Int8Array, dims: readonly number[], side: Side): Tensor {
  const axis = side === 'left' ? dims.length - 1 : dims.length - 2;
  const length = dims[axis] as number; // rank 2 at least
  const inner = sizeOf(dims.slice(axis + 1));
  const kept = dims.map((d, i) => (i === axis ? 1 : d));
  const sums = new Float64Array(sizeOf(kept));
  for (let i = 0; i < codes.length; i++) {
    const at = Math.floor(i / (inner * length)) * inner + (i % inner);
    sums[at] = (sums[at] as number) + (codes[i] as number);
  }
  return tensor('float64', kept, sums);
}
