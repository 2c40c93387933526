import type { Granularity, QuantScheme } from '../base/quantParams.ts';
import { sizeOf } from '../base/shape.ts';
import type { Facts, TensorFact } from '../graph/fact.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import type { DynamicForm } from '../passes/insertDynamicCodes.ts';
import type { NodeOverride } from './overrides.ts';
import type { NodeDecision, QuantPlan, WeightDecision } from './plan.ts';
import { weightScheme } from './scheme.ts';

/** ALWC: activations per layer, weights per channel. ACWL: activations per row, weights per layer. */
export type DynamicStrategy = 'ALWC' | 'ACWL';

/** An operand of a product that is quantized: codes of a constant, or of an activation when the model runs. */
export type DynamicOperand =
  | { readonly kind: 'weight'; readonly input: number; readonly value: ValueId; readonly scheme: QuantScheme }
  | { readonly kind: 'activation'; readonly value: ValueId };

/** A product `alpha * left [..., M, K] * right [..., K, N] + beta * bias` on integers. */
export interface DynamicProduct {
  readonly left: DynamicOperand;
  readonly right: DynamicOperand;
  /** Whether the operand lies as [..., K, M], or [..., N, K]. */
  readonly transposed: { readonly left: boolean; readonly right: boolean };
  readonly alpha: number;
  readonly beta: number;
  readonly bias: ValueId | undefined;
}

/** A convolution on integers; its weight, input 1, is among the plan's. */
export interface DynamicConvolution {
  readonly activation: ValueId;
  readonly bias: ValueId | undefined;
}

/** What becomes of a graph whose activations are quantized while it runs. */
export interface DynamicPlan extends QuantPlan {
  readonly form: DynamicForm;
  readonly products: ReadonlyMap<NodeId, DynamicProduct>;
  readonly convolutions: ReadonlyMap<NodeId, DynamicConvolution>;
}

export interface DynamicPlanOptions {
  readonly strategy: DynamicStrategy;
  /** Only what converter_lite quantizes, MatMul and Gather; one scale for a MatMul weight that several nodes share. */
  readonly strictReference: boolean;
  /** Nodes of the prepared graph that stay float on the user's wish. */
  readonly skip: ReadonlySet<NodeId>;
  readonly overrides: ReadonlyMap<NodeId, NodeOverride>;
  readonly facts: Facts;
  readonly opset: number;
}

/** Terms of 255 * 255, the largest product of two dynamic codes, that int32 holds. */
const MOST_TERMS = 33025;
/** The first opsets in which Mul and Add broadcast as they do now, and in which there is a Where. */
const LEAST_OPSET = { default: 7, strict: 9 } as const;

/**
 * Decides what is quantized without calibration: products of an activation by a constant, of two activations,
 * convolutions, and tables that are gathered from.
 * @source MindSpore Lite, tools/converter/quantizer/dynamic_quantizer.cc: MatMul and Gather; Conv as ONNX Runtime's
 *   quantize_dynamic; Gemm is ours.
 */
export function planDynamic(graph: Graph, options: DynamicPlanOptions): DynamicPlan {
  const draft: Draft = {
    graph,
    options,
    users: countUsers(graph),
    products: new Map(),
    convolutions: new Map(),
    weights: [],
  };
  const nodes = new Map(graph.nodes.map((node) => [node.id, decide(draft, node)]));
  const { products, convolutions, weights } = draft;
  return {
    form: FORMS[options.strictReference ? 'strict' : 'default'][options.strategy],
    products,
    convolutions,
    weights,
    nodes,
    arithmetic: options.strictReference ? 'mindspore' : 'onnxruntime',
    activations: new Map(),
    folded: new Map(),
    conversions: [],
    halves: new Map(),
    methods: new Map(),
  };
}

const FORMS: Readonly<Record<'default' | 'strict', Readonly<Record<DynamicStrategy, DynamicForm>>>> = {
  default: { ALWC: 'range', ACWL: 'rows' },
  strict: { ALWC: 'referenceRange', ACWL: 'referenceRows' },
};

interface Draft {
  readonly graph: Graph;
  readonly options: DynamicPlanOptions;
  /** Nodes that read a value. */
  readonly users: ReadonlyMap<ValueId, number>;
  readonly products: Map<NodeId, DynamicProduct>;
  readonly convolutions: Map<NodeId, DynamicConvolution>;
  readonly weights: WeightDecision[];
}

