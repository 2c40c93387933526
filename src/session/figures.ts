import { computesOnCodes, type Program, type Step } from '../exec/program.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import { isQuantize } from '../ops/quantNodes.ts';
import type { NodeFigures } from '../protocol/views.ts';
import type { NodeDecision, QuantPlan } from '../quant/plan.ts';
import type { PairFigures } from '../whatif/figures.ts';
import type { LocalFigures } from './localFigures.ts';
import { meanDecibels } from './metrics/sampleFigures.ts';
import type { Prepared } from './prepared.ts';

export interface FigureParts {
  readonly userGraph: Graph;
  readonly prepared: Prepared;
  readonly plan: QuantPlan;
  readonly quant: Program;
  readonly codes: ReadonlyMap<ValueId, ValueId>;
  readonly values: ReadonlyMap<ValueId, PairFigures>;
  /** Local SQNR on each sample, by the value a node makes. */
  readonly local: LocalFigures;
  readonly sensitivity: ReadonlyMap<NodeId, number>;
  readonly skipped: ReadonlySet<NodeId>;
  /** Measured values by those of the user's that they stand for. */
  readonly standIns: ReadonlyMap<ValueId, ValueId>;
}

/** One row per node of the user's file: what became of it, why, and how far its output is from float. */
export function nodeFigures(parts: FigureParts): NodeFigures[] {
  const makers = new Map<ValueId, Step>();
  for (const step of parts.quant.steps) for (const id of step.outputs) if (!makers.has(id)) makers.set(id, step);
  return parts.userGraph.nodes.map((node) => figuresOf(parts, makers, node));
}

function figuresOf(parts: FigureParts, makers: ReadonlyMap<ValueId, Step>, node: Node): NodeFigures {
  const base = {
    nodeId: node.id,
    handle: node.handle,
    opType: node.opType,
    cosine: null,
    sqnrDb: null,
    localSqnrDb: null,
    clipRate: null,
    sensitivity: parts.sensitivity.get(node.id) ?? null,
  };
  const owner = parts.prepared.ownerOf.get(node.id);
  if (owner === undefined) {
    const why = 'computed once from constants, or only passes its input on: it does not run';
    return {
      ...base,
      form: 'constant',
      precision: null,
      quantized: false,
      canSkip: false,
      skipped: parts.skipped.has(node.id),
      why,
    };
  }
  const decision = parts.plan.nodes.get(owner.id);
  const precision = decision?.precision ?? null;
  const skipped = parts.skipped.has(owner.id) || parts.skipped.has(node.id);
  const measured = measuredOutput(parts, node, owner);
  if (measured === undefined) return { ...base, precision, ...unmeasured(parts, owner, decision, skipped) };
  const f = parts.values.get(measured) as PairFigures; // `measured` was found by it
  const step = makerOf(makers, parts.codes.get(measured) ?? measured);
  const quantized = decision?.form === 'quantized' || decision?.form === 'folded';
  const computes =
    decision?.computes ?? (step !== undefined && computesOnCodes(step, parts.quant.slots) ? 'integer' : 'float');
  const form = decision?.form === 'skipped' ? 'skipped' : quantized ? computes : 'float';
  return {
    ...base,
    form,
    precision,
    quantized,
    canSkip: decision?.canSkip ?? false,
    skipped,
    why: reason(decision, step, quantized && computes === 'float'),
    cosine: f.cosine,
    sqnrDb: f.sqnrDb,
    localSqnrDb: localMean(parts, measured),
    clipRate: f.clipRate,
  };
}

/** The step that computes what a value holds; where that is quantized afterwards, the one before. */
function makerOf(makers: ReadonlyMap<ValueId, Step>, value: ValueId): Step | undefined {
  let step = makers.get(value);
  while (step !== undefined && (step.form === 'layout' || (step.form === 'float' && isQuantize(step.node)))) {
    const before: Step | undefined = step.inputs[0] === undefined ? undefined : makers.get(step.inputs[0]);
    if (before === undefined) return step;
    step = before;
  }
  return step;
}

function localMean({ local }: FigureParts, value: ValueId): number | null {
  const decibels = local.get(value);
  return decibels === undefined ? null : meanDecibels(decibels);
}

/** The output that is compared: the node's own, or the prepared node's where an Identity behind it took over the name. */
export function measuredOutput(
  parts: Pick<FigureParts, 'values' | 'standIns'>,
  node: Node,
  owner: Node,
): ValueId | undefined {
  const isMeasured = (id: ValueId | undefined): id is ValueId => id !== undefined && parts.values.has(id);
  const own = node.outputs
    .map((id) => (isMeasured(id) || id === undefined ? id : parts.standIns.get(id)))
    .find(isMeasured);
  if (own !== undefined || owner.origin.at(-1) !== node.id) return own;
  return owner.outputs.find(isMeasured);
}

/** A node whose output exists in one model only: it was fused into a later one. */
function unmeasured(
  parts: FigureParts,
  owner: Node,
  decision: NodeDecision | undefined,
  skipped: boolean,
): Pick<NodeFigures, 'form' | 'quantized' | 'canSkip' | 'skipped' | 'why'> {
  const into = fusedInto(parts, owner);
  const where =
    into === undefined
      ? 'its output is not float32, so nothing is compared'
      : `fused into ${into}: its figures stand there`;
  return {
    form: into === undefined ? 'float' : 'fused',
    quantized: decision?.form === 'quantized',
    canSkip: decision?.canSkip ?? false,
    skipped,
    why: decision === undefined ? where : `${where}; ${decision.why}`,
  };
}

function fusedInto(parts: FigureParts, owner: Node): string | undefined {
  const output = owner.outputs[0];
  const folded = [...parts.plan.folded].find(([, f]) => f.from === output);
  const last = folded === undefined ? owner.origin.at(-1) : folded[0];
  const user = parts.userGraph.nodes.find((n) => n.id === last && n.handle !== owner.handle);
  if (user !== undefined) return user.handle;
  const isFloat = output !== undefined && parts.prepared.facts.get(output)?.dtype === 'float32';
  return isFloat ? parts.prepared.graph.nodes.find((n) => n.inputs.includes(output))?.handle : undefined;
}

function reason(decision: NodeDecision | undefined, step: Step | undefined, isOnFloats: boolean): string {
  if (decision === undefined) return 'not part of the quantization plan';
  if (isOnFloats && decision.computes === undefined && step !== undefined) {
    const why = step.why ?? 'it has no integer form';
    return `${decision.why}; computes in float between dequantize and quantize: ${why}`;
  }
  return decision.why;
}
