import type { AbortSignalLike } from '../base/abort.ts';
import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import { wiringOf } from '../graph/topo.ts';
import type { QdqAssignment } from '../passes/insertQdq.ts';
import { sameParams } from '../passes/recoverQdq.ts';
import type { DifferenceView } from '../protocol/views.ts';
import type { QuantPlan } from '../quant/plan.ts';
import { assign, type Build, type Calibrated, planWith } from './build.ts';

/** A plan and what was computed by it. */
interface Side {
  readonly plan: QuantPlan;
  /** Undefined where only plans can be compared. */
  readonly assignment: QdqAssignment | undefined;
}

/**
 * What converter_lite does otherwise than the default in this model, from the same calibration: the run's own plan beside
 * that under the other value of strict_reference. A run with target onnxruntime is compared in what it quantizes alone.
 * @returns null where there is nothing to compare with.
 * @throws Cancelled
 */
export async function differencesOf(
  parts: Calibrated,
  own: Pick<Build, 'plan' | 'assignment'>,
  skip: ReadonlySet<NodeId>,
  signal: AbortSignalLike,
): Promise<readonly DifferenceView[] | null> {
  const { counterpart, choices, prepared } = parts;
  if (counterpart === undefined) return null;
  const plan = planWith({ ...parts, choices: counterpart.choices }, skip);
  const comparable = counterpart.choices.target.arithmetic === choices.target.arithmetic;
  const assignment = comparable ? await assignOther(parts, plan, signal) : undefined;
  const other: Side = { plan, assignment };
  const mine: Side = { plan: own.plan, assignment: comparable ? own.assignment : undefined };
  const [strict, ours] = counterpart.isStrict ? [other, mine] : [mine, other];
  const found = new Differences(prepared.graph.nodes);
  compareForms(found, strict.plan, ours.plan);
  if (strict.assignment !== undefined && ours.assignment !== undefined) {
    const sides = { strict: strict.assignment, ours: ours.assignment };
    compareActivations(found, sides, new Map([...wiringOf(prepared.graph).producer].map(([v, n]) => [v, n.id])));
    compareConstants(found, sides);
  }
  return found.views;
}

async function assignOther(parts: Calibrated, plan: QuantPlan, signal: AbortSignalLike): Promise<QdqAssignment> {
  const ranges = new Map(parts.ranges);
  for (const [id, rangeOf] of parts.counterpart?.ranges ?? []) ranges.set(id, rangeOf());
  return (await assign({ ...parts, ranges }, plan, signal)).assignment;
}

/** Nodes by what is different of them, in the order of the graph. */
class Differences {
  readonly #nodes: readonly Node[];
  readonly #found = new Map<string, Set<NodeId>>();

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes;
  }

  add(what: string, node: NodeId): void {
    const nodes = this.#found.get(what) ?? new Set();
    this.#found.set(what, nodes.add(node));
  }

  get views(): DifferenceView[] {
    return [...this.#found].map(([what, ids]) => ({
      what,
      nodes: this.#nodes.filter((n) => ids.has(n.id)).map((n) => n.handle),
    }));
  }
}

function compareForms(found: Differences, strict: QuantPlan, ours: QuantPlan): void {
  const isQuantized = (plan: QuantPlan, id: NodeId): boolean => {
    const form = plan.nodes.get(id)?.form;
    return form === 'quantized' || form === 'folded';
  };
  for (const id of strict.nodes.keys()) {
    const [theirs, mine] = [isQuantized(strict, id), isQuantized(ours, id)];
    if (theirs && !mine) found.add('quantized by converter_lite, left float by default', id);
    if (mine && !theirs) found.add('left float by converter_lite, quantized by default', id);
  }
}

interface Sides {
  readonly strict: QdqAssignment;
  readonly ours: QdqAssignment;
}

function compareActivations(
  found: Differences,
  { strict, ours }: Sides,
  producers: ReadonlyMap<ValueId, NodeId>,
): void {
  const theirs = paramsByUse(strict);
  for (const [key, { params, value, node }] of paramsByUse(ours)) {
    const other = theirs.get(key)?.params;
    const concerned = node ?? producers.get(value);
    if (other === undefined || concerned === undefined || sameParams(other, params)) continue;
    found.add(activationDifference(other, params), concerned);
  }
}

function activationDifference(strict: QuantParams, ours: QuantParams): string {
  const named = ({ scheme }: QuantParams): string => `${scheme.dtype} ${scheme.mapping}`;
  if (named(strict) !== named(ours))
    return `activations are ${named(strict)} in converter_lite, ${named(ours)} by default`;
  const { qmin, qmax } = ours.scheme;
  const oneSided = ours.zeroPoint[0] === qmin || ours.zeroPoint[0] === qmax;
  if (!oneSided && strict.zeroPoint[0] === strict.scheme.qmin)
    return 'KL has zero point 0 in converter_lite also for unsigned codes, which clips everything below 0; by default it does not';
  if (oneSided)
    return 'KL has zero point 0 in converter_lite, which wastes half of the codes of a value with one sign; by default it has all codes';
  return 'KL is symmetric in converter_lite; by default its range ends where values do';
}

/** Parameters of values with codes of their own, and of inputs that convert. */
function paramsByUse({ activations, conversions }: QdqAssignment) {
  const found = new Map<string, { params: QuantParams; value: ValueId; node: NodeId | undefined }>();
  for (const [value, params] of activations) found.set(`${value}`, { params, value, node: undefined });
  for (const { value, params, uses } of conversions)
    for (const { node, input } of uses) found.set(`${value}:${node}:${input}`, { params, value, node });
  return found;
}

function compareConstants(found: Differences, { strict, ours }: Sides): void {
  const theirs = new Map(strict.constants.map((c) => [`${c.node}:${c.input}`, c.quantized]));
  for (const { node, input, quantized } of ours.constants) {
    const other = theirs.get(`${node}:${input}`);
    const what = other === undefined || other === quantized ? undefined : constantDifference(other, quantized);
    if (what !== undefined) found.add(what, node);
  }
}

/** A bias that moved with the scales before it is no difference of its own. */
function constantDifference(strict: QuantizedTensor, ours: QuantizedTensor): string | undefined {
  const named = ({ params }: QuantizedTensor): string =>
    `${params.scheme.dtype} ${params.scheme.mapping} ${params.scheme.granularity.kind === 'perTensor' ? 'per layer' : 'per channel'}`;
  if (named(strict) !== named(ours)) return `weights are ${named(strict)} in converter_lite, ${named(ours)} by default`;
  if (ours.params.scheme.dtype !== 'int32')
    return sameParams(strict.params, ours.params)
      ? undefined
      : "a bias does not fit into int32: converter_lite raises the weight's scale and keeps its codes, which are wrong then; by default the weight is quantized again";
  if (!sameParams(strict.params, ours.params)) return undefined;
  const [a, b] = [strict.codes.data as Int32Array, ours.codes.data as Int32Array]; // int32: checked above
  const most = a.reduce((max, code, i) => Math.max(max, Math.abs(code - (b[i] as number))), 0);
  if (most === 0) return undefined;
  return most === 1
    ? 'converter_lite rounds the correction of a bias by itself, which moves codes by 1'
    : 'converter_lite drops the correction of a bias beyond 0.6 of int32';
}
