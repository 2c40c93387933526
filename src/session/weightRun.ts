import type { Diagnostic } from '../base/diagnostics.ts';
import { idleOverride } from '../quant/errors.ts';
import { overriddenNodes } from './choices.ts';
import { WeightClusters } from './clusters.ts';
import { codeByInputs } from './gptqRun.ts';
import { compileGraph, prepare } from './prepared.ts';
import { measuredOn, type RunParts, type RunState } from './run.ts';
import type { Settings } from './settings.ts';
import { tuneScale } from './tuneScale.ts';
import { WeightBuilder } from './weightBuilder.ts';

/**
 * A run of WEIGHT_QUANT: weights are codes, which become float32 when the model is loaded; everything computes in
 * float32. Nothing is calibrated: samples serve the figures, and auto_tune.
 * @throws DiagnosticError, Cancelled
 */
export async function weightRun(parts: RunParts): Promise<RunState> {
  const { open, settings, kernels, signal, onProgress } = parts;
  onProgress({ stage: 'read', done: 0, total: 1, text: open.file });
  const prepared = await prepare(open, kernels, settings.fixedDims);
  const compileParts = { open, prepared, kernels, requantizer: settings.requantizer };
  const float = await compileGraph(compileParts, prepared.graph, { apart: true, signal });
  try {
    const builder = new WeightBuilder({
      ...compileParts,
      float,
      options: settings.weight,
      clusters: new WeightClusters({ choice: settings.clusters, prepared, file: open.file, onProgress }),
      overrides: overriddenNodes(open, prepared, settings.overrides),
      at: (key) => settings.at('weight_quant_param', key),
      onWeight: (done, total, text) => onProgress({ stage: 'quantize', done, total, text }),
    });
    const learnt = settings.weight.gptq ? await codeByInputs(parts, { prepared, builder, float }) : [];
    const { autoTune } = settings.weight;
    const tuned = autoTune && (await tuneScale(parts, autoTune, { prepared, builder, float }));
    return {
      ...measuredOn(parts, prepared, float),
      builder,
      diagnostics: [...prepared.diagnostics, ...idleWords(settings), ...learnt, ...(tuned?.diagnostics ?? [])],
      ...(tuned?.view && { autoTune: tuned.view }),
    };
  } catch (error) {
    float.release();
    throw error;
  }
}

/** Words of node_overrides that speak of activations, which stay float. */
function idleWords({ overrides, at }: Settings): Diagnostic[] {
  return [...overrides].flatMap(([name, { precision, symmetry, method }]) => {
    const half = precision === 'float16' || precision === 'bfloat16' ? precision : undefined;
    const words = [half, symmetry, method].filter((word) => word !== undefined);
    const why = `WEIGHT_QUANT keeps activations in float32, so that ${words.join(', ')} changes nothing`;
    return words.length === 0 ? [] : [idleOverride(at('quantscope', 'node_overrides'), name, why)];
  });
}
