import type { RequantizerFlavour } from '../base/fixedPoint.ts';
import { rint } from '../base/round.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Node, ValueId } from '../graph/model.ts';
import type { ClampRange, KernelSet } from '../kernels/kernelSet.ts';
import type { OpDef, QuantInfo } from '../ops/opDef.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { type Draft, type IntegerSide, NO_CLAMP, type PlanContext } from './draft.ts';
import { clampOf, quantInfoOf } from './quantNodes.ts';

export interface LowerOptions {
  readonly kernels: KernelSet;
  readonly flavour: RequantizerFlavour;
}

type Accepted = { readonly draft: Draft } | { readonly why: string | undefined };

/**
 * The integer step of a node between DequantizeLinear and QuantizeLinear, or why it stays float; `why` is undefined
 * where nothing around the node is quantized.
 *
 * A ReLU or Clip between the node and its QuantizeLinear is folded into the code range: rounding is monotone, so
 * Q(clamp(x)) = clamp(Q(x), Q(lo), Q(hi)).
 */
export function integerDraft(plain: Draft, context: PlanContext, options: LowerOptions): Accepted {
  const sources = plain.inputs.map((id) => dequantizeOf(id, context));
  if (!sources.some((s) => s !== undefined && !isConstantCodes(s, context)) || isQuantize(plain.node)) {
    return { why: undefined };
  }
  const ends = plain.outputs.map((id) => (id === undefined ? undefined : quantizeAfter(id, plain.def, context)));
  const failed = ends.find((e) => typeof e === 'string');
  if (typeof failed === 'string') return { why: failed };
  if (!ends.some((e) => typeof e === 'object')) return { why: undefined };

  const inputQuants: (QuantInfo | undefined)[] = [];
  for (const [i, id] of plain.inputs.entries()) {
    const source = sources[i];
    const fact = id === undefined ? undefined : context.facts.get(id);
    const mayBeFloat = plain.def.integer?.floats?.includes(i) === true && id !== undefined && context.constants.has(id);
    if (source === undefined && fact !== undefined && fact.dtype.startsWith('float') && !mayBeFloat) {
      return { why: `Its input ${i} is not dequantized: the integer form needs codes for all float inputs.` };
    }
    const quant = source === undefined ? undefined : quantInfoOf(source, context);
    if (source !== undefined && quant === undefined) {
      return {
        why: `The parameters of its input ${i} are not constant float32 per tensor or per channel, or its codes have a type that integer forms do not take.`,
      };
    }
    if (quant?.axis !== undefined && source !== undefined && !isConstantCodes(source, context)) {
      return { why: `Its input ${i} is an activation quantized per channel; integer forms take one scale.` };
    }
    inputQuants.push(quant);
  }
  const tails = ends.filter((e): e is Tail => typeof e === 'object');
  if (tails.length !== plain.outputs.length) return { why: 'It has an output that nothing uses.' };
  const outputQuants = tails.map((t) => quantInfoOf(t.quantize, context));
  if (outputQuants.some((q) => q === undefined || q.axis !== undefined)) {
    return { why: 'The parameters of its output are not constant float32 per tensor.' };
  }
  const side = sideOf(plain, sources, inputQuants, outputQuants as QuantInfo[], context); // none undefined: checked
  if (side === undefined) return { why: 'The shapes of its tensors are not known.' };
  const clamp = effectiveClamp(tails[0]?.clamp ?? NO_CLAMP, side.outputQuants[0]);
  const form = plain.def.integer;
  if (form === undefined) return { why: `${plain.node.opType} has no integer form.` };
  const accepted = form.accepts({ attributes: plain.attributes, ...options, ...contextOf(side), clamp } as never);
  if (accepted !== true) return { why: accepted };
  const before = sources.filter((s) => s !== undefined);
  const after = tails.flatMap((t) => (t.clampNode === undefined ? [t.quantize] : [t.clampNode, t.quantize]));
  return {
    draft: {
      ...plain,
      form: 'integer',
      group: [...new Set([...before, plain.node, ...after])],
      inputs: plain.inputs.map((id, i) => sources[i]?.inputs[0] ?? id),
      outputs: tails.map((t) => t.quantize.outputs[0]),
      clamp,
      integer: side,
    },
  };
}

