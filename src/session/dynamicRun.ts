import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import { insertDynamic, insertDynamicApart } from '../passes/insertDynamic.ts';
import type { DynamicSources } from '../passes/insertDynamicNodes.ts';
import { type DynamicPlan, planDynamic } from '../quant/dynamicPlan.ts';
import { newDynamicCache, quantizeDynamic } from '../quant/dynamicWeights.ts';
import { differsFromReference, idleOverride } from '../quant/errors.ts';
import { pairValues } from '../whatif/pairs.ts';
import type { ApartProgram, Build } from './build.ts';
import { overriddenNodes } from './choices.ts';
import { WeightClusters } from './clusters.ts';
import { compileGraph, type Prepared, prepare } from './prepared.ts';
import { measuredOn, type RunParts, type RunState } from './run.ts';
import type { Settings } from './settings.ts';
import type { Variant } from './variant.ts';

/**
 * A run of DYNAMIC_QUANT: weights are codes, activations become codes by their own ranges whenever the model runs.
 * Nothing is calibrated; samples serve the figures only.
 * @throws DiagnosticError, Cancelled
 */
export async function dynamicRun(parts: RunParts): Promise<RunState> {
  const { open, settings, kernels, signal, onProgress } = parts;
  onProgress({ stage: 'read', done: 0, total: 1, text: open.file });
  const prepared = await prepare(open, kernels, settings.fixedDims);
  const { graph, facts, nextNodeId, nextValueId } = prepared;
  const compileParts = { open, prepared, kernels, requantizer: settings.requantizer };
  const opset = open.model.opsets.get('') ?? 1;
  const planOf = ({ skip, overrides }: Pick<Variant, 'skip' | 'overrides'>): DynamicPlan =>
    planDynamic(graph, {
      strategy: settings.dynamicStrategy,
      strictReference: settings.strictReference,
      skip,
      overrides,
      facts,
      opset,
    });
  const everything = planOf({ skip: new Set(), overrides: overriddenNodes(open, prepared, settings.overrides) });
  const made = new Set(graph.nodes.flatMap((n) => (everything.nodes.get(n.id)?.canSkip ? [n.outputs[0]] : [])));
  const keep = new Set([...made].filter((id) => id !== undefined)); // also before a ReLU: that is where they err
  const float = await compileGraph(compileParts, graph, { keep, apart: true, signal });
  const cache = newDynamicCache();
  const constants = new Map<ValueId, Tensor>();
  const clusters = new WeightClusters({ choice: settings.clusters, prepared, file: open.file, onProgress });
  const sources: DynamicSources = { byObject: new WeakMap(), byName: new Map() };

  const build = async (variant: Variant, stop: AbortSignalLike): Promise<Build> => {
    const plan = planOf(variant);
    const missing = plan.weights.map((w) => w.value).filter((id) => !constants.has(id));
    for (const [id, t] of await clusters.load(missing, plan.weights, stop)) constants.set(id, t);
    const quantized = quantizeDynamic(graph, plan, { file: open.file, constants, cache, signal: stop });
    const qdq = insertDynamic(graph, quantized.assignment, { nextNodeId, nextValueId, facts, opset, sources });
    const program = await compileGraph(compileParts, qdq.graph, { keep, apart: true, signal: stop });
    const apart = async (halt: AbortSignalLike): Promise<ApartProgram> => {
      const beside = insertDynamicApart(graph, quantized.assignment, {
        nextNodeId,
        nextValueId,
        facts,
        opset,
        sources,
      });
      const kept = new Set(beside.alone.values());
      const both = await compileGraph(compileParts, beside.graph, { keep: kept, apart: true, signal: halt });
      return { program: both, alone: beside.alone };
    };
    return {
      apart,
      plan,
      assignment: { ...NO_CODES, constants: quantized.constants },
      qdq,
      program,
      pairs: pairValues(float, program, qdq.codes),
      diagnostics: [],
      clusters: clusters.view(plan.weights),
    };
  };
  return {
    ...measuredOn(parts, prepared, float),
    builder: { everything, plan: planOf, build },
    diagnostics: [...prepared.diagnostics, ...idleWords(settings), ...referenceNotes(settings, everything, prepared)],
  };
}

/** No activation has codes of parameters that are known beforehand. */
const NO_CODES = { activations: new Map(), folded: new Map(), conversions: [], halves: new Map() } as const;

/** Words for single nodes that other types of quantization carry out. */
function idleWords({ overrides, at }: Settings): Diagnostic[] {
  return [...overrides].flatMap(([name, { precision, symmetry, method }]) => {
    const isCarriedOut = precision === undefined || precision === 'float32' || precision === 'int8';
    const words = [isCarriedOut ? undefined : precision, symmetry, method].filter((word) => word !== undefined);
    if (words.length === 0) return [];
    const why = `DYNAMIC_QUANT carries out float32, int8, per_channel and per_layer, not ${words.join(' and ')}`;
    return [idleOverride(at('quantscope', 'node_overrides', name), name, why)];
  });
}

/** What the reference would do with this model, where it is something else. */
function referenceNotes({ strictReference, dynamicStrategy, at }: Settings, plan: DynamicPlan, { graph }: Prepared) {
  if (strictReference || plan.weights.length + plan.products.size === 0) return [];
  const typeOf = new Map(graph.nodes.map((n) => [n.id, n.opType]));
  const gemms = [...plan.products.keys()].filter((id) => typeOf.get(id) === 'Gemm').length;
  const more = [
    ...(gemms === 0 ? [] : [`${gemms} Gemm`]),
    ...(plan.convolutions.size === 0 ? [] : [`${plan.convolutions.size} Conv`]),
  ];
  const differences = [
    ...(more.length === 0 ? [] : [`${more.join(' and ')} stay float there, as it quantizes MatMul and Gather only`]),
    dynamicStrategy === 'ALWC'
      ? 'activations become int8 by a range that need not hold 0, here uint8 by one that does, as DynamicQuantizeLinear'
      : 'codes are rounded half away from zero after multiplying by 1 / scale, here half to even after dividing',
  ];
  return [differsFromReference(at('dynamic_quant_param', 'quant_strategy'), differences)];
}
