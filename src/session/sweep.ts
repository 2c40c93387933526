import type { AbortSignalLike } from '../base/abort.ts';
import type { NodeId } from '../graph/model.ts';
import { layerwise, unitsOf } from '../sensitivity/layerwise.ts';
import { evaluate } from '../whatif/evaluate.ts';
import { KEPT_SAMPLES, outputFigures, type Result } from './result.ts';
import type { RunState } from './run.ts';
import type { Variant } from './variant.ts';

export interface SweepParts {
  readonly run: RunState;
  readonly base: Result;
  readonly candidates: ReadonlySet<NodeId>;
  /** The config's; sweeps differ from it in what they skip. */
  readonly variant: Variant;
  readonly samples: number;
  readonly signal: AbortSignalLike;
}

/** Quantizes each unit alone and reports its loss by the user's node on which its figures stand. @throws Cancelled */
export async function sweep(
  { run, base, variant, candidates, samples, signal }: SweepParts,
  onResult: (nodeId: NodeId, loss: number, done: number, total: number) => void,
): Promise<void> {
  const { float, prepared, builder, cache } = run;
  const count = Math.min(samples, KEPT_SAMPLES, run.sampleCount);
  const measure = async (skip: ReadonlySet<NodeId>): Promise<number> => {
    const build = await builder.build({ ...variant, skip }, signal);
    try {
      const { program: quant, pairs } = build;
      const options = { float, quant, pairs, samples: run.samples, count, cache, keep: KEPT_SAMPLES, signal };
      const outputs = outputFigures(float, await evaluate(options));
      return outputs.reduce((sum, o) => sum + o.cosine, 0) / outputs.length;
    } finally {
      build.program.release();
    }
  };
  await layerwise({
    units: unitsOf(prepared.graph, base.build.plan),
    candidates,
    measure,
    signal,
    onResult: (unit, loss, done, total) => {
      const last = prepared.graph.nodes.find((n) => n.id === unit.last);
      const user = last?.origin.at(-1);
      if (user !== undefined) onResult(user, loss, done, total);
    },
  });
}
