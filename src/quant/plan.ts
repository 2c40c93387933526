import type { Granularity } from '../base/quantParams.ts';
import { type Facts, hasStaticDims } from '../graph/fact.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import { type Wiring, wiringOf } from '../graph/topo.ts';
import { readAttributes } from '../ops/attributes.ts';
import type { QuantRule } from '../ops/opDef.ts';
import { findOp } from '../ops/registry.ts';
import { TARGETS, type TargetName, type Treatment } from './targets.ts';

/** Where a quantized activation's parameters come from. */
export type ActivationDecision =
  | { readonly kind: 'observed' }
  | { readonly kind: 'fixedRange'; readonly lo: number; readonly hi: number }
  /** The parameters of another activation, which is decided itself. */
  | { readonly kind: 'shares'; readonly source: ValueId };

/** A constant input that is stored as codes. */
export interface WeightDecision {
  readonly node: NodeId;
  readonly input: number;
  readonly value: ValueId;
  readonly granularity: Granularity;
  /** For the weight of an integer product: its activation, and its bias if it has one. */
  readonly product?: { readonly activation: ValueId; readonly biasInput: number; readonly bias: ValueId | undefined };
}

/** What becomes of a node, with the reason as one sentence. */
export interface NodeDecision {
  readonly form: 'quantized' | 'float' | 'skipped' | 'folded';
  readonly why: string;
  /** Whether the target would quantize it if the user did not skip it. */
  readonly canSkip: boolean;
}

/** Decisions for one prepared graph: per activation, per constant input, per node. Immutable. */
export interface QuantPlan {
  readonly activations: ReadonlyMap<ValueId, ActivationDecision>;
  readonly weights: readonly WeightDecision[];
  /** Clamps that disappear into their producer, with the value they read and the one they made. */
  readonly folded: ReadonlyMap<NodeId, { readonly from: ValueId; readonly to: ValueId }>;
  readonly nodes: ReadonlyMap<NodeId, NodeDecision>;
}

export interface PlanOptions {
  readonly target: TargetName;
  readonly perChannel: boolean;
  /** Nodes of the prepared graph that stay float on the user's wish. */
  readonly skip: ReadonlySet<NodeId>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly facts: Facts;
}

/**
 * Decides what is quantized, in the order of the graph, as ONNX Runtime's QDQ quantizer does: a node asks for its
 * tensors, data movement follows its input, a clamp after a quantized producer folds into it.
 */
export function planQuantization(graph: Graph, options: PlanOptions): QuantPlan {
  const draft: Draft = {
    graph,
    options,
    wiring: wiringOf(graph),
    outputs: new Set(graph.outputs),
    activations: new Map(),
    weights: [],
    folded: new Map(),
    nodes: new Map(),
  };
  for (const node of graph.nodes) draft.nodes.set(node.id, decide(draft, node));
  return draft;
}

interface Draft {
  readonly graph: Graph;
  readonly options: PlanOptions;
  readonly wiring: Wiring;
  readonly outputs: ReadonlySet<ValueId>;
  readonly activations: Map<ValueId, ActivationDecision>;
  readonly weights: WeightDecision[];
  readonly folded: Map<NodeId, { readonly from: ValueId; readonly to: ValueId }>;
  readonly nodes: Map<NodeId, NodeDecision>;
}

function decide(draft: Draft, node: Node): NodeDecision {
  const { target, skip } = draft.options;
  const treatment = node.domain === '' ? TARGETS[target][node.opType] : undefined;
  if (treatment === undefined)
    return { form: 'float', canSkip: false, why: `target ${target} does not quantize ${node.opType}` };
  const reason = floatReason(draft, node, treatment);
  if (skip.has(node.id)) {
    if (reason !== undefined) return { form: 'float', canSkip: false, why: reason };
    return { form: 'skipped', canSkip: true, why: 'listed in skip_quant_node' };
  }
  if (reason !== undefined) return { form: 'float', canSkip: false, why: reason };
  return { canSkip: true, ...quantize(draft, node, treatment) };
}

