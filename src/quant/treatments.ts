import type { Granularity, QuantScheme } from '../base/quantParams.ts';
import { hasStaticDims } from '../graph/fact.ts';
import type { Node, ValueId } from '../graph/model.ts';
import { readAttributes } from '../ops/attributes.ts';
import type { QuantRule } from '../ops/opDef.ts';
import { findOp } from '../ops/registry.ts';
import type { NodeChoice } from './choices.ts';
import type { NodeOverride } from './overrides.ts';
import { type NodeDecision, rootDecision } from './plan.ts';
import type { PlanDraft } from './planDraft.ts';
import type { Treatment } from './targets.ts';

/** What a treatment made of a node. */
export type Treated = Pick<NodeDecision, 'form' | 'why'>;

/** A node in work, with how it shall be quantized. */
export interface TreatParts {
  readonly draft: PlanDraft;
  readonly node: Node;
  readonly choice: NodeChoice;
  /** What the user said of this very node. */
  readonly override: NodeOverride;
  /** The clamp that runs as the node's activation. */
  readonly fusedClamp: Node | undefined;
  readonly opsets: ReadonlyMap<string, number>;
}

/** Quantizes a node as its target treats its operator. */
export function treat(treatment: Treatment, parts: TreatParts): Treated {
  switch (treatment) {
    case 'weighted':
      return treatProduct(parts);
    case 'normalization':
      return treatNormalization(parts);
    case 'clamp':
      return treatClamp(parts);
    case 'shares':
      return treatMovement(parts);
    case 'unitRange':
      readAll(parts);
      for (const out of floatOutputs(parts)) parts.draft.fix(out, parts.choice, 0, 1);
      return { form: 'quantized', why: 'inputs quantized, output on the known range [0, 1]' };
    case 'observed':
      return treatObserved(parts);
    case 'reads':
      return { form: 'quantized', why: 'reads codes where its input has some; its output has none' };
  }
}

function treatObserved(parts: TreatParts): Treated {
  readAll(parts);
  observeOutputs(parts);
  return { form: 'quantized', why: `inputs and outputs quantized by their own ranges${inWords(parts)}` };
}

function treatProduct(parts: TreatParts): Treated {
  const { draft, node, choice } = parts;
  const rule = ruleOf(parts);
  if (rule.kind !== 'weighted') {
    const why = rule.kind === 'float' ? rule.why : `${node.opType} has no weight to quantize`;
    return { form: 'float', why };
  }
  const activation = node.inputs[rule.activation] as ValueId;
  const weight = node.inputs[rule.weight] as ValueId;
  draft.read(node, rule.activation, choice);
  const fact = draft.facts.get(weight);
  if (choice.floatWeights && draft.isConstant(weight)) {
    observeOutputs(parts);
    return { form: 'quantized', why: 'input and output quantized by their own ranges, the weight left float' };
  }
  if (!draft.isConstant(weight) || fact === undefined || !hasStaticDims(fact)) {
    draft.read(node, rule.weight, choice);
    observeOutputs(parts);
    return { form: 'quantized', why: `both operands are activations, quantized by their own ranges${inWords(parts)}` };
  }
  const axis = rule.channelAxis < 0 ? rule.channelAxis + fact.dims.length : rule.channelAxis;
  const perChannel = choice.perChannel && fact.dims.length >= 2 && axis < fact.dims.length;
  const granularity: Granularity = perChannel ? { kind: 'perChannel', axis } : { kind: 'perTensor' };
  const scheme = choice.weight(granularity);
  const bias = rule.bias === undefined ? undefined : node.inputs[rule.bias];
  draft.weights.push({
    node: node.id,
    input: rule.weight,
    value: weight,
    scheme,
    product: {
      activation,
      activationInput: rule.activation,
      biasInput: rule.bias ?? -1,
      bias: bias !== undefined && draft.isConstant(bias) ? bias : undefined,
    },
  });
  observeOutputs(parts);
  const how = perChannel ? `per channel (${fact.dims[axis]})` : 'per tensor';
  return { form: 'quantized', why: `${scheme.dtype} weight ${how}, ${sumsOf(choice)}` };
}

function sumsOf({ activation }: NodeChoice): string {
  return activation.dtype === 'int16' ? 'int16 activations' : 'int32 accumulation';
}

function treatNormalization(parts: TreatParts): Treated {
  const { draft, node, choice } = parts;
  const [activation, scale, bias] = node.inputs;
  if (activation !== undefined && !draft.isConstant(activation)) draft.read(node, 0, choice);
  if (activation !== undefined && scale !== undefined && draft.isConstant(scale) && !choice.floatWeights) {
    draft.weights.push({
      node: node.id,
      input: 1,
      value: scale,
      scheme: choice.weight({ kind: 'perTensor' }),
      product: {
        activation,
        activationInput: 0,
        biasInput: 2,
        bias: bias !== undefined && draft.isConstant(bias) ? bias : undefined,
      },
    });
  }
  const [out] = floatOutputs(parts);
  if (out !== undefined) draft.observe(out, choice);
  return {
    form: 'quantized',
    why: `scale in int8 and bias in int32, activations by their own ranges${inWords(parts)}`,
  };
}

