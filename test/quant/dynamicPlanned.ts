import type { Graph } from '../../src/graph/model.ts';
import { inferFacts } from '../../src/passes/inferFacts.ts';
import { insertDynamic } from '../../src/passes/insertDynamic.ts';
import { type DynamicPlan, type DynamicPlanOptions, planDynamic } from '../../src/quant/dynamicPlan.ts';
import { newDynamicCache, quantizeDynamic } from '../../src/quant/dynamicWeights.ts';
import type { BuiltModel } from '../models/model.ts';
import { loadConstants } from '../ops/runGraph.ts';

export type DynamicChoice = Pick<DynamicPlanOptions, 'strategy'> &
  Partial<Pick<DynamicPlanOptions, 'strictReference' | 'overrides' | 'skip'>>;

/** The plan of a model in code. */
export function planned({ model: { graph, opsets } }: BuiltModel, choice: DynamicChoice): DynamicPlan {
  const { facts } = inferFacts(graph, { opsets, file: 'test' });
  const general = { strictReference: false, skip: new Set<never>(), overrides: new Map<never, never>() };
  return planDynamic(graph, { ...general, ...choice, facts, opset: opsets.get('') ?? 0 });
}

/** The graph of a model in code whose activations are quantized while it runs. */
export async function dynamicGraph(built: BuiltModel, choice: DynamicChoice): Promise<Graph> {
  const { model } = built;
  const { graph, opsets } = model;
  const constants = await loadConstants(model);
  const options = { file: 'test', constants, cache: newDynamicCache(), signal: { aborted: false } };
  const { assignment } = quantizeDynamic(graph, planned(built, choice), options);
  return insertDynamic(graph, assignment, {
    ...model,
    facts: inferFacts(graph, { opsets, file: 'test' }).facts,
    opset: opsets.get('') ?? 0,
    sources: { byObject: new WeakMap(), byName: new Map() },
  }).graph;
}
