import type { Diagnostic } from '../base/diagnostics.ts';
import { relativeError, toFixedPoint } from '../base/fixedPoint.ts';
import type { Step } from '../exec/program.ts';
import type { Node, NodeId } from '../graph/model.ts';
import type { RequantizersView, RequantizerView } from '../protocol/views.ts';
import type { CodeDifferences, FlavourComparison } from './compareFlavours.ts';
import { multiplierTooCoarse } from './errors.ts';
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

/** Names the nodes whose multipliers do not keep `multiplier_error`, where they are what ran. */
export function checkMultipliers(settings: Settings, view: RequantizersView | null): Diagnostic[] {
  if (view?.flavour !== 'fixedPoint') return [];
  const coarse = view.nodes.filter((n) => n.withinTolerance === false);
  if (coarse.length === 0) return [];
  const most = Math.max(...coarse.map((n) => n.worst.relativeError));
  const at = settings.at('quantscope', 'multiplier_error');
  return [
    multiplierTooCoarse(
      at,
      coarse.map((n) => n.handle),
      most,
      view.bits,
    ),
  ];
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
  const channels = Array.from(step.multipliers ?? [], (multiplier, channel) => {
    const { mantissa, shift } = toFixedPoint(multiplier, fixedPoint);
    return { channel, multiplier, mantissa, shift, relativeError: relativeError(multiplier, { mantissa, shift }) };
  });
  const worst = channels.reduce((a, b) => (b.relativeError > a.relativeError ? b : a));
  const shifts = channels.map(({ shift }) => shift);
  return {
    nodeId: node.id,
    handle: node.handle,
    opType: node.opType,
    channels: channels.length,
    worst,
    shifts: [Math.min(...shifts), Math.max(...shifts)],
    withinTolerance: fixedPoint.tolerance === undefined ? null : worst.relativeError <= fixedPoint.tolerance,
    differences: differencesOf(comparison, step),
  };
}

function differencesOf(comparison: FlavourComparison | undefined, step: Step): CodeDifferences | null {
  return comparison?.byNode.get(step.node.id) ?? null;
}