function decide(draft: Draft, node: Node): NodeDecision {
  const { skip, overrides, opset } = draft.options;
  const reason = unfit(draft.options, node);
  if (reason !== undefined) return stays(reason);
  const least = LEAST_OPSET[draft.options.strictReference ? 'strict' : 'default'];
  if (opset < least) return stays(`the model's opset is ${opset}; its integer form needs ${least}`);
  const found = find(draft, node);
  if (typeof found === 'string') return stays(found);
  if (skip.has(node.id))
    return { form: 'skipped', canSkip: true, why: 'listed in skip_quant_node', precision: 'float32' };
  if (overrides.get(node.id)?.precision === 'float32') return stays('float32 in node_overrides');
  draft.weights.push(...found.weights);
  if (found.product !== undefined) draft.products.set(node.id, found.product);
  if (found.convolution !== undefined) draft.convolutions.set(node.id, found.convolution);
  const computes = node.opType === 'Gather' ? 'float' : 'integer';
  return { form: 'quantized', canSkip: true, why: found.why, precision: 'int8', computes };
}

interface Found {
  readonly weights: readonly WeightDecision[];
  readonly product?: DynamicProduct;
  readonly convolution?: DynamicConvolution;
  readonly why: string;
}

function find(draft: Draft, node: Node): Found | string {
  if (node.opType === 'Gather') return tableOf(draft, node);
  return node.opType === 'Conv' ? convolutionOf(draft, node) : productOf(draft, node);
}

/** Operators that the reference quantizes, and those that are quantized besides. */
const REFERENCE: readonly string[] = ['MatMul', 'Gather'];
const OURS: readonly string[] = ['Gemm', 'Conv'];

function unfit({ strictReference }: DynamicPlanOptions, { domain, opType }: Node): string | undefined {
  const isOurs = OURS.includes(opType);
  if (domain !== '' || !(isOurs || REFERENCE.includes(opType))) return `DYNAMIC_QUANT does not quantize ${opType}`;
  return strictReference && isOurs ? 'converter_lite quantizes MatMul and Gather only' : undefined;
}

function stays(why: string): NodeDecision {
  return { form: 'float', canSkip: false, why, precision: 'float32' };
}

/** The constant table of a Gather, as the reference asymmetric, per layer or along the axis that is gathered. */
function tableOf(draft: Draft, node: Node): Found | string {
  const [value] = node.inputs;
  const fact = value === undefined ? undefined : draft.options.facts.get(value);
  if (value === undefined || !isConstant(draft, value)) return 'it gathers from an activation';
  const dims = floatDims(fact);
  if (dims === undefined) return `its table is ${fact?.dtype ?? 'of unknown type'}, not float32`;
  if (dims.length < 2) return 'its table has less than two dimensions';
  const attribute = node.attributes.get('axis');
  const axis = attribute?.kind === 'int' ? attribute.value : 0;
  const granularity = granularityOf(draft, node, value, axis < 0 ? axis + dims.length : axis);
  return {
    weights: [
      { node: node.id, input: 0, value, scheme: weightScheme(granularity, { bits: 8, mapping: 'asymmetric' }) },
    ],
    why: `int8 table ${said(granularity, dims)}; what is gathered is dequantized`,
  };
}

/** ConvInteger of uint8 codes by the range of the activation; symmetric weights, per output channel. */
function convolutionOf(draft: Draft, node: Node): Found | string {
  if (draft.options.strategy === 'ACWL')
    return 'the windows of a convolution cross the rows that ACWL gives a scale each';
  const [activation, value, bias] = node.inputs;
  if (activation === undefined || value === undefined) return 'it has an operand missing';
  const dtype = draft.options.facts.get(activation)?.dtype;
  if (dtype !== 'float32') return `its input 0 is ${dtype ?? 'of unknown type'}, not float32`;
  if (!isConstant(draft, value)) return 'its weight is an activation';
  const dims = floatDims(draft.options.facts.get(value));
  if (dims === undefined || dims.length < 3) return 'its weight is not float32 with spatial dimensions';
  const terms = sizeOf(dims.slice(1));
  if (terms > MOST_TERMS) return `its sums have ${terms} terms; int32 holds ${MOST_TERMS} for sure`;
  const scheme = weightScheme(granularityOf(draft, node, value, 0));
  const product = { activation, activationInput: 0, biasInput: -1, bias: undefined };
  return {
    weights: [{ node: node.id, input: 1, value, scheme, product }],
    convolution: { activation, bias },
    why: `int8 weight ${said(scheme.granularity, dims)}, the activation becomes uint8 by its range in every run`,
  };
}

function productOf(draft: Draft, node: Node): Found | string {
  const form = node.opType === 'Gemm' ? gemmForm(node) : MATMUL;
  const [leftId, rightId] = node.inputs;
  if (leftId === undefined || rightId === undefined) return 'it has an operand missing';
  const left = operandOf(draft, node, 0, form.transposed.left);
  const right = operandOf(draft, node, 1, form.transposed.right);
  if (typeof left === 'string') return left;
  if (typeof right === 'string') return right;
  if (left.kind === 'weight' && right.kind === 'weight') return 'both operands are constants';
  const dynamic = left.kind === 'activation' && right.kind === 'activation';
  if (dynamic && draft.options.strategy === 'ACWL')
    return 'ACWL leaves products of two activations float: a scale per row serves one of them only';
  const terms = termsOf(draft, leftId, form.transposed.left);
  if (terms === undefined) return 'the length of its sums is known only when it runs';
  if (terms > MOST_TERMS) return `its sums have ${terms} terms; int32 holds ${MOST_TERMS} for sure`;
  const weight = left.kind === 'weight' ? left : right;
  const product: DynamicProduct = { left, right, ...form, bias: node.inputs[2] };
  return { weights: weight.kind === 'weight' ? [weightOf(node, weight)] : [], product, why: sentence(draft, weight) };
}

