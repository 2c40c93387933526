import type { Diagnostic } from '../base/diagnostics.ts';
import { relativeError, toFixedPoint } from '../base/fixedPoint.ts';
import type { Step } from '../exec/program.ts';
import type { Node, NodeId } from '../graph/model.ts';
import type { NodeFigures, RequantizersView, RequantizerView } from '../protocol/views.ts';
import type { CodeDifferences, FlavourComparison } from './compareFlavours.ts';
import { floatsBetweenCodes, multiplierTooCoarse } from './errors.ts';
import type { Prepared } from './prepared.ts';
import type { RunState } from './run.ts';
import type { Settings } from './settings.ts';

export interface RequantizerParts {
  readonly run: Pick<RunState, 'open' | 'prepared'>;
  /** Of the quantized program. */
  readonly steps: readonly Step[];
  readonly settings: Pick<Settings, 'requantizer' | 'fixedPoint'>;
  readonly comparison: FlavourComparison | undefined;
}

/** How the sums of every node of the user's file become codes; null where none are requantized. */
export function requantizersView(parts: RequantizerParts): RequantizersView | null {
  const { run, settings, comparison } = parts;
  const steps = requantizingSteps(parts.steps);
  const nodes = run.open.model.graph.nodes.flatMap((node) => {
    const step = stepOf(run, steps, node);
    return step === undefined ? [] : [nodeView(node, step, parts)];
  });
  if (nodes.length === 0) return null;
  const { bits, tolerance } = settings.fixedPoint;
  return {
    flavour: settings.requantizer === 'fp32' ? 'fp32' : 'fixedPoint',
    bits,
    tolerance: tolerance ?? null,
    comparedOn: comparison?.samples ?? null,
    nodes,
  };
}

export interface MultiplierChecks {
  readonly settings: Pick<Settings, 'at' | 'requantizer'>;
  readonly view: RequantizersView | null;
  readonly nodes: readonly NodeFigures[];
  readonly steps: readonly Step[];
  readonly ownerOf: Prepared['ownerOf'];
}

/** Of a run on fixed point: nodes whose multipliers do not keep `multiplier_error`, and those without a multiplier. */
export function checkMultipliers({ settings, view, nodes, steps, ownerOf }: MultiplierChecks): Diagnostic[] {
  if (settings.requantizer === 'fp32' || view === null) return [];
  const found: Diagnostic[] = [];
  const coarse = view.nodes.filter((n) => n.withinTolerance === false);
  const most = Math.max(...coarse.map((n) => n.worst.relativeError));
  const names = (list: readonly { readonly handle: string }[]): string[] => list.map(({ handle }) => handle);
  if (coarse.length > 0) {
    const at = settings.at('quantscope', 'multiplier_error');
    found.push(multiplierTooCoarse(at, names(coarse), most, view.bits));
  }
  const dequantizing = new Set(steps.flatMap(({ dequantizes, node }) => (dequantizes ? [node.id] : [])));
  const inFloat = nodes.filter(({ quantized, form, nodeId }) => {
    const owner = ownerOf.get(nodeId as NodeId)?.id; // figures are of the nodes of the user's graph
    return quantized && (form === 'float' || (owner !== undefined && dequantizing.has(owner)));
  });
  if (inFloat.length > 0) found.push(floatsBetweenCodes(settings.at('quantscope', 'requantizer'), names(inFloat)));
  return found;
}

/** Steps that requantize sums, by the prepared node they carry out. */
function requantizingSteps(steps: readonly Step[]): Map<NodeId, Step> {
  return new Map(steps.flatMap((step) => (step.multipliers === undefined ? [] : [[step.node.id, step] as const])));
}

/** The step of a user's node; what was folded into its operator has none. */
function stepOf(run: RequantizerParts['run'], steps: ReadonlyMap<NodeId, Step>, node: Node): Step | undefined {
  const owner = run.prepared.ownerOf.get(node.id);
  return owner?.opType === node.opType ? steps.get(owner.id) : undefined;
}

function nodeView(node: Node, step: Step, { settings, comparison }: RequantizerParts): RequantizerView {
  const { fixedPoint } = settings;
  const { channels, worst, shifts } = fixedPointOf(step.multipliers ?? new Float64Array(0), fixedPoint);
  return {
    ...{ nodeId: node.id, handle: node.handle, opType: node.opType, channels, worst, shifts },
    withinTolerance: fixedPoint.tolerance === undefined ? null : worst.relativeError <= fixedPoint.tolerance,
    differences: differencesOf(comparison, step),
  };
}

type InFixedPoint = Pick<RequantizerView, 'channels' | 'worst' | 'shifts'>;

/** By multipliers, which builds of one model share, and the form's own key. */
const KNOWN = new WeakMap<Float64Array, Map<string, InFixedPoint>>();

function fixedPointOf(multipliers: Float64Array, form: Settings['fixedPoint']): InFixedPoint {
  const byForm = KNOWN.get(multipliers) ?? new Map<string, InFixedPoint>();
  KNOWN.set(multipliers, byForm);
  const key = JSON.stringify(form);
  const known = byForm.get(key);
  if (known !== undefined) return known;
  const channels = Array.from(multipliers, (multiplier, channel) => {
    const { mantissa, shift } = toFixedPoint(multiplier, form);
    return { channel, multiplier, mantissa, shift, relativeError: relativeError(multiplier, { mantissa, shift }) };
  });
  const worst = channels.reduce((a, b) => (b.relativeError > a.relativeError ? b : a));
  const shifts = channels.map(({ shift }) => shift);
  const made = {
    ...{ channels: channels.length, worst },
    shifts: [Math.min(...shifts), Math.max(...shifts)] as const,
  };
  byForm.set(key, made);
  return made;
}

function differencesOf(comparison: FlavourComparison | undefined, step: Step): CodeDifferences | null {
  return comparison?.byNode.get(step.node.id) ?? null;
}
