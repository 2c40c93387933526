import type { Tensor } from '../base/tensor.ts';
import type { Attribute, Graph, Node, TensorSource, Value } from './model.ts';

declare const plainBrand: unique symbol;

/** A graph as plain data, constants included: what a message to another thread can carry. {@link graphsOf} undoes it. */
export interface PlainGraph {
  readonly [plainBrand]: true;
}

/** Constant data of a plain graph. */
type PlainSource = Pick<TensorSource, 'dtype' | 'dims' | 'byteLength'> & { readonly tensor: Tensor };

/**
 * Graphs as plain data; what is the same constant in several of them stays one. Constants that lie in the file are read.
 *
 * @throws DiagnosticError ONX… when the bytes of a constant cannot be read.
 */
export async function plainGraphs(graphs: readonly Graph[]): Promise<PlainGraph[]> {
  const known = new Map<TensorSource, PlainSource>();
  const load = async (source: TensorSource): Promise<void> => {
    if (known.has(source)) return;
    const { dtype, dims, byteLength } = source;
    known.set(source, { dtype, dims, byteLength, tensor: ownBytes(source.tensor ?? (await source.load())) });
  };
  for (const graph of graphs) for (const source of sourcesOf(graph)) await load(source);
  const plain = (source: TensorSource): TensorSource => known.get(source) as PlainSource as TensorSource; // loaded above
  return graphs.map((graph) => withSources(graph, plain) as unknown as PlainGraph);
}

/** The graphs that {@link plainGraphs} was given. */
export function graphsOf(plain: readonly PlainGraph[]): Graph[] {
  const known = new Map<TensorSource, TensorSource>();
  const alive = (source: TensorSource): TensorSource => {
    const { tensor } = source as PlainSource;
    const made = known.get(source) ?? { ...source, load: async () => tensor };
    known.set(source, made);
    return made;
  };
  return plain.map((graph) => withSources(graph as unknown as Graph, alive));
}

/** A message carries the whole buffer under a view, so that one of a part gets bytes of its own. */
export function ownBytes(t: Tensor): Tensor {
  const { data } = t;
  if (!ArrayBuffer.isView(data)) return t;
  const isWhole = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
  return isWhole ? t : ({ ...t, data: data.slice() } as Tensor); // slice keeps the array type
}

function* sourcesOf(graph: Graph): Generator<TensorSource> {
  for (const { constant } of graph.values.values()) if (constant !== undefined) yield constant;
  for (const { attributes } of graph.nodes)
    for (const attribute of attributes.values()) {
      if (attribute.kind === 'tensor') yield attribute.value;
      if (attribute.kind === 'tensors') yield* attribute.value;
      if (attribute.kind === 'graph') yield* sourcesOf(attribute.value);
      if (attribute.kind === 'graphs') for (const inner of attribute.value) yield* sourcesOf(inner);
    }
}

function withSources(graph: Graph, map: (source: TensorSource) => TensorSource): Graph {
  const mapped = (value: Value): Value =>
    value.constant === undefined ? value : { ...value, constant: map(value.constant) };
  const nodeOf = (node: Node): Node => ({
    ...node,
    attributes: new Map([...node.attributes].map(([name, a]) => [name, withSourcesIn(a, map)])),
  });
  return {
    ...graph,
    nodes: graph.nodes.map(nodeOf),
    values: new Map([...graph.values].map(([id, value]) => [id, mapped(value)])),
  };
}

function withSourcesIn(a: Attribute, map: (source: TensorSource) => TensorSource): Attribute {
  if (a.kind === 'tensor') return { ...a, value: map(a.value) };
  if (a.kind === 'tensors') return { ...a, value: a.value.map(map) };
  if (a.kind === 'graph') return { ...a, value: withSources(a.value, map) };
  if (a.kind === 'graphs') return { ...a, value: a.value.map((inner) => withSources(inner, map)) };
  return a;
}
