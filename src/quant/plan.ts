import type { QuantScheme } from '../base/quantParams.ts';
import type { NodeId, ValueId } from '../graph/model.ts';
import type { CalibrationMethod } from './methods.ts';
import type { NodePrecision } from './overrides.ts';
import type { ArithmeticName } from './qparams.ts';

/** Where a quantized activation's parameters come from. */
export type ActivationDecision =
  | { readonly kind: 'observed'; readonly scheme: QuantScheme }
  | { readonly kind: 'fixedRange'; readonly scheme: QuantScheme; readonly lo: number; readonly hi: number }
  /** The parameters of another activation, which is decided itself. */
  | { readonly kind: 'shares'; readonly source: ValueId };

/** Inputs of nodes that read a value in other codes than its own, or in codes where it is left float itself. */
export interface InputConversion {
  readonly value: ValueId;
  /** Its range is the value's. */
  readonly scheme: QuantScheme;
  readonly uses: readonly { readonly node: NodeId; readonly input: number }[];
}

/** A constant input that is stored as codes. */
export interface WeightDecision {
  readonly node: NodeId;
  readonly input: number;
  readonly value: ValueId;
  readonly scheme: QuantScheme;
  /** For the weight of an integer product: its activation's input, and its bias if it has one. */
  readonly product?: {
    readonly activation: ValueId;
    readonly activationInput: number;
    readonly biasInput: number;
    readonly bias: ValueId | undefined;
  };
}

export type HalfType = 'float16' | 'bfloat16';

/** A node whose float inputs and outputs are rounded to half precision. */
export interface HalfDecision {
  readonly type: HalfType;
  /** Indices of the float32 inputs and outputs that are rounded. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** What becomes of a node, with the reason as one sentence. */
export interface NodeDecision {
  readonly form: 'quantized' | 'half' | 'float' | 'skipped' | 'folded';
  readonly why: string;
  /** Whether it would be quantized or rounded if the user did not skip it. */
  readonly canSkip: boolean;
  /** What it computes in; absent where a file, or a quantization without such choices, decides. */
  readonly precision?: NodePrecision;
  /** How a quantized node computes that several steps carry out; without it, its own step shows that. */
  readonly computes?: 'integer' | 'float';
}

/** A clamp that is part of its producer: what it reads has no codes of its own. */
export interface Fold {
  readonly from: ValueId;
  readonly to: ValueId;
  /** `removed`: the code range does its job. `activation`: it stays, and runs as the producer's activation. */
  readonly clamp: 'removed' | 'activation';
}

/**
 * What becomes of a bias that int32 does not hold, and of a correction. `exact`: the weight's scale is raised and the
 * weight quantized again; a correction is added before rounding. `converterLite`: the scale is raised and the codes stay,
 * which makes the channel wrong; a correction is rounded by itself, and dropped where the sum leaves 0.6 of int32.
 */
export type BiasRule = 'exact' | 'converterLite';

/** Decisions for one prepared graph: per activation, per constant input, per node. Immutable. */
export interface QuantPlan {
  /** How ranges become parameters, and constants codes. */
  readonly arithmetic: ArithmeticName;
  /** Absent: `exact`. */
  readonly biases?: BiasRule;
  /** Activations that are codes themselves: every consumer reads those, or what they stand for. */
  readonly activations: ReadonlyMap<ValueId, ActivationDecision>;
  readonly conversions: readonly InputConversion[];
  readonly weights: readonly WeightDecision[];
  readonly halves: ReadonlyMap<NodeId, HalfDecision>;
  readonly folded: ReadonlyMap<NodeId, Fold>;
  /** Calibration methods of values whose node has one of its own. */
  readonly methods: ReadonlyMap<ValueId, CalibrationMethod>;
  readonly nodes: ReadonlyMap<NodeId, NodeDecision>;
}

/** The decision whose parameters a value has: its own, or that of the activation it shares with. */
export function rootDecision(
  activations: QuantPlan['activations'],
  value: ValueId,
): { readonly root: ValueId; readonly decision: Exclude<ActivationDecision, { kind: 'shares' }> } | undefined {
  let root = value;
  let decision = activations.get(root);
  while (decision?.kind === 'shares') {
    root = decision.source;
    decision = activations.get(root);
  }
  return decision === undefined ? undefined : { root, decision };
}

/** Codes that a value has, or that nodes read it in; undefined where it stays float. */
export function schemeOf(plan: QuantPlan, value: ValueId): QuantScheme | undefined {
  const own = rootDecision(plan.activations, value)?.decision.scheme;
  return own ?? plan.conversions.find((c) => c.value === value)?.scheme;
}

/** Values whose range a plan needs from calibration: those with codes, and those that a node reads in codes. */
export function observedValues(plan: QuantPlan): Set<ValueId> {
  return new Set([...plan.activations.keys(), ...plan.conversions.map((c) => c.value)]);
}
