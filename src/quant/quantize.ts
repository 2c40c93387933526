import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { type Diagnostic, invariant, type Location } from '../base/diagnostics.ts';
import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import { hasDType, type Tensor } from '../base/tensor.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import type { QdqAssignment } from '../passes/insertQdq.ts';
import { degenerateRange, noRange } from './errors.ts';
import type { QuantPlan, WeightDecision } from './plan.ts';
import { collectParams, onnxruntimeParams, type Range } from './qparams.ts';
import { activationScheme } from './scheme.ts';
import { leastWeightScale, quantizeBias, quantizeOperand, quantizeWeight, type WeightResult } from './weights.ts';

export interface QuantizeOptions {
  readonly file: string;
  readonly activationType: 'int8' | 'uint8';
  /** What calibration saw, by value. */
  readonly ranges: ReadonlyMap<ValueId, Range>;
  readonly calibrationSamples: number;
  /** Constants of the graph that the plan quantizes, loaded. */
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  /** Real values to add to the bias of a node, [C]; see biasCorrection.ts. */
  readonly corrections: ReadonlyMap<NodeId, Float64Array>;
  /** Keeps results between calls for one model; pass the same object again. */
  readonly cache: QuantizeCache;
  /** Read before each constant. */
  readonly signal?: AbortSignalLike;
}

/** Results that do not depend on which other nodes are quantized. */
export interface QuantizeCache {
  readonly weights: Map<string, WeightResult>;
  readonly biases: Map<string, QuantizedTensor>;
  readonly activations: Map<string, QuantParams>;
}

export function newQuantizeCache(): QuantizeCache {
  return { weights: new Map(), biases: new Map(), activations: new Map() };
}

/** Everything the plan asks for, computed: ready for {@link insertQdq}. */
export function quantizeGraph(
  graph: Graph,
  plan: QuantPlan,
  options: QuantizeOptions,
): { readonly assignment: QdqAssignment; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const activations = new Map<ValueId, QuantParams>();
  for (const id of plan.activations.keys())
    activations.set(id, activationParams(graph, plan, id, options, diagnostics));
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  const constants = plan.weights.flatMap((w) => {
    throwIfAborted(options.signal);
    const node = nodes.get(w.node);
    invariant(node !== undefined, `the plan names node ${w.node}, which the graph has not`);
    return quantizeConstants(graph, node, w, activations, options, diagnostics);
  });
  return { assignment: { activations, constants, folded: plan.folded }, diagnostics };
}

function activationParams(
  graph: Graph,
  plan: QuantPlan,
  id: ValueId,
  options: QuantizeOptions,
  diagnostics: Diagnostic[],
): QuantParams {
  let root = id;
  let decision = plan.activations.get(root);
  while (decision?.kind === 'shares') {
    root = decision.source;
    decision = plan.activations.get(root);
  }
  invariant(decision !== undefined, `value ${root} has codes but no decision`);
  const at: Location = { file: options.file, tensor: graph.values.get(root)?.name ?? `#${root}` };
  const range = decision.kind === 'fixedRange' ? decision : options.ranges.get(root);
  if (range === undefined) throw noRange(at, options.calibrationSamples);
  const key = `${root}:${range.lo}:${range.hi}:${options.activationType}`;
  let params = options.cache.activations.get(key);
  if (params === undefined) {
    const scheme = activationScheme(options.activationType);
    const pair = onnxruntimeParams(range, scheme);
    if (pair.degenerate) diagnostics.push(degenerateRange(at, range.lo, range.hi));
    params = collectParams(scheme, [pair]);
    options.cache.activations.set(key, params);
  }
  return params;
}

function quantizeConstants(
  graph: Graph,
  node: Node,
  w: WeightDecision,
  activations: ReadonlyMap<ValueId, QuantParams>,
  options: QuantizeOptions,
  diagnostics: Diagnostic[],
): { node: NodeId; input: number; quantized: QuantizedTensor }[] {
  const { cache } = options;
  const at = {
    file: options.file,
    node: node.handle,
    opType: node.opType,
    tensor: graph.values.get(w.value)?.name ?? '',
  };
  const key = `${w.value}:${JSON.stringify(w.granularity)}`;
  if (w.product === undefined) {
    const scheme = activationScheme(options.activationType);
    const operand = remember(cache.weights, `${w.value}:${scheme.dtype}`, () =>
      quantizeOperand(tensorOf(options, w.value), scheme, at),
    );
    diagnostics.push(...operand.diagnostics);
    return [{ node: node.id, input: w.input, quantized: operand.quantized }];
  }
  const plain = remember(cache.weights, key, () => quantizeWeight(tensorOf(options, w.value), w.granularity, at));
  const correction = options.corrections.get(node.id);
  const inputScale = activations.get(w.product.activation)?.scale[0];
  invariant(inputScale !== undefined, `the activation of ${node.handle} has no parameters`);
  const bias = biasOf(options, w, correction);
  const least =
    bias === undefined ? undefined : leastWeightScale(bias, inputScale, plain.quantized.params.scale.length);
  const overflows = least?.some((s, c) => (plain.quantized.params.scale[c] as number) < s) ?? false;
  const weight = overflows
    ? remember(cache.weights, `${key}:${inputScale}`, () =>
        quantizeWeight(tensorOf(options, w.value), w.granularity, at, least),
      )
    : plain;
  diagnostics.push(...weight.diagnostics);
  const result = [{ node: node.id, input: w.input, quantized: weight.quantized }];
  if (bias !== undefined && w.product.biasInput >= 0) {
    const biasKey = `${w.product.bias ?? node.id}:${key}:${inputScale}:${correction === undefined ? '' : node.id}`;
    const quantized = remember(cache.biases, biasKey, () =>
      quantizeBias(bias, inputScale, weight.quantized.params, correction),
    );
    result.push({ node: node.id, input: w.product.biasInput, quantized });
  }
  return result;
}

/** The float bias; zeros where a node has none but a correction needs one. */
function biasOf(options: QuantizeOptions, w: WeightDecision, correction: Float64Array | undefined) {
  if (w.product?.bias !== undefined) return float32Of(options, w.product.bias);
  return correction === undefined ? undefined : new Float32Array(correction.length);
}

function remember<T>(cache: Map<string, T>, key: string, make: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
  }
  return value;
}

function tensorOf(options: QuantizeOptions, id: ValueId): Tensor {
  const t = options.constants.get(id);
  invariant(t !== undefined, `constant ${id} was not loaded`);
  return t;
}

function float32Of(options: QuantizeOptions, id: ValueId): Float32Array {
  const t = tensorOf(options, id);
  return hasDType(t, 'float32') ? t.data : Float32Array.from(t.data as ArrayLike<number>);
}
