import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { type Diagnostic, invariant, type Location } from '../base/diagnostics.ts';
import { roundInPlace } from '../base/half.ts';
import type { QuantParams, QuantScheme } from '../base/quantParams.ts';
import { hasDType, type Tensor, tensor } from '../base/tensor.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import type { QdqAssignment } from '../passes/insertQdq.ts';
import { type BiasParts, type BiasResult, leastWeightScale, quantizeBias, raiseScalesOnly } from './bias.ts';
import { degenerateRange, noRange } from './errors.ts';
import { type HalfType, type QuantPlan, rootDecision, type WeightDecision } from './plan.ts';
import { ARITHMETICS, collectParams, pairOf, type Range } from './qparams.ts';
import type { LeastSquaresRounding } from './rounding/roundWeight.ts';
import { quantizeWeight, type WeightResult } from './weights.ts';

export interface QuantizeOptions {
  readonly file: string;
  /** What calibration saw, by value. */
  readonly ranges: ReadonlyMap<ValueId, Range>;
  readonly calibrationSamples: number;
  /** Constants of the graph that the plan quantizes or rounds, loaded. */
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  /** Real values to add to the bias of a node, [C]; see biasCorrection.ts. */
  readonly corrections: ReadonlyMap<NodeId, Float64Array>;
  /** How the weight of a node is rounded, where it is not to the nearest code. */
  readonly roundings?: ReadonlyMap<NodeId, LeastSquaresRounding>;
  /** Keeps results between calls for one model; pass the same object again. */
  readonly cache: QuantizeCache;
  /** Read before each constant. */
  readonly signal?: AbortSignalLike;
}

/** Results that do not depend on which other nodes are quantized. */
export interface QuantizeCache {
  readonly weights: Map<string, WeightResult>;
  readonly biases: Map<string, BiasResult>;
  readonly activations: Map<string, QuantParams>;
  /** Constants rounded to half precision. */
  readonly halves: Map<string, Tensor>;
  /** Numbers of the corrections that biases were made with. */
  readonly corrections: Map<Float64Array, number>;
}

export function newQuantizeCache(): QuantizeCache {
  return { weights: new Map(), biases: new Map(), activations: new Map(), halves: new Map(), corrections: new Map() };
}

/** Everything the plan asks for, computed: ready for insertQdq. */
export function quantizeGraph(
  graph: Graph,
  plan: QuantPlan,
  options: QuantizeOptions,
): { readonly assignment: QdqAssignment; readonly diagnostics: readonly Diagnostic[] } {
  const work = new Quantizer(graph, plan, options);
  const activations = new Map<ValueId, QuantParams>();
  for (const id of plan.activations.keys()) activations.set(id, work.paramsOf(id));
  const conversions = plan.conversions.map(({ value, scheme, uses }) => ({
    value,
    params: work.paramsOf(value, scheme),
    uses,
  }));
  const read = new Map(conversions.flatMap((c) => c.uses.map((u) => [`${u.node}:${u.input}`, c.params] as const)));
  const constants = plan.weights.flatMap((w) => {
    throwIfAborted(options.signal);
    const { product } = w;
    const input = product && (read.get(`${w.node}:${product.activationInput}`) ?? activations.get(product.activation));
    return work.constantsOf(w, input);
  });
  const halves = new Map([...plan.halves].map(([id, half]) => [id, { ...half, constants: work.rounded(id, half) }]));
  return {
    assignment: { activations, conversions, constants, halves, folded: plan.folded },
    diagnostics: work.diagnostics,
  };
}

/** Constants that a plan reads, to be loaded for {@link quantizeGraph}. */
export function constantsToLoad(graph: Graph, plan: QuantPlan): Set<ValueId> {
  const wanted = new Set<ValueId>();
  for (const { value, product } of plan.weights) {
    wanted.add(value);
    if (product?.bias !== undefined) wanted.add(product.bias);
  }
  for (const node of graph.nodes) {
    for (const index of plan.halves.get(node.id)?.inputs ?? []) {
      const id = node.inputs[index];
      if (id !== undefined && graph.values.get(id)?.constant !== undefined) wanted.add(id);
    }
  }
  return wanted;
}