/** The members of `IntegerContext` that a side holds. */
export function contextOf(side: IntegerSide): Record<string, unknown> {
  return {
    inputs: side.inputFacts,
    outputs: side.outputFacts,
    inputQuants: side.inputQuants,
    outputQuants: side.outputQuants,
    constants: side.constants,
  };
}

function sideOf(
  plain: Draft,
  sources: readonly (Node | undefined)[],
  inputQuants: readonly (QuantInfo | undefined)[],
  outputQuants: readonly QuantInfo[],
  context: PlanContext,
): IntegerSide | undefined {
  const outputFacts = plain.outputs.map((id) => (id === undefined ? undefined : context.facts.get(id)));
  if (outputFacts.some((f) => f === undefined)) return undefined;
  return {
    inputFacts: plain.inputs.map((id) => (id === undefined ? undefined : context.facts.get(id))),
    outputFacts: outputFacts as TensorFact[], // none undefined: checked above
    inputQuants,
    outputQuants,
    constants: plain.inputs.map((id, i) => {
      const codes = sources[i]?.inputs[0] ?? id;
      return codes === undefined ? undefined : context.constants.get(codes);
    }),
  };
}

interface Tail {
  readonly quantize: Node;
  readonly clampNode?: Node;
  readonly clamp?: ClampRange;
}

/** The lone QuantizeLinear that takes `id`, a clamp between allowed; why not, where only part of it is so. */
function quantizeAfter(id: ValueId, def: OpDef, context: PlanContext): Tail | string | undefined {
  const users = context.wiring.consumers.get(id) ?? [];
  const quantizers = users.filter((n) => isQuantize(n) && n.inputs[0] === id);
  if (quantizers.length > 0) {
    if (context.kept.has(id)) return 'Its float output is wanted as such.';
    if (users.length > 1) return 'Its float output has further consumers besides its QuantizeLinear.';
    return { quantize: quantizers[0] as Node }; // length checked above
  }
  const [only] = users;
  const clamp = only !== undefined && users.length === 1 ? clampOf(only, context) : undefined;
  const clamped = only?.outputs[0];
  if (only === undefined || clamp === undefined || clamped === undefined || def.fusesClamp !== true) return undefined;
  const next = quantizeAfter(clamped, { ...def, fusesClamp: false }, context);
  if (typeof next !== 'object') return next;
  if (context.kept.has(id)) return 'Its float output is wanted as such.';
  return { ...next, clampNode: only, clamp };
}

/** Without the bounds that the code range draws anyway. */
function effectiveClamp(clamp: ClampRange, q: QuantInfo | undefined): ClampRange {
  const [lowest, highest] = q === undefined ? [0, 0] : (CODE_RANGES[q.dtype] ?? [0, 0]);
  const scale = q?.scale[0] ?? 1;
  const zeroPoint = q?.zeroPoint[0] ?? 0;
  const code = (x: number): number => rint(Math.fround(x / scale)) + zeroPoint;
  return {
    lo: Number.isFinite(clamp.lo) && code(clamp.lo) <= lowest ? NO_CLAMP.lo : clamp.lo,
    hi: Number.isFinite(clamp.hi) && code(clamp.hi) >= highest ? NO_CLAMP.hi : clamp.hi,
  };
}

const CODE_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

function dequantizeOf(id: ValueId | undefined, context: PlanContext): Node | undefined {
  const producer = id === undefined ? undefined : context.wiring.producer.get(id);
  return producer !== undefined && isDequantize(producer) ? producer : undefined;
}

function isConstantCodes(dequantize: Node, context: PlanContext): boolean {
  const codes = dequantize.inputs[0];
  return codes !== undefined && context.constants.has(codes);
}