function weightOf(node: Node, { input, value, scheme }: DynamicOperand & { readonly kind: 'weight' }): WeightDecision {
  const activationInput = 1 - input;
  const activation = node.inputs[activationInput] as ValueId; // productOf saw both
  return {
    node: node.id,
    input,
    value,
    scheme,
    product: { activation, activationInput, biasInput: -1, bias: undefined },
  };
}

function sentence(draft: Draft, weight: DynamicOperand): string {
  const { strategy, strictReference, facts } = draft.options;
  const type = strictReference || strategy === 'ACWL' ? 'int8' : 'uint8';
  const how = strategy === 'ACWL' ? 'per row' : 'by its range';
  if (weight.kind === 'activation') return `both operands become ${type} by their ranges in every run`;
  const dims = floatDims(facts.get(weight.value)) ?? [];
  return `int8 weight ${said(weight.scheme.granularity, dims)}, the activation becomes ${type} ${how} in every run`;
}

function said(granularity: Granularity, dims: readonly number[]): string {
  return granularity.kind === 'perChannel' ? `per channel (${dims[granularity.axis]})` : 'per tensor';
}

const MATMUL = { transposed: { left: false, right: false }, alpha: 1, beta: 1 } as const;

function gemmForm({ attributes }: Node): Pick<DynamicProduct, 'transposed' | 'alpha' | 'beta'> {
  const flag = (name: string): boolean => {
    const a = attributes.get(name);
    return a?.kind === 'int' && a.value !== 0;
  };
  const factor = (name: string): number => {
    const a = attributes.get(name);
    return a?.kind === 'float' || a?.kind === 'int' ? a.value : 1;
  };
  return { transposed: { left: flag('transA'), right: flag('transB') }, alpha: factor('alpha'), beta: factor('beta') };
}

function operandOf(draft: Draft, node: Node, input: 0 | 1, transposed: boolean): DynamicOperand | string {
  const value = node.inputs[input] as ValueId; // productOf saw both
  const fact = draft.options.facts.get(value);
  if (fact?.dtype !== 'float32') return `its input ${input} is ${fact?.dtype ?? 'of unknown type'}, not float32`;
  if (!isConstant(draft, value))
    return (fact.dims?.length ?? 0) < 2 ? 'its activation has less than two dimensions' : { kind: 'activation', value };
  const dims = floatDims(fact);
  if (dims === undefined || dims.length < 2) return 'its constant operand has less than two dimensions';
  const column = dims.length - 1;
  const axis = (input === 1) === transposed ? column - 1 : column; // outputs: columns of the right, rows of the left
  return { kind: 'weight', input, value, scheme: weightScheme(granularityOf(draft, node, value, axis)) };
}

/** Per channel under ALWC; strictly so, a weight that several nodes share has one scale. */
function granularityOf(draft: Draft, node: Node, value: ValueId, axis: number): Granularity {
  const { strategy, strictReference, overrides } = draft.options;
  const shared = strictReference && node.opType === 'MatMul' && (draft.users.get(value) ?? 0) > 1;
  const asked = overrides.get(node.id)?.granularity;
  const general = strategy === 'ALWC' && !shared ? 'per_channel' : 'per_layer';
  return (asked ?? general) === 'per_channel' ? { kind: 'perChannel', axis } : { kind: 'perTensor' };
}

function termsOf({ options }: Draft, left: ValueId, transposed: boolean): number | undefined {
  const length = options.facts.get(left)?.dims?.at(transposed ? -2 : -1);
  return typeof length === 'number' ? length : undefined;
}

function floatDims(fact: TensorFact | undefined): readonly number[] | undefined {
  if (fact?.dtype !== 'float32') return undefined;
  const dims = fact.dims?.filter((d) => typeof d === 'number');
  return dims !== undefined && dims.length === fact.dims?.length ? dims : undefined;
}

function isConstant({ graph }: Draft, id: ValueId): boolean {
  return graph.values.get(id)?.constant !== undefined;
}

function countUsers(graph: Graph): Map<ValueId, number> {
  const users = new Map<ValueId, number>();
  for (const node of graph.nodes)
    for (const id of new Set(node.inputs)) if (id !== undefined) users.set(id, (users.get(id) ?? 0) + 1);
  return users;
}