/** Data movement; a node with words of its own for its codes is quantized by its own range. */
function treatMovement(parts: TreatParts): Treated {
  const { draft, node, choice, override } = parts;
  const source = node.inputs[0] as ValueId; // whoever calls saw that it has codes
  const scheme = rootDecision(draft.activations, source)?.decision.scheme;
  const retyped = override.precision !== undefined && scheme?.dtype !== choice.output.dtype;
  const remapped = override.symmetry !== undefined && scheme?.mapping !== override.symmetry;
  const ranged = override.method !== undefined || override.range !== undefined;
  if (retyped || remapped || ranged) return treatObserved(parts);
  for (const out of floatOutputs(parts)) draft.share(out, source);
  return { form: 'quantized', why: 'moves codes; the output has the parameters of the input' };
}

/** A clamp without words of its own keeps to the codes that it reads. */
function treatClamp(parts: TreatParts): Treated {
  const { draft, node, override } = parts;
  const from = node.inputs[0] as ValueId; // whoever calls saw that it has codes
  const to = node.outputs[0] as ValueId;
  const known = rootDecision(draft.activations, from);
  const ownWords = override.precision !== undefined || override.symmetry !== undefined;
  const scheme = ownWords ? parts.choice.output : (known?.decision.scheme ?? parts.choice.output);
  const choice = { ...parts.choice, activation: scheme, output: scheme };
  const producer = draft.soleProducer(from);
  const isOwn = draft.activations.get(from)?.kind === 'observed' && sameCodes(known?.decision.scheme, scheme);
  if (producer !== undefined && isOwn && scheme.mapping === 'asymmetric' && clampsAroundZero(draft, node)) {
    const method = choice.method ?? draft.methods.get(from);
    draft.activations.delete(from);
    draft.methods.delete(from);
    draft.observe(to, { ...choice, method });
    draft.folded.set(node.id, { from, to, clamp: 'removed' });
    return { form: 'folded', why: `clamping to the code range of ${producer.handle}'s output does its job` };
  }
  draft.read(node, 0, choice);
  draft.observe(to, choice);
  return { form: 'quantized', why: 'input and output quantized by their own ranges' };
}

function sameCodes(a: QuantScheme | undefined, b: QuantScheme): boolean {
  return a?.dtype === b.dtype && a.mapping === b.mapping;
}

/** Codes always reach 0, so a clamp that excludes 0 cannot be left to the code range. */
function clampsAroundZero(draft: PlanDraft, node: Node): boolean {
  if (node.opType === 'Relu') return true;
  const bound = (name: string, index: number, absent: number): number | undefined => {
    const attribute = node.attributes.get(name);
    if (attribute?.kind === 'float') return attribute.value;
    const id = node.inputs[index];
    if (id === undefined) return absent;
    const constant = draft.facts.get(id)?.constant;
    return constant === undefined ? undefined : Number((constant.data as ArrayLike<number>)[0]);
  };
  const lo = bound('min', 1, Number.NEGATIVE_INFINITY);
  const hi = bound('max', 2, Number.POSITIVE_INFINITY);
  return lo !== undefined && hi !== undefined && lo <= 0 && hi >= 0;
}

function readAll({ draft, node, choice }: TreatParts): void {
  for (const index of draft.dataInputs(node)) draft.read(node, index, choice);
}

function observeOutputs(parts: TreatParts): void {
  const { draft, node, choice, fusedClamp } = parts;
  const [from] = node.outputs;
  const [to] = fusedClamp?.outputs ?? [];
  if (fusedClamp !== undefined && from !== undefined && to !== undefined) {
    draft.folded.set(fusedClamp.id, { from, to, clamp: 'activation' });
    draft.observe(to, choice);
    return;
  }
  for (const out of floatOutputs(parts)) draft.observe(out, choice);
}

function floatOutputs({ draft, node }: TreatParts): ValueId[] {
  return node.outputs.filter((id): id is ValueId => draft.isFloat(id));
}

function inWords({ choice }: TreatParts): string {
  return choice.activation.dtype === 'int16' ? ', in 16 bits' : '';
}

function ruleOf({ node, opsets }: TreatParts): QuantRule {
  const op = findOp(node.domain, node.opType, opsets.get(node.domain) ?? 0);
  if (op === undefined) return { kind: 'float', why: `${node.opType} is not known at this opset` };
  const fail = (message: string): never => {
    throw new Error(`invariant: ${node.handle}: ${message}`); // shape inference read the same attributes before
  };
  return op.quant(readAttributes(op.attributes, node.attributes, fail));
}
