import type { Graph, Node, NodeId, ValueId } from './model.ts';

/** What {@link sortNodes} found. */
export interface Sorted {
  readonly nodes: readonly Node[];
  /** Nodes that wait for their own outputs, or for those of such nodes; they stand last, in the given order. */
  readonly cyclic: readonly Node[];
  /** Whether the given order was already valid. */
  readonly wasSorted: boolean;
}

/**
 * Orders nodes so that each follows those that make its inputs. A valid order comes back unchanged; otherwise a node that
 * stands too late moves right before its first reader. Values captured by subgraphs count as inputs.
 */
export function sortNodes(nodes: readonly Node[]): Sorted {
  const maker = new Map<ValueId, number>();
  nodes.forEach((node, i) => {
    for (const output of node.outputs) if (output !== undefined && !maker.has(output)) maker.set(output, i);
  });
  let wasSorted = true;
  const before = nodes.map((node, i) => {
    const makers = new Set<number>();
    for (const value of readsOf(node)) {
      const made = maker.get(value);
      if (made === undefined) continue;
      makers.add(made);
      if (made >= i) wasSorted = false;
    }
    return [...makers];
  });
  if (wasSorted) return { nodes, cyclic: [], wasSorted };

  const placed = cyclicOf(before);
  const cyclic = nodes.filter((_, i) => placed[i] === 1);
  const order: number[] = [];
  for (let i = 0; i < nodes.length; i++) place(i, before, placed, order);
  return { nodes: [...order.map((i) => nodes[i] as Node), ...cyclic], cyclic, wasSorted };
}

/** 1 for each node that can never run because it waits for itself, directly or not. */
function cyclicOf(before: readonly (readonly number[])[]): Uint8Array {
  const followers: number[][] = before.map(() => []);
  const waiting = before.map((list) => list.length);
  const ready: number[] = [];
  before.forEach((list, i) => {
    for (const j of list) (followers[j] as number[]).push(i);
    if (list.length === 0) ready.push(i);
  });
  const cyclic = new Uint8Array(before.length).fill(1);
  for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
    cyclic[i] = 0;
    for (const j of followers[i] as number[]) {
      const left = (waiting[j] as number) - 1;
      waiting[j] = left;
      if (left === 0) ready.push(j);
    }
  }
  return cyclic;
}

/** Appends `root` to `order` after all it waits for; keeps its own stack, because chains are thousands of nodes long. */
function place(root: number, before: readonly (readonly number[])[], placed: Uint8Array, order: number[]): void {
  if (placed[root] === 1) return;
  const stack = [{ node: root, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const wanted = (before[top.node] as readonly number[])[top.next++];
    if (wanted === undefined) {
      stack.pop();
      if (placed[top.node] === 1) continue;
      placed[top.node] = 1;
      order.push(top.node);
    } else if (placed[wanted] === 0) stack.push({ node: wanted, next: 0 });
  }
}

/** All values a node reads: its inputs, and what its subgraphs capture from outside. Without repeats. */
export function readsOf(node: Node): ReadonlySet<ValueId> {
  const reads = new Set<ValueId>();
  for (const input of node.inputs) if (input !== undefined) reads.add(input);
  for (const graph of subgraphsOf(node)) for (const value of capturesOf(graph)) reads.add(value);
  return reads;
}

/** The graphs in a node's attributes (If, Loop, Scan), in attribute order. */
export function subgraphsOf(node: Node): readonly Graph[] {
  const graphs: Graph[] = [];
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'graph') graphs.push(attribute.value);
    else if (attribute.kind === 'graphs') graphs.push(...attribute.value);
  }
  return graphs;
}

/** Values that a graph, or one inside it, uses but does not define: captured from an outer scope. */
export function capturesOf(graph: Graph): ReadonlySet<ValueId> {
  const captured = new Set<ValueId>();
  for (const node of graph.nodes) {
    for (const value of readsOf(node)) if (!graph.values.has(value)) captured.add(value);
  }
  for (const output of graph.outputs) if (!graph.values.has(output)) captured.add(output);
  return captured;
}

/** Who makes and who reads each value of one graph; a subgraph's reads count for the node that holds it. */
export interface Wiring {
  readonly producer: ReadonlyMap<ValueId, Node>;
  /** Nodes that read a value, in graph order, each once. */
  readonly consumers: ReadonlyMap<ValueId, readonly Node[]>;
}

/** Indexes the edges of `graph`. */
export function wiringOf(graph: Graph): Wiring {
  const producer = new Map<ValueId, Node>();
  const consumers = new Map<ValueId, Node[]>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output !== undefined) producer.set(output, node);
    for (const value of readsOf(node)) {
      const list = consumers.get(value);
      if (list === undefined) consumers.set(value, [node]);
      else list.push(node);
    }
  }
  return { producer, consumers };
}

/** The nodes whose results can change when `changed` values do: everything downstream. */
export function downstreamOf(graph: Graph, changed: Iterable<ValueId>): ReadonlySet<NodeId> {
  const touched = new Set(changed);
  const cone = new Set<NodeId>();
  for (const node of graph.nodes) {
    let hit = false;
    for (const value of readsOf(node)) if (touched.has(value)) hit = true;
    if (!hit) continue;
    cone.add(node.id);
    for (const output of node.outputs) if (output !== undefined) touched.add(output);
  }
  return cone;
}

/** The nodes that `wanted` values need: everything upstream. */
export function upstreamOf(graph: Graph, wanted: Iterable<ValueId>): ReadonlySet<NodeId> {
  const needed = new Set(wanted);
  const cone = new Set<NodeId>();
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => output !== undefined && needed.has(output))) continue;
    cone.add(node.id);
    for (const value of readsOf(node)) needed.add(value);
  }
  return cone;
}

/** All nodes of a graph and of the graphs inside it, outer before inner. */
export function* allNodes(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const inner of subgraphsOf(node)) yield* allNodes(inner);
  }
}
