import type { Tensor } from '../base/tensor.ts';
import { Ids, type NodeSpec, nodeOf, sourceOf, type ValueSpec } from './build.ts';
import { freshLabel } from './handles.ts';
import type { Attribute, Graph, Model, Node, NodeId, Value, ValueId } from './model.ts';
import { allNodes, capturesOf, readsOf, sortNodes, subgraphsOf } from './topo.ts';

/** A node to add by a pass: handle and name are made from `name` (or the operator), unique in the model. */
export type NewNode = Omit<NodeSpec, 'handle'> & { readonly origin: readonly NodeId[] };

/**
 * Collects edits of one graph and makes a new graph of them; the old one is untouched.
 * Reads (`node`, `value`, `nodes`) see the edits made so far.
 */
export class GraphEditor {
  readonly ids: Ids;
  readonly #name: string;
  readonly #nodes: Map<NodeId, Node>;
  readonly #values: Map<ValueId, Value>;
  #inputs: readonly ValueId[];
  #outputs: readonly ValueId[];
  readonly #handles: Set<string>;

  /** @param handles all handles of the model; those of this graph by default. */
  constructor(graph: Graph, ids: Ids, handles: Set<string> = handlesOf(graph)) {
    this.ids = ids;
    this.#name = graph.name;
    this.#nodes = new Map(graph.nodes.map((node) => [node.id, node]));
    this.#values = new Map(graph.values);
    this.#inputs = graph.inputs;
    this.#outputs = graph.outputs;
    this.#handles = handles;
  }

  get nodes(): Iterable<Node> {
    return this.#nodes.values();
  }

  get inputs(): readonly ValueId[] {
    return this.#inputs;
  }

  get outputs(): readonly ValueId[] {
    return this.#outputs;
  }

  node(id: NodeId): Node | undefined {
    return this.#nodes.get(id);
  }

  value(id: ValueId): Value | undefined {
    return this.#values.get(id);
  }

  /** Adds a value without producer; a node's output list gives it one. */
  addValue(spec: ValueSpec): ValueId {
    const id = this.ids.value();
    this.#values.set(id, { ...spec, id });
    return id;
  }

  /** Adds a constant held in memory. */
  addConstant(name: string, tensor: Tensor): ValueId {
    return this.addValue({ name, dtype: tensor.dtype, dims: tensor.dims, constant: sourceOf(tensor) });
  }

  /** Changes what is known of a value: name, type, shape or constant. */
  updateValue(id: ValueId, change: Partial<ValueSpec>): void {
    const value = this.#values.get(id);
    if (value === undefined) throw new Error(`invariant: value ${id} is not in graph ${this.#name}`);
    this.#values.set(id, { ...value, ...change });
  }

  /** Adds a node anywhere; {@link finish} puts it after what it reads. */
  addNode(spec: NewNode): NodeId {
    const id = this.ids.node();
    const handle = freshLabel(
      spec.name === undefined || spec.name === '' ? `${spec.opType}_${id}` : spec.name,
      this.#handles,
    );
    this.#nodes.set(id, nodeOf({ ...spec, name: handle, handle }, id));
    return id;
  }

