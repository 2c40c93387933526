import { inferFacts } from '../../src/passes/inferFacts.ts';
import type { NodeOverride } from '../../src/quant/overrides.ts';
import { type QuantPlan, rootDecision } from '../../src/quant/plan.ts';
import { type PlanOptions, planQuantization } from '../../src/quant/planQuantization.ts';
import { onnxruntimeTarget } from '../../src/quant/targets.ts';
import type { ModelBuilder } from '../models/model.ts';

/** The plan of a model in code, told in names. */
export interface Planned {
  readonly plan: QuantPlan;
  /** Type and mapping of the codes of a value, or undefined where it is float. */
  codes(value: string): string | undefined;
  /** `node.input: type` of every input that converts. */
  readonly conversions: readonly string[];
  node(name: string): { readonly form: string; readonly why: string; readonly canSkip: boolean };
  /** Type, mapping and granularity of a node's constant input. */
  weight(node: string, input?: number): string | undefined;
}

export type PlannedOptions = Partial<Pick<PlanOptions, 'target' | 'general'>> & {
  readonly overrides?: Readonly<Record<string, NodeOverride>>;
  readonly skip?: readonly string[];
};

export const GENERAL: PlanOptions['general'] = {
  perChannel: true,
  activationType: 'int8',
  activationSymmetry: 'asymmetric',
  weightSymmetry: 'symmetric',
};

/** Plans a model in code. */
export function planned(builder: ModelBuilder, options: PlannedOptions = {}): Planned {
  const { model, ids } = builder.build();
  const { graph, opsets } = model;
  const { facts } = inferFacts(graph, { opsets, file: 'test' });
  const idOf = (name: string) => graph.nodes.find((n) => n.name === name)?.id ?? fail(`no node ${name}`);
  const plan = planQuantization(graph, {
    target: options.target ?? onnxruntimeTarget,
    general: options.general ?? GENERAL,
    overrides: new Map(Object.entries(options.overrides ?? {}).map(([name, o]) => [idOf(name), o])),
    skip: new Set((options.skip ?? []).map(idOf)),
    opsets,
    facts,
  });
  const nameOf = new Map(graph.nodes.map((n) => [n.id, n.name]));
  return {
    plan,
    codes: (value) => {
      const scheme = rootDecision(plan.activations, ids.get(value) ?? fail(`no value ${value}`))?.decision.scheme;
      return scheme && `${scheme.dtype} ${scheme.mapping}`;
    },
    conversions: plan.conversions.flatMap(({ scheme, uses }) =>
      uses.map((use) => `${nameOf.get(use.node)}.${use.input}: ${scheme.dtype}`),
    ),
    node: (name) => plan.nodes.get(idOf(name)) ?? fail(`${name} is not planned`),
    weight: (node, input = 1) => {
      const scheme = plan.weights.find((w) => w.node === idOf(node) && w.input === input)?.scheme;
      return scheme && `${scheme.dtype} ${scheme.mapping} ${scheme.granularity.kind}`;
    },
  };
}

function fail(message: string): never {
  throw new Error(message);
}
