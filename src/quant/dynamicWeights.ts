import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { invariant, type Location } from '../base/diagnostics.ts';
import type { Granularity, QuantizedTensor, QuantScheme } from '../base/quantParams.ts';
import { clamp } from '../base/round.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { Graph, NodeId, ValueId } from '../graph/model.ts';
import type { DynamicAssignment, ProductOperand } from '../passes/insertDynamic.ts';
import { channelsOf, forRuns } from './channels.ts';
import type { DynamicOperand, DynamicPlan } from './dynamicPlan.ts';
import { ARITHMETICS, type ArithmeticName, collectParams } from './qparams.ts';
import { weightRanges } from './weightRanges.ts';

/** Codes of constants by value and scheme, and in the order a product reads them: pass the same one for all builds. */
export interface DynamicCache {
  readonly constants: Map<string, QuantizedTensor>;
  readonly turned: WeakMap<QuantizedTensor, QuantizedTensor>;
}

export function newDynamicCache(): DynamicCache {
  return { constants: new Map(), turned: new WeakMap() };
}

export interface DynamicWeightOptions {
  readonly file: string;
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  readonly cache: DynamicCache;
  readonly signal: AbortSignalLike;
}

/** Everything the plan asks for, computed: for reports, and ready for {@link insertDynamic}. @throws QNT201, Cancelled */
export function quantizeDynamic(
  graph: Graph,
  plan: DynamicPlan,
  options: DynamicWeightOptions,
): { readonly constants: readonly QuantizedInput[]; readonly assignment: DynamicAssignment } {
  const constants = codesOf(graph, plan, options);
  const byInput = new Map(constants.map((c) => [`${c.node}:${c.input}`, c.quantized]));
  const codesAt = (node: NodeId, input: number): QuantizedTensor => {
    const quantized = byInput.get(`${node}:${input}`);
    invariant(quantized !== undefined, `input ${input} of node ${node} is planned as codes`);
    return quantized;
  };
  const operand = (node: NodeId, from: DynamicOperand, transposed: boolean): ProductOperand => {
    if (from.kind === 'activation') return { ...from, transposed };
    const quantized = codesAt(node, from.input);
    return { kind: 'weight', value: from.value, quantized: transposed ? turned(quantized, options.cache) : quantized };
  };
  const products = [...plan.products].map(([node, p]) => ({
    node,
    left: operand(node, p.left, p.transposed.left),
    right: operand(node, p.right, p.transposed.right),
    alpha: p.alpha,
    beta: p.beta,
    bias: p.bias,
  }));
  const convolutions = plan.weights.flatMap(({ node, input, value }) => {
    const convolution = plan.convolutions.get(node);
    return convolution === undefined ? [] : [{ node, value, ...convolution, quantized: codesAt(node, input) }];
  });
  const tables = plan.weights.flatMap(({ node, input, value }) =>
    plan.products.has(node) || plan.convolutions.has(node) ? [] : [{ node, value, quantized: codesAt(node, input) }],
  );
  return { constants, assignment: { form: plan.form, products, convolutions, tables } };
}

/** A constant input of a node, as codes. */
interface QuantizedInput {
  readonly node: NodeId;
  readonly input: number;
  readonly quantized: QuantizedTensor;
}

function codesOf(graph: Graph, plan: DynamicPlan, options: DynamicWeightOptions): QuantizedInput[] {
  const { constants, cache, file, signal } = options;
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  return plan.weights.map(({ node, input, value, scheme }) => {
    throwIfAborted(signal);
    const key = `${value}:${plan.arithmetic}:${JSON.stringify(scheme)}`;
    let quantized = cache.constants.get(key);
    if (quantized === undefined) {
      const weight = constants.get(value);
      invariant(weight !== undefined, `constant ${value} was not loaded`);
      const { handle = '', opType = '' } = nodes.get(node) ?? {};
      const at = { file, node: handle, opType, tensor: graph.values.get(value)?.name ?? '' };
      quantized = quantizeConstant(weight, scheme, plan.arithmetic, at);
      cache.constants.set(key, quantized);
    }
    return { node, input, quantized };
  });
}

/**
 * Codes of a constant by its own range, per tensor or per channel.
 * @param weight float32, any rank.
 * @throws QNT201 when it holds NaN or infinities.
 */
export function quantizeConstant(
  weight: Tensor,
  scheme: QuantScheme,
  arithmetic: ArithmeticName,
  at: Location,
): QuantizedTensor {
  const { paramsOf, codeOf } = ARITHMETICS[arithmetic];
  const data = weight.data as Float32Array; // the plan takes float32 only
  const channels = channelsOf(weight.dims, scheme.granularity);
  const ranges = weightRanges(data, channels, at).map((r) => (r.lo > r.hi ? { lo: 0, hi: 0 } : r));
  const params = collectParams(
    scheme,
    ranges.map((range) => paramsOf(range, scheme)),
  );
  const codes = new Int8Array(data.length);
  forRuns(data.length, channels, (c, from, to) => {
    const [s, z] = [params.scale[c] as number, params.zeroPoint[c] as number];
    for (let i = from; i < to; i++) codes[i] = clamp(codeOf(data[i] as number, s, z), scheme.qmin, scheme.qmax);
  });
  return { codes: tensor('int8', weight.dims, codes), params };
}

/** A weight [..., N, K] as [..., K, N]: its codes turned, its scales along the other of the two. */
export function turned(q: QuantizedTensor, cache: DynamicCache): QuantizedTensor {
  let found = cache.turned.get(q);
  if (found === undefined) {
    const { dims } = q.codes;
    const [rows, columns] = [dims.at(-2) as number, dims.at(-1) as number]; // rank 2 at least: the plan's condition
    const from = q.codes.data as Int8Array; // as quantizeConstant made it
    const codes = new Int8Array(from.length);
    const size = rows * columns;
    for (let i = 0; i < from.length; i++) {
      const at = i % size;
      codes[i - at + (at % columns) * rows + Math.floor(at / columns)] = from[i] as number;
    }
    const { scheme } = q.params;
    const swapped = (axis: number): number =>
      axis === dims.length - 1 ? axis - 1 : axis === dims.length - 2 ? axis + 1 : axis;
    const granularity: Granularity =
      scheme.granularity.kind === 'perChannel'
        ? { kind: 'perChannel', axis: swapped(scheme.granularity.axis) }
        : scheme.granularity;
    found = {
      codes: tensor('int8', [...dims.slice(0, -2), columns, rows], codes),
      params: { ...q.params, scheme: { ...scheme, granularity } },
    };
    cache.turned.set(q, found);
  }
  return found;
}