/** Why a node of a treated type stays float whatever the user says; undefined when it can be quantized. */
function floatReason(draft: Draft, node: Node, treatment: Treatment): string | undefined {
  const data = node.inputs[0];
  if (data === undefined) return 'it has no input';
  const dtype = draft.options.facts.get(data)?.dtype;
  if (dtype !== 'float32') return `its input is ${dtype ?? 'of unknown type'}, not float32`;
  if (treatment === 'shares' && !draft.activations.has(data))
    return `it only moves data, and its input ${nameOf(draft, data)} is not quantized`;
  if (treatment === 'clamp' && !draft.activations.has(data))
    return `its input ${nameOf(draft, data)} is not quantized, so there is no code range to clamp to`;
  return undefined;
}

function quantize(draft: Draft, node: Node, treatment: Treatment): Pick<NodeDecision, 'form' | 'why'> {
  switch (treatment) {
    case 'weighted':
      return quantizeProduct(draft, node);
    case 'normalization':
      return quantizeNormalization(draft, node);
    case 'clamp':
      return quantizeClamp(draft, node);
    case 'shares': {
      const source = node.inputs[0] as ValueId; // floatReason saw it
      for (const out of floatOutputs(draft, node)) draft.activations.set(out, { kind: 'shares', source });
      return { form: 'quantized', why: 'moves codes; the output has the parameters of the input' };
    }
    case 'unitRange':
      askForInputs(draft, node);
      for (const out of floatOutputs(draft, node)) draft.activations.set(out, { kind: 'fixedRange', lo: 0, hi: 1 });
      return { form: 'quantized', why: 'inputs quantized, output on the known range [0, 1]' };
    case 'observed':
      askForInputs(draft, node);
      for (const out of floatOutputs(draft, node)) ask(draft, out);
      return { form: 'quantized', why: 'inputs and outputs quantized by their own ranges' };
  }
}

function quantizeProduct(draft: Draft, node: Node): Pick<NodeDecision, 'form' | 'why'> {
  const rule = ruleOf(draft, node);
  if (rule.kind !== 'weighted') {
    const why = rule.kind === 'float' ? rule.why : `${node.opType} has no weight to quantize`;
    return { form: 'float', why };
  }
  const activation = node.inputs[rule.activation] as ValueId;
  const weight = node.inputs[rule.weight] as ValueId;
  ask(draft, activation, node, rule.activation);
  const fact = draft.options.facts.get(weight);
  if (isConstant(draft, weight) && fact !== undefined && hasStaticDims(fact)) {
    const axis = rule.channelAxis < 0 ? rule.channelAxis + fact.dims.length : rule.channelAxis;
    const perChannel = draft.options.perChannel && fact.dims.length >= 2 && axis < fact.dims.length;
    const granularity: Granularity = perChannel ? { kind: 'perChannel', axis } : { kind: 'perTensor' };
    const bias = rule.bias === undefined ? undefined : node.inputs[rule.bias];
    const constantBias = bias !== undefined && isConstant(draft, bias) ? bias : undefined;
    draft.weights.push({
      node: node.id,
      input: rule.weight,
      value: weight,
      granularity,
      product: { activation, biasInput: rule.bias ?? -1, bias: constantBias },
    });
    for (const out of floatOutputs(draft, node)) ask(draft, out);
    const how = perChannel ? `per channel (${fact.dims[axis]})` : 'per tensor';
    return { form: 'quantized', why: `int8 weight ${how}, int32 accumulation` };
  }
  ask(draft, weight, node, rule.weight);
  for (const out of floatOutputs(draft, node)) ask(draft, out);
  return { form: 'quantized', why: 'both operands are activations, quantized by their own ranges' };
}