class Quantizer {
  readonly diagnostics: Diagnostic[] = [];
  readonly #graph: Graph;
  readonly #plan: QuantPlan;
  readonly #options: QuantizeOptions;
  readonly #nodes: ReadonlyMap<NodeId, Node>;
  readonly #told = new Set<WeightResult | BiasResult>();

  constructor(graph: Graph, plan: QuantPlan, options: QuantizeOptions) {
    this.#graph = graph;
    this.#plan = plan;
    this.#options = options;
    this.#nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  }

  /** Parameters of a value on its range: of its own codes, or of others that a node reads it in. */
  paramsOf(id: ValueId, readAs?: QuantScheme): QuantParams {
    const { file, ranges, calibrationSamples, cache } = this.#options;
    const { root = id, decision } = rootDecision(this.#plan.activations, id) ?? {};
    const at: Location = { file, tensor: this.#nameOf(root) };
    const range = decision?.kind === 'fixedRange' ? decision : ranges.get(root);
    if (range === undefined) throw noRange(at, calibrationSamples);
    const scheme = readAs ?? decision?.scheme;
    invariant(scheme !== undefined, `value ${root} has codes but no decision`);
    const { dtype, mapping, qmin } = scheme;
    return remember(cache.activations, `${root}:${range.lo}:${range.hi}:${dtype}:${mapping}:${qmin}`, () => {
      const pair = pairOf(range, scheme, this.#plan.arithmetic);
      if (pair.degenerate) this.diagnostics.push(degenerateRange(at, range.lo, range.hi));
      return collectParams(scheme, [pair]);
    });
  }

  /** @param input parameters of the activation that a product's weight meets. */
  constantsOf(w: WeightDecision, input: QuantParams | undefined): QdqAssignment['constants'] {
    const { cache, corrections } = this.#options;
    const { node } = w;
    if (w.product === undefined) {
      const operand = remember(cache.weights, this.#keyOf(w), () => this.#codesOf(w));
      this.#tell(operand);
      return [{ node, input: w.input, quantized: operand.quantized }];
    }
    const inputScale = input?.scale[0];
    invariant(inputScale !== undefined, `the activation of node ${node} has no parameters`);
    const correction = corrections.get(node);
    const bias = this.#biasOf(w, correction);
    const weight = this.#weightBeside(w, bias, inputScale);
    this.#tell(weight);
    const result = [{ node, input: w.input, quantized: weight.quantized }];
    if (bias !== undefined && w.product.biasInput >= 0) {
      const made = this.#biasCodes(w, { bias, inputScale, weight: weight.quantized.params, correction });
      result.push({ node, input: w.product.biasInput, quantized: made.quantized });
    }
    return result;
  }

  #biasCodes(w: WeightDecision, parts: Pick<BiasParts, 'bias' | 'inputScale' | 'weight' | 'correction'>): BiasResult {
    const own = parts.correction === undefined ? '' : `${w.node}/${this.#numberOf(parts.correction)}`;
    const { arithmetic, biases: rule = 'exact' } = this.#plan;
    const key = `${w.product?.bias ?? w.node}:${this.#keyOf(w)}:${parts.inputScale}:${own}:${rule}`;
    const make = (): BiasResult => quantizeBias({ ...parts, arithmetic, rule, at: this.#placeOf(w) });
    const made = remember(this.#options.cache.biases, key, make);
    this.#tell(made);
    return made;
  }

  #numberOf(correction: Float64Array): number {
    const { corrections } = this.#options.cache;
    const number = corrections.get(correction) ?? corrections.size;
    corrections.set(correction, number);
    return number;
  }

  /** Constant inputs of a node in half precision, by their index. */
  rounded(id: NodeId, { type, inputs }: { type: HalfType; inputs: readonly number[] }): Map<number, Tensor> {
    const rounded = new Map<number, Tensor>();
    for (const index of inputs) {
      const value = this.#nodes.get(id)?.inputs[index];
      if (value === undefined || this.#graph.values.get(value)?.constant === undefined) continue;
      const make = (): Tensor => toHalf(this.#tensorOf(value), type);
      rounded.set(index, remember(this.#options.cache.halves, `${value}:${type}`, make));
    }
    return rounded;
  }

  /** The weight, with its scale raised where int32 could not hold the bias. */
  #weightBeside(w: WeightDecision, bias: Float32Array | undefined, inputScale: number): WeightResult {
    const { cache } = this.#options;
    const plain = remember(cache.weights, this.#keyOf(w), () => this.#codesOf(w));
    if (bias !== undefined && this.#plan.biases === 'converterLite')
      return remember(cache.weights, `${this.#keyOf(w)}:${w.node}:${inputScale}:scales`, () =>
        raiseScalesOnly(plain, bias, inputScale, this.#placeOf(w)),
      );
    const { scale } = plain.quantized.params;
    const least = bias === undefined ? undefined : leastWeightScale(bias, inputScale, scale.length);
    const overflows = least?.some((s, c) => (scale[c] as number) < s) ?? false;
    if (!overflows) return plain;
    return remember(cache.weights, `${this.#keyOf(w)}:${inputScale}`, () => this.#codesOf(w, least));
  }

  #codesOf(w: WeightDecision, minimumScale?: Float64Array): WeightResult {
    const arithmetic = ARITHMETICS[this.#plan.arithmetic];
    const weight = this.#tensorOf(w.value);
    const nearest = quantizeWeight(weight, w.scheme, { at: this.#placeOf(w), arithmetic, minimumScale });
    const rounding = w.product === undefined ? undefined : this.#options.roundings?.get(w.node);
    return rounding === undefined ? nearest : { ...nearest, quantized: rounding.round(weight, nearest.quantized) };
  }

  #placeOf(w: WeightDecision): Location {
    const node = this.#nodes.get(w.node);
    invariant(node !== undefined, `the plan names node ${w.node}, which the graph has not`);
    return { file: this.#options.file, node: node.handle, opType: node.opType, tensor: this.#nameOf(w.value) };
  }

  #keyOf({ value, scheme }: WeightDecision): string {
    return `${value}:${scheme.dtype}:${scheme.qmin}:${scheme.qmax}:${scheme.mapping}:${JSON.stringify(scheme.granularity)}`;
  }

  /** Says once what was noticed of a constant that several nodes read. */
  #tell(result: WeightResult | BiasResult): void {
    if (this.#told.has(result)) return;
    this.#told.add(result);
    this.diagnostics.push(...result.diagnostics);
  }

  /** The float bias; zeros where a node has none but a correction needs one. */
  #biasOf(w: WeightDecision, correction: Float64Array | undefined): Float32Array | undefined {
    if (w.product?.bias !== undefined) return floatsOf(this.#tensorOf(w.product.bias));
    return correction === undefined ? undefined : new Float32Array(correction.length);
  }

  #tensorOf(id: ValueId): Tensor {
    const t = this.#options.constants.get(id);
    invariant(t !== undefined, `constant ${id} was not loaded`);
    return t;
  }

  #nameOf(id: ValueId): string {
    return this.#graph.values.get(id)?.name ?? `#${id}`;
  }
}

function remember<T>(cache: Map<string, T>, key: string, make: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
  }
  return value;
}

function floatsOf(t: Tensor): Float32Array {
  return hasDType(t, 'float32') ? t.data : Float32Array.from(t.data as ArrayLike<number>);
}

function toHalf(t: Tensor, type: HalfType): Tensor {
  const data = floatsOf(t).slice();
  roundInPlace(type, data);
  return tensor(type, t.dims, data);
}