  /** Changes parts of a node; identity, handle and place stay. */
  updateNode(id: NodeId, change: Partial<Omit<Node, 'id' | 'handle'>>): void {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`invariant: node ${id} is not in graph ${this.#name}`);
    this.#nodes.set(id, { ...node, ...change });
  }

  /** Makes input `index` of a node read `value`. */
  setInput(id: NodeId, index: number, value: ValueId | undefined): void {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`invariant: node ${id} is not in graph ${this.#name}`);
    const inputs = [...node.inputs];
    while (inputs.length <= index) inputs.push(undefined);
    inputs[index] = value;
    this.#nodes.set(id, { ...node, inputs });
  }

  /** Removes a node; its outputs stay as values until {@link finish} drops what nobody reads. */
  removeNode(id: NodeId): void {
    this.#nodes.delete(id);
  }

  /** Takes over the nodes and values of a graph inside this one; the nodes then stand for `origin`. */
  adopt(inner: Graph, origin: readonly NodeId[]): void {
    for (const value of inner.values.values()) this.#values.set(value.id, value);
    for (const node of inner.nodes) this.#nodes.set(node.id, { ...node, origin });
  }

  /** Replaces nodes by one that makes the same outputs; it stands for all their origins. */
  replaceNodes(ids: readonly NodeId[], spec: Omit<NewNode, 'origin'>): NodeId {
    const origin = new Set<NodeId>();
    for (const id of ids) for (const o of this.#nodes.get(id)?.origin ?? []) origin.add(o);
    for (const id of ids) this.#nodes.delete(id);
    return this.addNode({ ...spec, origin: [...origin] });
  }

  /**
   * Makes readers of `from` read `to` instead, inside bodies too, and graph outputs as well.
   * @param options.except nodes that keep reading `from`; `outputs: 'keep'` leaves the graph's outputs alone.
   */
  replaceUses(
    from: ValueId,
    to: ValueId,
    options: { readonly except?: ReadonlySet<NodeId>; readonly outputs?: 'keep' } = {},
  ): void {
    this.replaceAllUses(new Map([[from, to]]), options);
  }

  /** As {@link replaceUses} for many values in one walk; none of the new ones is replaced again. */
  replaceAllUses(
    uses: ReadonlyMap<ValueId, ValueId>,
    options: { readonly except?: ReadonlySet<NodeId>; readonly outputs?: 'keep' } = {},
  ): void {
    if (uses.size === 0) return;
    for (const node of this.#nodes.values()) {
      if (options.except?.has(node.id)) continue;
      const changed = withReads(node, uses);
      if (changed !== node) this.#nodes.set(node.id, changed);
    }
    if (options.outputs !== 'keep') this.#outputs = swap(this.#outputs, uses);
  }

  setInputs(inputs: readonly ValueId[]): void {
    this.#inputs = inputs;
  }

  setOutputs(outputs: readonly ValueId[]): void {
    this.#outputs = outputs;
  }

  /** The edited graph: nodes sorted, values that no node, input or output mentions dropped. */
  finish(): Graph {
    const nodes = sortNodes([...this.#nodes.values()]).nodes;
    const used = new Set<ValueId>([...this.#inputs, ...this.#outputs]);
    for (const node of nodes) {
      for (const value of readsOf(node)) used.add(value);
      for (const output of node.outputs) if (output !== undefined) used.add(output);
    }
    const values = new Map([...this.#values].filter(([id]) => used.has(id)));
    return { name: this.#name, nodes, values, inputs: this.#inputs, outputs: this.#outputs };
  }
}

/** Edits the main graph of a model and returns the new model, its next ids advanced. */
export function editModel(model: Model, edit: (editor: GraphEditor) => void): Model {
  const ids = new Ids(model);
  const editor = new GraphEditor(model.graph, ids);
  edit(editor);
  return { ...model, graph: editor.finish(), nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}

/** As {@link editModel}, for edits that load constants. */
export async function editModelAsync(model: Model, edit: (editor: GraphEditor) => Promise<void>): Promise<Model> {
  const ids = new Ids(model);
  const editor = new GraphEditor(model.graph, ids);
  await edit(editor);
  return { ...model, graph: editor.finish(), nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}

/** All handles of a graph, bodies included. */
export function handlesOf(graph: Graph): Set<string> {
  const handles = new Set<string>();
  for (const node of allNodes(graph)) handles.add(node.handle);
  return handles;
}

/** `node` reading other values in place of some, its bodies too; the same object when it reads none of them. */
function withReads(node: Node, uses: ReadonlyMap<ValueId, ValueId>): Node {
  const reads = (value: ValueId | undefined): boolean => value !== undefined && uses.has(value);
  const bodies = subgraphsOf(node);
  if (!node.inputs.some(reads) && !bodies.some((g) => [...capturesOf(g)].some(reads))) return node;
  const inputs = node.inputs.map((v) => (v === undefined ? undefined : (uses.get(v) ?? v)));
  if (bodies.length === 0) return { ...node, inputs };
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    if (attribute.kind === 'graph') {
      attributes.set(name, { ...attribute, value: graphWithReads(attribute.value, uses) });
    } else if (attribute.kind === 'graphs') {
      attributes.set(name, { ...attribute, value: attribute.value.map((g) => graphWithReads(g, uses)) });
    } else attributes.set(name, attribute);
  }
  return { ...node, inputs, attributes };
}

function graphWithReads(graph: Graph, uses: ReadonlyMap<ValueId, ValueId>): Graph {
  const nodes = graph.nodes.map((node) => withReads(node, uses));
  return { ...graph, nodes, outputs: swap(graph.outputs, uses) };
}

function swap(values: readonly ValueId[], uses: ReadonlyMap<ValueId, ValueId>): readonly ValueId[] {
  return values.map((v) => uses.get(v) ?? v);
}
