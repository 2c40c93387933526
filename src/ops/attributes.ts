import type { Attribute, Graph, Node, TensorSource } from '../graph/model.ts';
import type { AttributeSpec, AttributeSpecs, AttributeValues } from './opDef.ts';

/**
 * Reads a node's attributes as `specs` declare them: defaults filled in, kinds checked, unknown ones left out.
 *
 * @param fail reports at the node and unwinds; called for a missing required attribute or one of another kind.
 */
export function readAttributes<S extends AttributeSpecs>(
  specs: S,
  attributes: ReadonlyMap<string, Attribute>,
  fail: (message: string) => never,
): AttributeValues<S> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const found = attributes.get(name);
    if (found !== undefined) {
      values[name] = valueOfKind(name, spec, found, fail);
    } else if ('default' in spec && spec.default !== undefined) {
      values[name] = spec.kind === 'float' ? Math.fround(spec.default as number) : spec.default; // as if it stood in the file
    } else if (spec.required) {
      fail(`attribute ${name} is missing; ${spec.kind} is required`);
    }
  }
  return values as AttributeValues<S>; // each member was read by its own spec just above
}

function valueOfKind(name: string, spec: AttributeSpec, found: Attribute, fail: (message: string) => never): unknown {
  if (found.kind === spec.kind) return found.value;
  if (isEmptyList(found) && spec.kind.endsWith('s')) return [];
  return fail(`attribute ${name} is of kind ${found.kind}, expected ${spec.kind}`);
}

function isEmptyList(found: Attribute): boolean {
  return Array.isArray(found.value) && found.value.length === 0;
}

/**
 * The graph with all tensors of attributes decoded ({@link TensorSource.tensor} is set), so that operators such as
 * Constant and ConstantOfShape need not wait. Of subgraphs the constants are decoded too. Node and value ids stay.
 *
 * @throws DiagnosticError ONX… where a tensor's bytes are missing or wrong.
 */
export async function loadAttributeTensors(graph: Graph): Promise<Graph> {
  const nodes: Node[] = [];
  for (const node of graph.nodes) nodes.push(await withLoadedTensors(node));
  return nodes.some((node, i) => node !== graph.nodes[i]) ? { ...graph, nodes } : graph;
}

async function withLoadedTensors(node: Node): Promise<Node> {
  const attributes = new Map(node.attributes);
  let changed = false;
  for (const [name, attribute] of node.attributes) {
    if (attribute.kind === 'tensor' && attribute.value.tensor === undefined) {
      attributes.set(name, { kind: 'tensor', value: await loaded(attribute.value) });
      changed = true;
    } else if (attribute.kind === 'graph') {
      const value = await loadBody(attribute.value);
      changed ||= value !== attribute.value;
      attributes.set(name, { kind: 'graph', value });
    }
  }
  return changed ? { ...node, attributes } : node;
}

async function loadBody(body: Graph): Promise<Graph> {
  const graph = await loadAttributeTensors(body);
  const values = new Map(graph.values);
  let changed = false;
  for (const [id, value] of graph.values) {
    if (value.constant === undefined || value.constant.tensor !== undefined) continue;
    values.set(id, { ...value, constant: await loaded(value.constant) });
    changed = true;
  }
  return changed ? { ...graph, values } : graph;
}

async function loaded(source: TensorSource): Promise<TensorSource> {
  const { dtype, dims, byteLength } = source;
  const tensor = await source.load();
  return { dtype, dims, byteLength, tensor, load: async () => tensor };
}