function quantizeNormalization(draft: Draft, node: Node): Pick<NodeDecision, 'form' | 'why'> {
  const [activation, scale, bias] = node.inputs;
  if (activation !== undefined) ask(draft, activation);
  if (activation !== undefined && scale !== undefined && isConstant(draft, scale)) {
    const constantBias = bias !== undefined && isConstant(draft, bias) ? bias : undefined;
    draft.weights.push({
      node: node.id,
      input: 1,
      value: scale,
      granularity: { kind: 'perTensor' },
      product: { activation, biasInput: 2, bias: constantBias },
    });
  }
  const [out] = floatOutputs(draft, node);
  if (out !== undefined) ask(draft, out);
  return { form: 'quantized', why: 'scale in int8 and bias in int32, activations by their own ranges' };
}

function quantizeClamp(draft: Draft, node: Node): Pick<NodeDecision, 'form' | 'why'> {
  const from = node.inputs[0] as ValueId;
  const to = node.outputs[0] as ValueId;
  const producer = draft.wiring.producer.get(from);
  const alone = draft.wiring.consumers.get(from)?.length === 1 && !draft.outputs.has(from);
  const own = draft.activations.get(from)?.kind === 'observed';
  if (producer !== undefined && alone && own && clampsAroundZero(draft, node)) {
    draft.activations.delete(from);
    ask(draft, to);
    draft.folded.set(node.id, { from, to });
    return { form: 'folded', why: `clamping to the code range of ${producer.handle}'s output does its job` };
  }
  ask(draft, to);
  return { form: 'quantized', why: 'input and output quantized by their own ranges' };
}

/** Codes always reach 0, so a clamp that excludes 0 cannot be left to the code range. */
function clampsAroundZero(draft: Draft, node: Node): boolean {
  if (node.opType === 'Relu') return true;
  const bound = (name: string, index: number, absent: number): number | undefined => {
    const attribute = node.attributes.get(name);
    if (attribute?.kind === 'float') return attribute.value;
    const id = node.inputs[index];
    if (id === undefined) return absent;
    const constant = draft.options.facts.get(id)?.constant;
    return constant === undefined ? undefined : Number((constant.data as ArrayLike<number>)[0]);
  };
  const lo = bound('min', 1, Number.NEGATIVE_INFINITY);
  const hi = bound('max', 2, Number.POSITIVE_INFINITY);
  return lo !== undefined && hi !== undefined && lo <= 0 && hi >= 0;
}

function askForInputs(draft: Draft, node: Node): void {
  node.inputs.forEach((id, index) => {
    if (id !== undefined && draft.options.facts.get(id)?.dtype === 'float32') ask(draft, id, node, index);
  });
}

/** Marks an activation as quantized by its own range; a constant operand becomes codes by its own, per tensor. */
function ask(draft: Draft, id: ValueId, node?: Node, input?: number): void {
  if (isConstant(draft, id)) {
    if (node !== undefined && input !== undefined)
      draft.weights.push({ node: node.id, input, value: id, granularity: { kind: 'perTensor' } });
    return;
  }
  if (!draft.activations.has(id)) draft.activations.set(id, { kind: 'observed' });
}

function floatOutputs(draft: Draft, node: Node): ValueId[] {
  return node.outputs.filter(
    (id): id is ValueId => id !== undefined && draft.options.facts.get(id)?.dtype === 'float32',
  );
}

function isConstant(draft: Draft, id: ValueId): boolean {
  return draft.graph.values.get(id)?.constant !== undefined;
}

function ruleOf(draft: Draft, node: Node): QuantRule {
  const op = findOp(node.domain, node.opType, draft.options.opsets.get(node.domain) ?? 0);
  if (op === undefined) return { kind: 'float', why: `${node.opType} is not known at this opset` };
  const fail = (message: string): never => {
    throw new Error(`invariant: ${node.handle}: ${message}`); // shape inference read the same attributes before
  };
  return op.quant(readAttributes(op.attributes, node.attributes, fail));
}

function nameOf(draft: Draft, id: ValueId): string {
  return draft.graph.values.get(id)?.name ?? `#${id}`;
}
