import { hasDType, type Tensor } from '../../base/tensor.ts';
import { gaussianDivergence, mean } from '../../diagnose/dataStatistics.ts';
import type { Stored } from '../../exec/program.ts';
import { constantsOf } from '../../graph/constants.ts';
import type { Graph, Node, ValueId } from '../../graph/model.ts';
import { upstreamOf, wiringOf } from '../../graph/topo.ts';
import { loadAttributeTensors } from '../../ops/attributes.ts';

/** What a BatchNormalization of the file expects of its output: mean `shift` and deviation |`scale`| per channel. */
export interface Normalization {
  /** Its output, which stays a value of the float graph where it is folded. */
  readonly value: ValueId;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  /** Running variance, and what is added to it. */
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/** Fewer places of a channel say nothing of its deviation. */
const LEAST_PLACES = 16;

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * The BatchNormalizations whose statistics are stored in the model, if the first stands behind the first product: what
 * lies deep in a network depends more on what is in the images than on how they are prepared. An exporter that folded
 * them into convolutions left none: mean and deviation cannot be told from what it made of them.
 */
export async function normalizationsOf(file: Graph): Promise<readonly Normalization[]> {
  if (!file.nodes.some((n) => n.opType === 'BatchNormalization')) return [];
  const graph = await loadAttributeTensors(file);
  const { producer } = wiringOf(graph);
  const found: Normalization[] = [];
  for (const node of graph.nodes) {
    const value = node.outputs[0];
    if (node.opType !== 'BatchNormalization' || node.domain !== '' || value === undefined) continue;
    const [scale, shift, variance] = await Promise.all(
      [1, 2, 4].map((i) => constantOf(graph, producer, node.inputs[i])),
    );
    if (scale === undefined || shift === undefined || variance === undefined) continue;
    const epsilon = node.attributes.get('epsilon');
    found.push({ value, scale, shift, variance, epsilon: epsilon?.kind === 'float' ? epsilon.value : 1e-5 });
  }
  return found.some((n) => productsBefore(graph, n.value) <= 1) ? found : [];
}

function productsBefore(graph: Graph, value: ValueId): number {
  const upstream = upstreamOf(graph, [value]);
  return graph.nodes.filter((n) => upstream.has(n.id) && PRODUCTS.has(n.opType)).length;
}

async function constantOf(
  graph: Graph,
  producer: ReadonlyMap<ValueId, Node>,
  id: ValueId | undefined,
): Promise<Float32Array | undefined> {
  if (id === undefined) return undefined;
  const source = constantsOf(graph).get(id);
  if (source !== undefined) return floats(await source.load());
  const node = producer.get(id);
  return node?.opType === 'Identity' ? constantOf(graph, producer, node.inputs[0]) : undefined;
}

function floats(t: Tensor): Float32Array | undefined {
  return hasDType(t, 'float32') ? t.data : undefined;
}

/**
 * How far one sample's activations are from what a BatchNormalization stores of those it was trained on: relative entropy
 * of Gaussians, mean over the channels; undefined where the sample has too few places. Both variances count with the
 * epsilon that the operator adds, so that a channel that is always 0 says little.
 */
export function divergence(
  { scale, shift, variance, epsilon }: Normalization,
  { tensor, layout }: Stored,
): number | undefined {
  if (!hasDType(tensor, 'float32')) return undefined;
  const { data: y, dims } = tensor;
  const channels = scale.length;
  const places = y.length / channels;
  if (places < LEAST_PLACES || dims[0] !== 1) return undefined;
  const isLast = layout === 'nhwc' && dims.length === 4;
  const [step, next] = isLast ? [channels, 1] : [1, places];
  const found: number[] = [];
  for (let c = 0; c < channels; c++) {
    const factor = scale[c] as number;
    if (factor === 0) continue;
    let [sum, squares] = [0, 0];
    for (let i = 0, at = c * next; i < places; i++, at += step) sum += y[at] as number;
    const middle = sum / places;
    for (let i = 0, at = c * next; i < places; i++, at += step) squares += ((y[at] as number) - middle) ** 2;
    const floor = epsilon / ((variance[c] as number) + epsilon);
    found.push(gaussianDivergence((middle - (shift[c] as number)) / factor, squares / places / factor ** 2 + floor));
  }
  return found.length === 0 ? undefined : mean(found);
}
