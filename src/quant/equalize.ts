import { hasDType, type Tensor, tensor } from '../base/tensor.ts';
import { Ids } from '../graph/build.ts';
import type { Facts, TensorFact } from '../graph/fact.ts';
import type { Graph, Node, NodeId, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import { type Wiring, wiringOf } from '../graph/topo.ts';

/** A float graph that is to be quantized, with what is known of its values. */
export interface FloatGraph {
  readonly graph: Graph;
  readonly facts: Facts;
  readonly nextNodeId: number;
  readonly nextValueId: number;
}

/** The graph after cross-layer equalization, and how many groups of convolutions were balanced. */
export interface Equalized extends FloatGraph {
  readonly pairs: number;
  /** Convolution, depthwise convolution, convolution. */
  readonly triples: number;
}

/**
 * Cross-layer equalization: scales the channels between convolutions so that the weights on both sides have the same
 * range per channel, r = max |w|. The graph computes what it did, but for float32 rounding.
 *
 * Conv → Conv: s = r1 / sqrt(r1 r2); w1 and b1 are divided by s, w2 multiplied.
 * Conv → depthwise Conv → Conv: c = cbrt(r1 r2 r3), s12 = r1 / c, s23 = c / r3; w1 and b1 are divided by s12, w2 becomes
 * w2 s12 / s23, b2 is divided by s23, w3 multiplied by s23. A factor that is not positive and finite counts as 1.
 *
 * Convolutions have group 1 and no activation or ReLU; what lies between has one reader. Groups are balanced from last to
 * first. Factors are float64, weights and biases rounded once.
 * @source MindSpore Lite, tools/converter/quantizer/cle_*.cc, commit 2b2887057ebe.
 */
export async function equalizeLayers(source: FloatGraph): Promise<Equalized> {
  const wiring = wiringOf(source.graph);
  const groups = source.graph.nodes.map((node) => groupFrom(node, source.graph, wiring)).filter((g) => g !== undefined);
  if (groups.length === 0) return { ...source, pairs: 0, triples: 0 };
  const ids = new Ids(source);
  const weights = new LayerWeights(new GraphEditor(source.graph, ids), source.facts);
  let [pairs, triples] = [0, 0];
  for (const group of groups.reverse()) {
    const layers = await Promise.all(group.map((node) => weights.load(node.id)));
    const [first, second, third] = layers;
    if (first === undefined || second === undefined) continue; // a weight is not float32
    if (group.length === 2) {
      balancePair(first, second);
      pairs++;
    } else if (third !== undefined) {
      balanceTriple(first, second, third);
      triples++;
    }
  }
  const { graph, facts } = weights.finish();
  return { graph, facts, pairs, triples, nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}

type Group = readonly [Node, Node] | readonly [Node, Node, Node];

function groupFrom(node: Node, graph: Graph, wiring: Wiring): Group | undefined {
  if (!isOrdinary(node, graph)) return undefined;
  const second = nextConvolution(node, graph, wiring);
  if (second === undefined) return undefined;
  if (isOrdinary(second, graph)) return balanced(second, wiring) ? [node, second] : undefined;
  if (!isDepthwise(second, graph)) return undefined;
  const third = nextConvolution(second, graph, wiring);
  if (third === undefined || !isOrdinary(third, graph) || !balanced(third, wiring)) return undefined;
  return [node, second, third];
}

/** The convolution that alone reads what `node` makes, directly or through a ReLU. */
function nextConvolution(node: Node, graph: Graph, { consumers }: Wiring): Node | undefined {
  const onlyReader = (of: Node): Node | undefined => {
    const out = of.outputs[0];
    if (out === undefined || graph.outputs.includes(out)) return undefined;
    const [reader, ...others] = consumers.get(out) ?? [];
    return others.length === 0 && reader?.inputs.filter((id) => id === out).length === 1 ? reader : undefined;
  };
  const reader = onlyReader(node);
  const next = reader?.domain === '' && reader.opType === 'Relu' ? onlyReader(reader) : reader;
  if (next === undefined || next.domain !== '' || next.opType !== 'Conv') return undefined;
  return wasMadeFor(next, node, reader) ? next : undefined;
}

/** Whether `next` convolves what `node`, or the ReLU behind it, makes: it is not its weight or bias. */
function wasMadeFor(next: Node, node: Node, reader: Node | undefined): boolean {
  return next.inputs[0] === node.outputs[0] || next.inputs[0] === reader?.outputs[0];
}

/** The reference balances no convolution that ends in another activation than ReLU: a Clip, that is ReLU6. */
function balanced(node: Node, { consumers }: Wiring): boolean {
  const [reader, ...others] = node.outputs[0] === undefined ? [] : (consumers.get(node.outputs[0]) ?? []);
  return others.length > 0 || reader?.opType !== 'Clip';
}

function isOrdinary(node: Node, graph: Graph): boolean {
  return isConstantConv(node, graph) && groupsOf(node) === 1;
}

function isDepthwise(node: Node, graph: Graph): boolean {
  const dims = node.inputs[1] === undefined ? undefined : graph.values.get(node.inputs[1])?.dims;
  return isConstantConv(node, graph) && groupsOf(node) > 1 && dims?.[1] === 1 && dims[0] === groupsOf(node);
}

function isConstantConv(node: Node, graph: Graph): boolean {
  const constant = (id: ValueId | undefined): boolean =>
    id !== undefined && graph.values.get(id)?.constant !== undefined;
  const [, weight, bias] = node.inputs;
  return node.domain === '' && node.opType === 'Conv' && constant(weight) && (bias === undefined || constant(bias));
}

function groupsOf(node: Node): number {
  const group = node.attributes.get('group');
  return group?.kind === 'int' ? group.value : 1;
}

/** One convolution's weight [O, I/groups, ...] and bias [O], changed in place. */
interface Layer {
  readonly weight: Tensor<'float32'>;
  readonly bias: Tensor<'float32'> | undefined;
}

/** Weights and biases as far as they were asked for; each node gets constants of its own. */
class LayerWeights {
  readonly #editor: GraphEditor;
  readonly #facts: Map<ValueId, TensorFact>;
  readonly #layers = new Map<NodeId, Layer>();

  constructor(editor: GraphEditor, facts: Facts) {
    this.#editor = editor;
    this.#facts = new Map(facts);
  }

  async load(id: NodeId): Promise<Layer | undefined> {
    const known = this.#layers.get(id);
    if (known !== undefined) return known;
    const [, weightId, biasId] = this.#editor.node(id)?.inputs ?? [];
    const weight = await this.#copy(weightId);
    const bias = await this.#copy(biasId);
    if (weight === undefined || (biasId !== undefined && bias === undefined)) return undefined;
    const layer = { weight, bias };
    this.#layers.set(id, layer);
    return layer;
  }

  async #copy(id: ValueId | undefined): Promise<Tensor<'float32'> | undefined> {
    const source = id === undefined ? undefined : await this.#editor.value(id)?.constant?.load();
    return source !== undefined && hasDType(source, 'float32') ? { ...source, data: source.data.slice() } : undefined;
  }

  finish(): { readonly graph: Graph; readonly facts: Facts } {
    for (const [id, { weight, bias }] of this.#layers) {
      this.#put(id, 1, weight);
      if (bias !== undefined) this.#put(id, 2, bias);
    }
    return { graph: this.#editor.finish(), facts: this.#facts };
  }

  #put(node: NodeId, input: number, constant: Tensor<'float32'>): void {
    const old = this.#editor.node(node)?.inputs[input];
    const name = (old === undefined ? undefined : this.#editor.value(old)?.name) ?? '';
    const held = tensor('float32', constant.dims, constant.data);
    const id = this.#editor.addConstant(name, held);
    this.#facts.set(id, { dtype: 'float32', dims: constant.dims, constant: held });
    this.#editor.setInput(node, input, id);
  }
}

function balancePair(first: Layer, second: Layer): void {
  const [r1, r2] = [rangesByOutput(first), rangesByInput(second)];
  const s = r1.map((r, c) => factor(r / Math.sqrt(r * (r2[c] as number))));
  scaleOutputs(first, (c) => 1 / (s[c] as number));
  scaleInputs(second, s);
}

function balanceTriple(first: Layer, depthwise: Layer, last: Layer): void {
  const [r1, r2, r3] = [rangesByOutput(first), rangesByOutput(depthwise), rangesByInput(last)];
  const mean = r1.map((r, c) => Math.cbrt(r * (r2[c] as number) * (r3[c] as number)));
  const s12 = r1.map((r, c) => factor(r / (mean[c] as number)));
  const s23 = r3.map((r, c) => factor((mean[c] as number) / r));
  scaleOutputs(first, (c) => 1 / (s12[c] as number));
  scaleWeight(depthwise, (c) => (s12[c] as number) / (s23[c] as number));
  scaleBias(depthwise, (c) => 1 / (s23[c] as number));
  scaleInputs(last, s23);
}

function factor(s: number): number {
  return s > 0 && Number.isFinite(s) ? s : 1;
}

function rangesByOutput({ weight }: Layer): Float64Array {
  const ranges = new Float64Array(weight.dims[0] ?? 0);
  const inner = weight.data.length / Math.max(1, ranges.length);
  weight.data.forEach((w, i) => {
    const c = Math.floor(i / inner);
    ranges[c] = Math.max(ranges[c] as number, Math.abs(w));
  });
  return ranges;
}

function rangesByInput({ weight }: Layer): Float64Array {
  const ranges = new Float64Array(weight.dims[1] ?? 0);
  const kernel = kernelSize(weight);
  weight.data.forEach((w, i) => {
    const c = Math.floor(i / kernel) % ranges.length;
    ranges[c] = Math.max(ranges[c] as number, Math.abs(w));
  });
  return ranges;
}

function scaleOutputs(layer: Layer, by: (channel: number) => number): void {
  scaleWeight(layer, by);
  scaleBias(layer, by);
}

function scaleWeight({ weight }: Layer, by: (channel: number) => number): void {
  const inner = weight.data.length / Math.max(1, weight.dims[0] ?? 0);
  for (let i = 0; i < weight.data.length; i++) weight.data[i] = (weight.data[i] as number) * by(Math.floor(i / inner));
}

function scaleBias({ bias }: Layer, by: (channel: number) => number): void {
  bias?.data.forEach((b, c) => {
    bias.data[c] = b * by(c);
  });
}

function scaleInputs({ weight }: Layer, s: Float64Array): void {
  const kernel = kernelSize(weight);
  for (let i = 0; i < weight.data.length; i++)
    weight.data[i] = (weight.data[i] as number) * (s[Math.floor(i / kernel) % s.length] as number);
}

function kernelSize({ dims }: Tensor): number {
  return dims.slice(2).reduce((size, d) => size * d, 1);
}
