import type { AbortSignalLike } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Program, Step } from '../exec/program.ts';
import type { NodeId } from '../graph/model.ts';
import { convolutionMoments } from '../quant/rounding/inputMoments.ts';
import { LeastSquaresRounding } from '../quant/rounding/roundWeight.ts';
import type { Settings } from './settings.ts';

export interface RoundingParts {
  readonly settings: Settings;
  readonly calibration: Samples;
  readonly signal: AbortSignalLike;
  readonly onStep: (sample: number, name: string, step: Step) => void;
}

/**
 * How weights are rounded that are not rounded to nearest; empty where the config asks for nothing else. Clustered weights
 * keep their few values. @throws Cancelled
 */
export async function roundingsOf(float: Program, parts: RoundingParts): Promise<Map<NodeId, LeastSquaresRounding>> {
  const { settings, calibration, signal, onStep } = parts;
  const roundings = new Map<NodeId, LeastSquaresRounding>();
  if (settings.weightRounding === 'nearest' || settings.clusters !== undefined) return roundings;
  for (const [node, moments] of await convolutionMoments(float, calibration, { signal, onStep }))
    roundings.set(node, new LeastSquaresRounding(moments));
  return roundings;
}
