import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { tensor } from '../base/tensor.ts';
import { Ids } from '../graph/build.ts';
import type { Dim, Graph, Model, Node, ValueId } from '../graph/model.ts';
import { editModelAsync, GraphEditor } from '../graph/patch.ts';
import { readsOf, wiringOf } from '../graph/topo.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { type BiasCodes, type Codes, type Known, type Params, plainForm } from './plainForms.ts';

/** First opset whose DequantizeLinear takes parameters per axis; before, that of com.microsoft does. */
const PER_AXIS = 13;
const MICROSOFT = 'com.microsoft';
/** What quantizers add to the name of what codes stand for. */
const NAME_OF_CODES = /(_QuantizeLinear_Output|_quantized)$/;

/**
 * Puts DequantizeLinear, the float operator and QuantizeLinear in place of operators on codes (QLinearConv, QGemm, …) and
 * of what moves codes, so that what can be done with a QDQ model can be done with it. Nodes and values of the file keep
 * their ids: what was codes is codes still. Nodes with parameters that are no constants stay as they are.
 *
 * @returns the same model where there is none.
 * @throws DiagnosticError where a constant cannot be read.
 */
export async function expandQOperators(model: Model): Promise<Model> {
  if (!model.graph.nodes.some((n) => n.opType.startsWith('QLinear') || n.opType === 'QGemm')) return model;
  const expanded = await editModelAsync(model, async (editor) => new Expansion(model, editor).run());
  const opsets = new Map(model.opsets);
  if (!opsets.has(MICROSOFT)) opsets.set(MICROSOFT, 1);
  return { ...expanded, opsets };
}

class Expansion {
  readonly #graph: Graph;
  readonly #editor: GraphEditor;
  readonly #known: Known;
  /** Of codes that nodes before make. */
  readonly #params = new Map<ValueId, Params>();
  readonly #constants = new Map<ValueId, Tensor>();
  readonly #names: Set<string>;
  /** By the codes. */
  readonly #dequantized = new Map<ValueId, { readonly params: Params; readonly value: ValueId }[]>();

  constructor({ graph, opsets }: Model, editor: GraphEditor) {
    this.#graph = graph;
    this.#names = new Set(['', ...[...graph.values.values()].map((v) => v.name)]);
    this.#editor = editor;
    this.#known = {
      paramsOf: (codes) => this.#params.get(codes),
      rankOf: (value) => graph.values.get(value)?.dims?.length,
      constant: (value) => this.#constants.get(value),
      opset: opsets.get('') ?? 1,
    };
  }

  async run(): Promise<void> {
    for (const node of this.#graph.nodes) {
      const [made] = node.outputs;
      const [, scale, zeroPoint] = node.inputs;
      if (isQuantize(node) && made !== undefined && scale !== undefined && !node.attributes.has('axis'))
        this.#params.set(made, { scale, zeroPoint });
      if (isQuantize(node) || node.opType === 'Pad') await this.#loadScalars(node);
      const form = plainForm(node, this.#known);
      if (form === undefined) continue;
      const codes = form.inputs.filter((input) => typeof input === 'object');
      const all = codes.flatMap((c) => ('bias' in c ? [c.x, c.w] : [c])).concat(form.output ?? []);
      if (!(await this.#areConstant(all))) continue;
      const inputs = form.inputs.map((input) =>
        typeof input !== 'object' ? input : 'bias' in input ? this.#bias(node, input) : this.#floats(node, input),
      );
      const outputs = node.outputs.map((id) =>
        id === undefined || form.output === undefined ? id : this.#quantized(node, id, form.output),
      );
      const { opType, attributes } = form;
      this.#editor.updateNode(node.id, { opType, domain: '', attributes, inputs, outputs });
    }
  }

  /** What pads is compared with the zero point. */
  async #loadScalars({ inputs }: Node): Promise<void> {
    for (const id of inputs) {
      const dims = id === undefined ? undefined : this.#graph.values.get(id)?.constant?.dims;
      if (id !== undefined && dims !== undefined && sizeOf(dims) === 1) await this.#isLoaded(id);
    }
  }

  /** Loads them. */
  async #areConstant(all: readonly Params[]): Promise<boolean> {
    for (const id of all.flatMap((p) => [p.scale, p.zeroPoint]))
      if (id !== undefined && !(await this.#isLoaded(id))) return false;
    return all.every((p) => this.#constants.get(p.scale)?.dtype === 'float32');
  }

  /** Whether a value is a constant, which is loaded then. */
  async #isLoaded(id: ValueId): Promise<boolean> {
    const source = this.#graph.values.get(id)?.constant;
    if (source !== undefined && !this.#constants.has(id))
      this.#constants.set(id, source.tensor ?? (await source.load()));
    return source !== undefined;
  }

  #bias(node: Node, { bias, x, w, alpha }: BiasCodes): ValueId {
    const [a, b] = [this.#numbers(x.scale), this.#numbers(w.scale)];
    const scales = Float32Array.from(b, (s) => Math.fround(alpha * Math.fround((a[0] as number) * s)));
    const dims = scales.length === 1 && this.#constants.get(w.scale)?.dims.length === 0 ? [] : [scales.length];
    const scale = this.#editor.addConstant(`${node.handle}_bias_scale`, tensor('float32', dims, scales));
    this.#constants.set(scale, tensor('float32', dims, scales));
    return this.#floats(node, { codes: bias, scale, zeroPoint: undefined, axis: 0 });
  }

  #numbers(id: ValueId): Float32Array {
    return this.#constants.get(id)?.data as Float32Array; // of float32, as was seen
  }

  /** What codes stand for, once for the same parameters. */
  #floats(node: Node, { codes, ...params }: Codes): ValueId {
    const known = this.#dequantized.get(codes) ?? [];
    const same = known.find(({ params: p }) => p.scale === params.scale && p.zeroPoint === params.zeroPoint);
    if (same !== undefined) return same.value;
    const value = this.#floatLike(codes, 'DequantizeLinear_Output');
    this.#convert(node, 'DequantizeLinear', codes, value, params);
    this.#dequantized.set(codes, [...known, { params, value }]);
    return value;
  }

  /** A float that becomes the codes. */
  #quantized(node: Node, codes: ValueId, params: Params): ValueId {
    const value = this.#floatLike(codes, 'QuantizeLinear_Input');
    this.#convert(node, 'QuantizeLinear', value, codes, params);
    this.#params.set(codes, params);
    return value;
  }

  #floatLike(codes: ValueId, suffix: string): ValueId {
    const { name = '', dims, constant } = this.#graph.values.get(codes) ?? {};
    const shape: readonly Dim[] | undefined = constant?.dims ?? dims;
    const original = name.replace(NAME_OF_CODES, '');
    const free = this.#names.has(original) ? `${name}_${suffix}` : original;
    this.#names.add(free);
    return this.#editor.addValue({ name: free, dtype: 'float32', ...(shape && { dims: shape }) });
  }

  #convert(node: Node, opType: string, from: ValueId, to: ValueId, { scale, zeroPoint, axis }: Params): void {
    const perAxis = this.#numbers(scale).length > 1 && axis !== undefined;
    this.#editor.addNode({
      name: `${node.handle}_${opType}`,
      opType,
      domain: perAxis && this.#known.opset < PER_AXIS ? MICROSOFT : '',
      inputs: zeroPoint === undefined ? [from, scale] : [from, scale, zeroPoint],
      outputs: [to],
      ...(perAxis && { attributes: { axis: { kind: 'int', value: axis } } }),
      origin: node.origin,
    });
  }
}

