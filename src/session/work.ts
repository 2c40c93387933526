import { computesOnCodes, type Program, type Step } from '../exec/program.ts';
import type { MacsView, SampleCosine } from '../protocol/views.ts';
import type { NodeDecision } from '../quant/plan.ts';
import type { Evaluation } from '../whatif/evaluate.ts';
import type { Build } from './build.ts';
import { nodeMacs } from './metrics/nodeMacs.ts';
import type { Prepared } from './prepared.ts';
import type { RunState } from './run.ts';

/**
 * Time of one multiply-accumulate, that in float32 being 1: as many run at a time as fit a vector of one width. Weights of
 * 4 bits are unpacked to 8 first. An estimate: memory, launches and conversions between formats are not in it.
 */
const COST = { float32: 1, float16: 0.5, bfloat16: 0.5, int16: 0.5, int8: 0.25, int4: 0.25 } as const;

/** Samples that are told one by one. */
const MOST_SAMPLES = 1000;

/** By the prepared graph, whose shapes they follow from. */
const known = new WeakMap<Prepared, Promise<Float64Array>>();

/** Multiply-accumulates of a quantized form on one sample, by what they run in. @throws as `nodeMacs` */
export async function workOf({ open, prepared }: Pick<RunState, 'open' | 'prepared'>, build: Build): Promise<MacsView> {
  let counted = known.get(prepared);
  if (counted === undefined) {
    counted = nodeMacs(open, prepared);
    known.set(prepared, counted);
  }
  const macs = await counted;
  const steps = new Map(build.program.steps.flatMap((step) => step.group.map(({ id }) => [id, step] as const)));
  let [integer, wide, float, cost] = [0, 0, 0, 0];
  for (const [i, node] of open.model.graph.nodes.entries()) {
    const count = macs[i] ?? Number.NaN;
    const owner = prepared.ownerOf.get(node.id);
    if (Number.isNaN(count) || owner === undefined) continue;
    const decision = build.plan.nodes.get(owner.id);
    if (isInteger(decision, steps.get(owner.id), build.program)) {
      integer += count;
      cost += count * COST[decision?.precision ?? 'int8'];
    } else if (isCoded(decision) && decision?.precision === 'int16') {
      wide += count;
      cost += count * COST.float32;
    } else {
      float += count;
      cost += count * (decision?.form === 'half' ? COST.float16 : COST.float32);
    }
  }
  const total = integer + wide + float;
  return { integer, wide, float, cost: total === 0 ? 1 : cost / total };
}

/** Of a model's multiply-accumulates, those on codes of 8 bits and of 16: fractions 0..1. */
export function codedShares({ integer, wide = 0, float }: MacsView): {
  readonly integerShare: number;
  readonly wideShare: number;
} {
  const total = integer + wide + float;
  return total === 0 ? { integerShare: 0, wideShare: 0 } : { integerShare: integer / total, wideShare: wide / total };
}

/** Mean cosine over the outputs on each evaluation sample, from the first. */
export function sampleCosines(samples: RunState['samples'], { outputs }: Evaluation): readonly SampleCosine[] {
  return outputs.slice(0, MOST_SAMPLES).flatMap((figures, i) => {
    const all = [...figures.values()];
    if (all.length === 0) return [];
    return [{ name: samples.nameOf(i), cosine: all.reduce((sum, f) => sum + f.cosine, 0) / all.length }];
  });
}

function isCoded(decision: NodeDecision | undefined): boolean {
  return decision?.form === 'quantized' || decision?.form === 'folded';
}

function isInteger(decision: NodeDecision | undefined, step: Step | undefined, { slots }: Program): boolean {
  if (!isCoded(decision)) return false;
  if (decision?.computes !== undefined) return decision.computes === 'integer';
  return step !== undefined && step.dequantizes !== true && computesOnCodes(step, slots);
}
