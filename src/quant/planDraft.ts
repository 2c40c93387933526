import type { QuantScheme } from '../base/quantParams.ts';
import type { Facts } from '../graph/fact.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import { type Wiring, wiringOf } from '../graph/topo.ts';
import type { NodeChoice } from './choices.ts';
import type { CalibrationMethod } from './methods.ts';
import {
  type ActivationDecision,
  type Fold,
  type HalfDecision,
  type InputConversion,
  type NodeDecision,
  rootDecision,
  type WeightDecision,
} from './plan.ts';

export interface DraftOptions {
  readonly facts: Facts;
  /**
   * Where a float value is read in codes: all its consumers read those (`value`), as ONNX Runtime's quantizer has it,
   * or just those that want codes (`edge`), as MindSpore's casts.
   */
  readonly castsAt: 'value' | 'edge';
}

/** Float inputs that are measures rather than data, by operator: they have neither codes nor half precision. */
const MEASURES: Readonly<Record<string, readonly number[]>> = { Clip: [1, 2], Pad: [2], Resize: [1, 2], Upsample: [1] };

/** A plan in the making. */
export class PlanDraft {
  readonly graph: Graph;
  readonly facts: Facts;
  readonly wiring: Wiring;
  readonly activations = new Map<ValueId, ActivationDecision>();
  readonly weights: WeightDecision[] = [];
  readonly halves = new Map<NodeId, HalfDecision>();
  readonly folded = new Map<NodeId, Fold>();
  readonly methods = new Map<ValueId, CalibrationMethod>();
  readonly nodes = new Map<NodeId, NodeDecision>();
  readonly #outputs: ReadonlySet<ValueId>;
  readonly #castsAt: DraftOptions['castsAt'];
  readonly #conversions = new Map<
    string,
    { value: ValueId; scheme: QuantScheme; uses: InputConversion['uses'][number][] }
  >();

  constructor(graph: Graph, options: DraftOptions) {
    this.graph = graph;
    this.facts = options.facts;
    this.#castsAt = options.castsAt;
    this.wiring = wiringOf(graph);
    this.#outputs = new Set(graph.outputs);
  }

  get conversions(): readonly InputConversion[] {
    return [...this.#conversions.values()];
  }

  /** Gives a float output of a node codes by its own range, or by the one that was set for it. */
  observe(id: ValueId, { output, method, range }: NodeChoice): void {
    if (range !== undefined) {
      this.#decide(id, { kind: 'fixedRange', scheme: output, ...range });
      return;
    }
    this.#decide(id, { kind: 'observed', scheme: output });
    if (method !== undefined) this.methods.set(id, method);
  }

  /** Gives a float output of a node codes on a range that is known, unless another was set for it. */
  fix(id: ValueId, { output, range }: NodeChoice, lo: number, hi: number): void {
    this.#decide(id, { kind: 'fixedRange', scheme: output, ...(range ?? { lo, hi }) });
  }

  share(id: ValueId, source: ValueId): void {
    this.#decide(id, { kind: 'shares', source });
  }

  /** Lets a node read an input as codes of its choice; a constant becomes codes by its own range, per tensor. */
  read(node: Node, input: number, { activation, operand, floatWeights }: NodeChoice): void {
    const id = node.inputs[input];
    if (id === undefined) return;
    if (this.isConstant(id)) {
      if (!floatWeights) this.weights.push({ node: node.id, input, value: id, scheme: operand });
      return;
    }
    const own = rootDecision(this.activations, id)?.decision.scheme;
    if (own === undefined && this.#castsAt === 'value') this.#decide(id, { kind: 'observed', scheme: activation });
    else if (own?.dtype !== activation.dtype) this.#convert(id, activation, { node: node.id, input });
  }

  #convert(value: ValueId, scheme: QuantScheme, use: InputConversion['uses'][number]): void {
    const key = `${value}:${scheme.dtype}:${scheme.qmin}:${scheme.mapping}`;
    const conversion = this.#conversions.get(key) ?? { value, scheme, uses: [] };
    conversion.uses.push(use);
    this.#conversions.set(key, conversion);
  }

  #decide(id: ValueId, decision: ActivationDecision): void {
    if (!this.activations.has(id)) this.activations.set(id, decision);
  }

  /** Whether an input of a node is codes already, made by a quantized producer or wanted by an earlier consumer. */
  hasCodes(id: ValueId): boolean {
    return this.activations.has(id);
  }

  /** The producer of a value that nobody but one node reads; undefined where others do. */
  soleProducer(id: ValueId): Node | undefined {
    const alone = this.wiring.consumers.get(id)?.length === 1 && !this.#outputs.has(id);
    return alone ? this.wiring.producer.get(id) : undefined;
  }

  isConstant(id: ValueId): boolean {
    return this.graph.values.get(id)?.constant !== undefined;
  }

  /** Indices of the float32 inputs that are data. */
  dataInputs(node: Node): number[] {
    const kept = MEASURES[node.opType] ?? [];
    return [...node.inputs.keys()].filter((i) => this.isFloat(node.inputs[i]) && !kept.includes(i));
  }

  isFloat(id: ValueId | undefined): id is ValueId {
    return id !== undefined && this.facts.get(id)?.dtype === 'float32';
  }

  nameOf(id: ValueId): string {
    return this.graph.values.get(id)?.name ?? `#${id}`;
  }
}