/** The main graph of a model, and the ids that are free. */
type GraphWithIds = Pick<Model, 'graph' | 'nextNodeId' | 'nextValueId'>;

/**
 * Puts the file's operators on codes back wherever all around is codes again: they round in ways of their own (a sum of
 * two dequantized codes, a softmax), and what runs is to be what the file says.
 *
 * @param part made from `expanded`, with nodes between other conversions, or none.
 */
export function restoreQOperators(part: GraphWithIds, file: Graph, expanded: Graph): GraphWithIds {
  const ids = new Ids(part);
  const editor = new GraphEditor(part.graph, ids);
  const inFile = new Map(file.nodes.map((n) => [n.id, n]));
  const asExpanded = new Map(expanded.nodes.map((n) => [n.id, n]));
  const { consumers } = wiringOf(part.graph);
  for (const node of part.graph.nodes) {
    const [original, plain] = [inFile.get(node.id), asExpanded.get(node.id)];
    if (original === undefined || plain === undefined || sameWiring(original, plain) || !sameWiring(node, plain))
      continue;
    const floats = node.outputs.filter((id, i) => id !== original.outputs[i]);
    const quantizers = floats.flatMap((id) => (id === undefined ? [] : (consumers.get(id) ?? [])));
    const isRead = floats.some((id) => id !== undefined && part.graph.outputs.includes(id));
    const made = new Set(original.outputs);
    if (isRead || !quantizers.every((q) => isQuantize(q) && made.has(q.outputs[0]))) continue;
    for (const { id } of quantizers) editor.removeNode(id);
    const { opType, domain, attributes, inputs, outputs } = original;
    editor.updateNode(node.id, { opType, domain, attributes, inputs, outputs });
  }
  dropUnreadConversions(editor);
  return { graph: editor.finish(), nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}

function sameWiring(a: Node, b: Node): boolean {
  const same = (x: readonly (ValueId | undefined)[], y: readonly (ValueId | undefined)[]): boolean =>
    x.length === y.length && x.every((id, i) => id === y[i]);
  return a.opType === b.opType && a.domain === b.domain && same(a.inputs, b.inputs) && same(a.outputs, b.outputs);
}

function dropUnreadConversions(editor: GraphEditor): void {
  const reads = new Set([...editor.nodes].flatMap((n) => [...readsOf(n)]));
  for (const node of [...editor.nodes]) {
    const [made] = node.outputs;
    const isRead = made === undefined || reads.has(made) || editor.outputs.includes(made);
    if (!isRead && isDequantize(node)) editor.removeNode(node.id);
  }
}
